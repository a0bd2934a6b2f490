/* RFC 4252: requests to log in, and the answers to them. */
#include "ssh/login.h"
#include "ssh/login_private.h"

enum { MAX_TRIES = 6, NAME_BYTES_MAX = 256 };

static void
parse_password(struct rd *r, struct ssh_userauth_request *out)
{
	bool change = rd_bool(r);

	out->password = rd_str(r, SSH_PASSWORD_MAX);
	if (change)
		rd_str(r, SSH_PASSWORD_MAX);
	out->method = change ? SSH_USERAUTH_PASSWORD_CHANGE : SSH_USERAUTH_PASSWORD;
}

static void
parse_key(struct rd *r, struct ssh_userauth_request *out)
{
	bool proof = rd_bool(r);

	out->algorithm = rd_str(r, NAME_BYTES_MAX);
	out->key = rd_str(r, SSH_KEY_BLOB_MAX);
	if (proof)
		out->signature = rd_str(r, SSH_SIGNATURE_MAX);
	out->method = proof ? SSH_USERAUTH_KEY_PROOF : SSH_USERAUTH_KEY_QUERY;
}

int
userauth_parse(struct view payload, struct view *service_out, struct ssh_userauth_request *out)
{
	struct rd r = rd_of(payload);

	*out = (struct ssh_userauth_request){ 0 };
	rd_u8(&r);
	out->user = rd_str(&r, SSH_USER_MAX);
	*service_out = rd_str(&r, NAME_BYTES_MAX);
	out->method_name = rd_str(&r, NAME_BYTES_MAX);
	if (view_is(out->method_name, "none")) {
		out->method = SSH_USERAUTH_NONE;
	} else if (view_is(out->method_name, "password")) {
		parse_password(&r, out);
	} else if (view_is(out->method_name, "publickey")) {
		parse_key(&r, out);
	} else {
		if (view_is(out->method_name, "keyboard-interactive"))
			out->method = SSH_USERAUTH_KEYBOARD_INTERACTIVE;
		rd_rest(&r);
	}
	return rd_end(&r);
}

int
userauth_take(struct ssh_transport *t, struct view payload, struct ssh_userauth_request *out)
{
	struct view service;
	int err;

	if ((err = userauth_parse(payload, &service, out)) != 0)
		return transport_fail(t, err, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "USERAUTH_REQUEST is malformed: %s", err_text(err));
	if (!view_is(service, "ssh-connection"))
		return transport_fail(t, ERR_PROTOCOL, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE,
		    "the service %.*s is not available", (int)service.n, (const char *)service.p);
	t->last_was_none = out->method == SSH_USERAUTH_NONE;
	return 0;
}

int
ssh_userauth_read(struct ssh_transport *t, struct ssh_userauth_request *out)
{
	struct view payload;
	int err = login_expect(t, SSH_MSG_USERAUTH_REQUEST, "USERAUTH_REQUEST", &payload);

	return err == 0 ? userauth_take(t, payload, out) : err;
}

int
userauth_banner(struct ssh_transport *t)
{
	struct buf *m;

	if (t->banner_sent || t->config->banner[0] == '\0')
		return 0;
	t->banner_sent = true;
	m = transport_message(t, SSH_MSG_USERAUTH_BANNER);
	buf_cstr(m, t->config->banner);
	buf_cstr(m, "");
	return transport_send(t);
}

static bool
was_last_try(struct ssh_transport *t)
{
	int32_t limit = t->config->max_auth_tries == 0 ? MAX_TRIES : t->config->max_auth_tries;

	if (t->last_was_none && !t->none_came) {
		t->none_came = true;
		return false;
	}
	t->tries++;
	return limit > 0 && t->tries >= (uint32_t)limit;
}

int
ssh_userauth_failure(struct ssh_transport *t, struct view methods, bool partial)
{
	struct buf *m;
	int err;

	packet_input_wipe(&t->in);
	if (!partial && was_last_try(t))
		return transport_fail(t, ERR_LIMIT, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "too many authentication failures");
	if ((err = userauth_banner(t)) != 0)
		return err;
	m = transport_message(t, SSH_MSG_USERAUTH_FAILURE);
	buf_str(m, methods);
	buf_bool(m, partial);
	if ((err = transport_send(t)) != 0)
		return err;
	return transport_wait_sent(t);
}

int
ssh_userauth_key_ok(struct ssh_transport *t, const struct ssh_userauth_request *request)
{
	struct buf *m;
	int err;

	if ((err = userauth_banner(t)) != 0)
		return err;
	m = transport_message(t, SSH_MSG_USERAUTH_PK_OK);
	buf_str(m, request->algorithm);
	buf_str(m, request->key);
	if ((err = transport_send(t)) != 0)
		return err;
	return transport_wait_sent(t);
}

int
ssh_userauth_success(struct ssh_transport *t)
{
	int err;

	packet_input_wipe(&t->in);
	if ((err = userauth_banner(t)) != 0)
		return err;
	transport_message(t, SSH_MSG_USERAUTH_SUCCESS);
	if ((err = transport_send(t)) != 0 || (err = transport_wait_sent(t)) != 0)
		return err;
	t->authenticated = true;
	return 0;
}
