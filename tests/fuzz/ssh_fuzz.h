/*
 * ssh_fuzz.h - what the SSH targets share: a configuration, a transport without encryption, and
 * framed messages instead of a byte stream, so that a mutation stays a message.
 */
#ifndef SSH_FUZZ_H
#define SSH_FUZZ_H

#include "crypto/crypto.h"
#include "ssh/connection_private.h"
#include "ssh/login_private.h"
#include "ssh/ssh.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			bug("%s", #condition);                                                     \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t fuzz_signature[] = "a signature that nobody looks at";

/* Everything that we can do, and a host key that never signs anything. */
static inline struct ssh_config *
fuzz_config(void)
{
	static struct ssh_config *config;
	struct buf blob = buf_init(128);

	if (config != NULL)
		return config;
	FUZZ_CHECK(crypto_init() == 0);
	signal(SIGPIPE, SIG_IGN);
	config = calloc(1, sizeof(*config));
	FUZZ_CHECK(config != NULL);
	ssh_config_init(config);
	ssh_algorithms_preset(SSH_PRESET_LEGACY, &config->algorithms);
	buf_cstr(&blob, "ssh-ed25519");
	buf_cstr(&blob, "thirty-two bytes of a public key");
	FUZZ_CHECK(ssh_config_add_host_key(config, buf_view(&blob)) == 0);
	buf_free(&blob);
	return config;
}

/* A socket pair and a transport at its first end; `[1]` is the client's. */
static inline struct ssh_transport *
fuzz_transport(int fds[2])
{
	struct ssh_transport *t;

	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	FUZZ_CHECK(ssh_transport_new(&t, fds[0], fuzz_config(), 0) == 0);
	memcpy(t->client_version, "SSH-2.0-fuzz", 12);
	t->client_version_bytes = 12;
	return t;
}

/* The next frame of the input: uint16 length, payload. False when there is none. */
static inline bool
fuzz_frame(struct rd *input, struct view *payload_out)
{
	size_t n;

	if (input->n < 2)
		return false;
	n = rd_u16(input);
	if (n == 0)
		return false;
	*payload_out = rd_raw(input, n > input->n ? input->n : n);
	return payload_out->n > 0;
}

#endif
