/*
 * login.c - what the master answers to a login worker: signatures, and who the user is.
 *
 * Order and number of the messages are the gate's business; here is what they mean. The session
 * id is the first hash that was signed, whatever the worker says later.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "master/authentication.h"
#include "master/login_dialogue.h"
#include "master/signing.h"
#include "master/state.h"

#include <stdlib.h>
#include <string.h>

int
on_client_version(struct connection *c, struct rd fields)
{
	struct ipc_client_version message;
	int err = ipc_decode_client_version(fields, &message);

	if (err != 0)
		return err;
	c->client_version = view_dup(message.version);
	return c->client_version == NULL ? ERR_MEMORY : 0;
}

/* The lengths that the key exchange's digests give: SHA-1, SHA-256, SHA-384, SHA-512. */
static bool
is_hash_length(size_t n)
{
	return n == 20 || n == 32 || n == 48 || n == 64;
}

int
on_host_key_sign(struct connection *c, struct rd fields)
{
	struct ipc_host_key_sign message;
	struct buf hex = buf_init(sizeof(c->id_text));
	int err = ipc_decode_host_key_sign(fields, &message);

	if (err != 0)
		return err;
	if (!is_hash_length(message.exchange_hash.n))
		return ERR_LIMIT;
	memcpy(c->session_id, message.exchange_hash.p, message.exchange_hash.n);
	c->session_id_bytes = message.exchange_hash.n;
	hex_encode(&hex, message.exchange_hash);
	err = view_copy(buf_view(&hex), c->id_text, sizeof(c->id_text));
	buf_free(&hex);
	if (err != 0)
		return err;
	c->login.gate.phase = PHASE_AUTH;
	return signing_start(c, &c->login, message.algorithm, message.exchange_hash);
}

int
on_rekey_sign(struct connection *c, struct rd fields)
{
	struct ipc_rekey_sign message;
	int err = ipc_decode_rekey_sign(fields, &message);

	if (err != 0)
		return err;
	if (!is_hash_length(message.exchange_hash.n))
		return ERR_LIMIT;
	if (!signing_admit(&c->rekeys, clock_mono_ms()))
		return ERR_LIMIT;
	return signing_start(c, &c->session, message.algorithm, message.exchange_hash);
}

int
on_auth_none(struct connection *c, struct rd fields)
{
	struct ipc_auth_none message;
	int err = ipc_decode_auth_none(fields, &message);

	if (err != 0)
		return err;
	if (c->asking)
		return ERR_PROTOCOL;
	login_dialogue_give_up(c);
	authentication_refuse(c);
	return 0;
}

/* One question at a time: a second one before the answer is a worker out of control. */
static int
ask(struct connection *c, const struct auth_offer *offer)
{
	if (c->asking)
		return ERR_PROTOCOL;
	if (!access_may_try(c))
		return 0;
	c->tried = true;
	login_dialogue_give_up(c);
	return authentication_start(c, offer);
}

int
on_auth_key_query(struct connection *c, struct rd fields)
{
	struct ipc_auth_key_query message;
	int err = ipc_decode_auth_key_query(fields, &message);

	if (err != 0)
		return err;
	return ask(c, &(struct auth_offer){ .kind = AUTH_KEY_WANTED, .user = message.user,
		.algorithm = message.algorithm, .key = message.key });
}

int
on_auth_key_proof(struct connection *c, struct rd fields)
{
	struct ipc_auth_key_proof message;
	int err = ipc_decode_auth_key_proof(fields, &message);

	if (err != 0)
		return err;
	return ask(c, &(struct auth_offer){ .kind = AUTH_KEY_SIGNATURE, .user = message.user,
		.algorithm = message.algorithm, .key = message.key,
		.signature = message.signature });
}

int
on_auth_password(struct connection *c, struct rd fields)
{
	struct ipc_auth_password message;
	int err = ipc_decode_auth_password(fields, &message);

	if (err != 0)
		return err;
	return ask(c, &(struct auth_offer){ .kind = AUTH_PASSWORD_CHECK, .user = message.user,
		.password = message.password });
}

int
on_auth_interactive(struct connection *c, struct rd fields)
{
	struct ipc_auth_interactive message;
	int err = ipc_decode_auth_interactive(fields, &message);

	if (err != 0)
		return err;
	if (c->asking)
		return ERR_PROTOCOL;
	if (!access_may_try(c))
		return 0;
	c->tried = true;
	return login_dialogue_begin(c, message.user);
}

int
on_auth_replies(struct connection *c, struct rd fields)
{
	struct ipc_auth_replies message;
	int err = ipc_decode_auth_replies(fields, &message);

	if (err != 0)
		return err;
	if (c->asking)
		return ERR_PROTOCOL;
	return access_may_try(c) ? login_dialogue_reply(c, message.answers) : 0;
}

int
on_login_failed(struct connection *c, struct rd fields)
{
	struct ipc_login_failed message;
	int err = ipc_decode_login_failed(fields, &message);

	if (err != 0)
		return err;
	/* an attempt that failed has had its own points */
	if (message.broken && !c->tried && !c->awaits_proxy)
		banning_note(c->master->banning, &c->address, BAN_BROKEN_PROTOCOL);
	/* what was answered has had its own line; this one is for who made no attempt, or left */
	if (!c->tried || c->asking)
		log_connection_failed(c->master->log, c->address_text, (struct view){ 0 },
		    "no_auth_tryed", message.error);
	else
		log_app_view(c->master->log, LOG_LEVEL_DEBUG, "sftpd", c->id_text, message.error);
	return 0;
}
