/*
 * ssh.h - the measuring client's SSH: as cheap as can be, so that the server is what is measured.
 *
 * curve25519-sha256, an ed25519 user key, and one AEAD cipher; many SFTP requests in flight, one
 * thread, no copy that can be avoided. It does NOT check the host key: for measuring on loopback
 * only. Every failure ends the program with a message. Shares no code with the server.
 */
#ifndef BENCH_SSH_H
#define BENCH_SSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that grow. */
struct bytes {
	uint8_t *p;
	size_t n, capacity;
};

void bytes_add(struct bytes *b, const void *data, size_t n);
void bytes_u8(struct bytes *b, uint8_t value);
void bytes_u32(struct bytes *b, uint32_t value);
void bytes_u64(struct bytes *b, uint64_t value);
void bytes_string(struct bytes *b, const void *data, size_t n);
void bytes_text(struct bytes *b, const char *text);
void bytes_free(struct bytes *b);
uint32_t read_u32(const uint8_t *p);
uint64_t read_u64(const uint8_t *p);

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct ssh_options {
	const char *address; /* IPv4 */
	int port;
	const char *user;
	const char *key;    /* an unencrypted ed25519 key in OpenSSH's format */
	const char *cipher; /* aes128-gcm@openssh.com, ...: those of cipher.c */
};

/*
 * A reply of the SFTP server. `data` is what follows the request id; for DATA it is NULL and `n`
 * counts the bytes that were read and thrown away.
 */
typedef void ssh_on_reply(void *ctx, uint8_t type, uint32_t id, const uint8_t *data, size_t n);

/* What drives a connection: asked in turn until `done`. */
struct ssh_work {
	void *ctx;
	bool (*done)(void *ctx);
	void (*feed)(void *ctx); /* may add requests to ssh_requests(); may be NULL */
	ssh_on_reply *on_reply;
};

struct ssh;

/* Connects, logs in, and opens one channel with the SFTP subsystem. */
struct ssh *ssh_open(const struct ssh_options *options);
void ssh_close(struct ssh **ssh);
/* Gives the buffers back, for a connection that only has to exist. */
void ssh_rest(struct ssh *ssh);
/* The stream of SFTP requests: add to it. */
struct bytes *ssh_requests(struct ssh *ssh);
/* Bytes of requests that are not sent yet. */
size_t ssh_pending(const struct ssh *ssh);
void ssh_run(struct ssh *ssh, const struct ssh_work *work);

#endif
