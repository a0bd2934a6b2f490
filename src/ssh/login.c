#include "ssh/login.h"
#include "ssh/login_private.h"

enum { NOISE_MAX = 64 };

/*
 * The next message that is not IGNORE, DEBUG or UNIMPLEMENTED. In the first key exchange a strict
 * client may not send those either; how many there are is limited, so that unauthenticated noise
 * costs the sender more than us.
 */
static int
next_message(struct ssh_transport *t, struct view *payload_out)
{
	bool first_exchange = packet_cipher_algorithm(t->in.cipher) == NULL;
	int err;

	for (int noise = 0; noise < NOISE_MAX; noise++) {
		if ((err = transport_wait_packet(t, payload_out)) != 0)
			return err;
		switch (payload_out->p[0]) {
		case SSH_MSG_DISCONNECT: return transport_client_left(t, *payload_out);
		case SSH_MSG_IGNORE:
		case SSH_MSG_DEBUG:
		case SSH_MSG_UNIMPLEMENTED:
			if (first_exchange && t->strict)
				return transport_fail(t, ERR_PROTOCOL,
				    SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
				    "strict key exchange: message %u came in it",
				    payload_out->p[0]);
			continue;
		}
		if (first_exchange || !transport_is_unrecognised(payload_out->p[0]))
			return 0;
		if ((err = transport_unimplemented(t)) != 0 || (err = transport_wait_sent(t)) != 0)
			return err;
	}
	return transport_fail(
	    t, ERR_LIMIT, SSH_DISCONNECT_PROTOCOL_ERROR, "too many empty messages");
}

static int
unexpected(struct ssh_transport *t, struct view payload, const char *wanted)
{
	return transport_fail(t, ERR_PROTOCOL, SSH_DISCONNECT_PROTOCOL_ERROR,
	    "message %u came where %s had to", payload.p[0], wanted);
}

int
login_expect(
    struct ssh_transport *t, enum ssh_message type, const char *name, struct view *payload_out)
{
	return login_expect_either(t, type, type, name, payload_out);
}

int
login_expect_either(struct ssh_transport *t, enum ssh_message first, enum ssh_message second,
    const char *name, struct view *payload_out)
{
	int err = next_message(t, payload_out);

	if (err != 0)
		return err;
	if (payload_out->p[0] == first || payload_out->p[0] == second)
		return 0;
	if (payload_out->p[0] == SSH_MSG_KEXINIT && t->session_id_bytes > 0)
		return transport_fail(t, ERR_PROTOCOL, SSH_DISCONNECT_PROTOCOL_ERROR,
		    "keys are exchanged again only after the login");
	return unexpected(t, *payload_out, name);
}

/* The client's public value; a wrong guess of it may come first. */
static int
read_client_value(struct ssh_transport *t)
{
	struct view payload;
	int err;

	while (t->exchange.stage == EXCHANGE_INIT) {
		if ((err = next_message(t, &payload)) != 0)
			return err;
		if (payload.p[0] < SSH_MSG_KEX_INIT || payload.p[0] > 49)
			return unexpected(t, payload, "the client's part of the key exchange");
		if ((err = exchange_client_value(t, payload)) != 0)
			return err;
	}
	return 0;
}

static int
sign_and_answer(struct ssh_transport *t, ssh_sign_fn *sign, void *ctx)
{
	struct buf signature = buf_init(SSH_SIGNATURE_MAX);
	int err = sign(ctx, exchange_signature_name(t), exchange_hash(t), &signature);

	if (err == 0)
		err = buf_error(&signature);
	if (err == 0)
		err = exchange_answer(t, buf_view(&signature));
	else
		err = transport_fail(
		    t, err, SSH_DISCONNECT_BY_APPLICATION, "the host key did not sign");
	buf_free(&signature);
	return err == 0 ? transport_wait_sent(t) : err;
}

int
ssh_announce(struct ssh_transport *t)
{
	int err;

	if ((err = version_write(t)) != 0 || (err = exchange_announce(t)) != 0)
		return err;
	return transport_wait_sent(t);
}

int
ssh_key_exchange(struct ssh_transport *t, ssh_sign_fn *sign, void *ctx)
{
	struct view payload;
	int err;

	if ((err = login_expect(t, SSH_MSG_KEXINIT, "KEXINIT", &payload)) != 0 ||
	    (err = exchange_client_kexinit(t, payload)) != 0 || (err = read_client_value(t)) != 0 ||
	    (err = sign_and_answer(t, sign, ctx)) != 0 ||
	    (err = login_expect(t, SSH_MSG_NEWKEYS, "NEWKEYS", &payload)) != 0 ||
	    (err = exchange_client_newkeys(t, payload)) != 0 ||
	    (err = exchange_tell_extensions(t)) != 0)
		return err;
	return transport_wait_sent(t);
}

/*
 * RFC 8308 section 2.4: straight behind the client's first NEWKEYS. What clients say in it today
 * does not concern a server that reads files, so it is only held to its form.
 */
static int
read_ext_info(struct ssh_transport *t, struct view payload)
{
	struct rd r = rd_of(payload);
	uint32_t count;
	int err;

	rd_u8(&r);
	count = rd_u32(&r);
	while (r.bad == 0 && count-- > 0) {
		rd_str(&r, SSH_PACKET_MAX_LOGIN);
		rd_str(&r, SSH_PACKET_MAX_LOGIN);
	}
	if ((err = rd_end(&r)) != 0)
		return transport_fail(
		    t, err, SSH_DISCONNECT_PROTOCOL_ERROR, "EXT_INFO is malformed");
	return 0;
}

int
ssh_service_accept(struct ssh_transport *t)
{
	struct view payload, service;
	struct rd r;
	int err;

	if ((err = next_message(t, &payload)) != 0)
		return err;
	if (payload.p[0] == SSH_MSG_EXT_INFO &&
	    ((err = read_ext_info(t, payload)) != 0 || (err = next_message(t, &payload)) != 0))
		return err;
	if (payload.p[0] != SSH_MSG_SERVICE_REQUEST)
		return unexpected(t, payload, "SERVICE_REQUEST");
	r = rd_of(payload);
	rd_u8(&r);
	service = rd_str(&r, 64);
	if ((err = rd_end(&r)) != 0)
		return transport_fail(
		    t, err, SSH_DISCONNECT_PROTOCOL_ERROR, "SERVICE_REQUEST is malformed");
	if (!view_is(service, "ssh-userauth"))
		return transport_fail(t, ERR_PROTOCOL, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE,
		    "the service %.*s is not available", (int)service.n, (const char *)service.p);
	buf_cstr(transport_message(t, SSH_MSG_SERVICE_ACCEPT), "ssh-userauth");
	if ((err = transport_send(t)) != 0)
		return err;
	return transport_wait_sent(t);
}
