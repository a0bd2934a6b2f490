/* Key exchanges after login: nothing waits here, and data goes on as far as the RFC lets it. */
#include "ssh/connection_private.h"

static const uint64_t exchange_limit_ms = 120 * 1000;

static bool
is_running(const struct ssh_connection *c)
{
	return c->t->exchange.announced || c->t->exchange.stage != EXCHANGE_IDLE;
}

int
ssh_connection_rekey(struct ssh_connection *c)
{
	int err;

	if (c->failed != 0 || is_running(c))
		return c->failed;
	c->exchange_ms = 0;
	if ((err = exchange_announce(c->t)) != 0)
		return connection_fail(c, err);
	connection_flush(c);
	return c->failed;
}

int
connection_rekey_if_due(struct ssh_connection *c)
{
	return transport_rekey_is_due(c->t) ? ssh_connection_rekey(c) : c->failed;
}

/* The client begins an exchange: whether it may so soon. */
static int
admit_client(struct ssh_connection *c)
{
	uint64_t bytes = c->t->in.total_bytes + c->t->out.total_bytes;
	uint64_t earned = (bytes - c->rekey_bytes) / REKEY_EARNED_BY_BYTES;
	uint64_t owed_ms = c->rekey_earned_ms > c->now_ms ? c->rekey_earned_ms - c->now_ms : 0;

	c->rekey_bytes += earned * REKEY_EARNED_BY_BYTES;
	if (earned > REKEY_BURST)
		earned = REKEY_BURST; /* more is never owed */
	owed_ms -= owed_ms < earned * REKEY_EARNED_BY_MS ? owed_ms : earned * REKEY_EARNED_BY_MS;
	if (owed_ms > (REKEY_BURST - 1) * REKEY_EARNED_BY_MS)
		return transport_fail(c->t, ERR_LIMIT, SSH_DISCONNECT_BY_APPLICATION,
		    "too many key exchanges");
	c->rekey_earned_ms = c->now_ms + owed_ms + REKEY_EARNED_BY_MS;
	return 0;
}

int
rekey_on_kexinit(struct ssh_connection *c, struct view payload)
{
	int err;

	if (!is_running(c)) {
		c->exchange_ms = 0;
		if ((err = admit_client(c)) != 0)
			return err;
	}
	return exchange_client_kexinit(c->t, payload);
}

int
rekey_on_value(struct ssh_connection *c, struct view payload)
{
	int err = exchange_client_value(c->t, payload);

	if (err != 0 || c->t->exchange.stage != EXCHANGE_SIGN)
		return err;
	err = c->events.sign(c->events.ctx, exchange_signature_name(c->t), exchange_hash(c->t));
	if (err != 0)
		return transport_fail(
		    c->t, err, SSH_DISCONNECT_BY_APPLICATION, "the host key did not sign");
	return 0;
}

int
ssh_connection_signed(struct ssh_connection *c, struct view signature)
{
	int err;

	if (c->failed != 0)
		return c->failed;
	if (c->t->exchange.stage != EXCHANGE_SIGN)
		return connection_fail(
		    c, transport_fail(c->t, ERR_PROTOCOL, SSH_DISCONNECT_BY_APPLICATION,
			   "a signature came that nobody asked for"));
	if ((err = exchange_answer(c->t, signature)) != 0)
		return connection_fail(c, err);
	connection_settle(c);
	return c->failed;
}

int
rekey_on_newkeys(struct ssh_connection *c, struct view payload)
{
	c->keys_are_new = true;
	return exchange_client_newkeys(c->t, payload);
}

/* A client that is asked for new keys has to get on with it; slow lines have time. */
static int
watch_exchange(struct ssh_connection *c)
{
	uint64_t bytes_in = c->t->in.total_bytes;

	if (c->exchange_ms == 0 || bytes_in != c->exchange_bytes_in) {
		c->exchange_ms = c->now_ms;
		c->exchange_bytes_in = bytes_in;
	}
	if (c->now_ms - c->exchange_ms < exchange_limit_ms)
		return 0;
	return connection_fail(
	    c, transport_fail(c->t, ERR_TIMEOUT, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
		   "a key exchange was not finished in time"));
}

int
ssh_connection_tick(struct ssh_connection *c, uint64_t now_ms)
{
	uint64_t limit = c->t->config->rekey_ms;

	if (c->failed != 0)
		return c->failed;
	c->now_ms = now_ms;
	if (c->keys_are_new) {
		c->keys_are_new = false;
		c->keys_ms = now_ms;
	}
	if (is_running(c))
		return watch_exchange(c);
	if (limit != 0 && now_ms - c->keys_ms >= limit)
		return ssh_connection_rekey(c);
	return 0;
}

uint64_t
ssh_connection_deadline_ms(const struct ssh_connection *c)
{
	uint64_t limit = c->t->config->rekey_ms;

	if (c->keys_are_new || (is_running(c) && c->exchange_ms == 0))
		return c->now_ms; /* at once: tick has a clock to look at */
	if (is_running(c))
		return c->exchange_ms + exchange_limit_ms;
	return limit == 0 ? 0 : c->keys_ms + limit;
}
