/* The state that a login worker hands over, written by somebody who has taken it over. */
#include "ssh_fuzz.h"

static size_t
on_data(void *ctx, struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	(void)ctx;
	(void)channel;
	(void)bytes;
	return n;
}

static int
on_sign(void *ctx, struct view algorithm, struct view hash)
{
	(void)ctx;
	(void)algorithm;
	(void)hash;
	return ERR_DENIED;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ssh_connection_events events = { .data = on_data, .sign = on_sign };
	struct rd r = rd_init(data, size);
	struct ssh_connection *c;
	struct ssh_transport *t;
	int fds[2], err;

	fuzz_config();
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	if (ssh_transport_import(&t, &r, fds[0], fuzz_config()) == 0) {
		FUZZ_CHECK(packet_cipher_algorithm(t->in.cipher) != NULL);
		FUZZ_CHECK(packet_cipher_algorithm(t->out.cipher) != NULL);
		FUZZ_CHECK(t->session_id_bytes >= 20 && t->in.end <= t->in.capacity);
		FUZZ_CHECK(ssh_connection_new(&c, &t, &events, 1) == 0);
		err = ssh_connection_readable(c);
		if (err == 0)
			err = ssh_connection_tick(c, 2);
		ssh_connection_disconnect(c, SSH_DISCONNECT_BY_APPLICATION, "the end");
		ssh_connection_free(&c);
	} else {
		FUZZ_CHECK(t == NULL);
	}
	close(fds[0]);
	close(fds[1]);
	return 0;
}
