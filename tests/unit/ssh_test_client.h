/*
 * ssh_test_client.h - the other half: a small SSH client over one end of a socket pair, and a
 * server's login half in a thread, so that tests drive both ends of the real code.
 *
 * The client can say anything, also what no client may. It borrows packet_input and packet_output;
 * key derivation and exchange hash are written here once more, from the RFC, so that two equal
 * mistakes would be needed.
 */
#ifndef SSH_TEST_CLIENT_H
#define SSH_TEST_CLIENT_H

#include "crypto/crypto.h"
#include "ssh/connection_private.h"
#include "ssh/ssh.h"

#include <pthread.h>

/* One name each, but for kex, to which markers are added. */
struct test_offer {
	const char *kex, *host_key, *cipher, *mac, *compression;
	bool strict, ext_info;
	bool follows;          /* first_kex_packet_follows */
	const char *wrong_kex; /* a name put in front: what was guessed */
};

extern const struct test_offer test_offer_usual;
/* The usual offer with every cipher, and with every MAC where the cipher has none of its own. */
void test_each_cipher(void (*each)(const struct test_offer *offer));

struct test_client {
	int fd;
	struct packet_input in;
	struct packet_output out;
	struct test_offer offer;
	struct buf ours, theirs; /* KEXINIT payloads */
	char version[256], server_version[256];
	uint8_t session_id[SSH_HASH_MAX];
	size_t session_id_bytes;
	bool zlib; /* after login */
	/* Runs the server when there is nothing to read; NULL: wait for it. */
	void (*pump)(void *ctx);
	void *pump_ctx;
};

int test_client_init(struct test_client *c, int fd, const struct test_offer *offer);
void test_client_free(struct test_client *c);
/* Sends a payload, now. */
int test_client_send(struct test_client *c, struct view payload);
/* The same from a buffer, which is freed. */
int test_client_send_buf(struct test_client *c, struct buf *payload);
/* Sends raw bytes outside of any packet. */
int test_client_raw(struct test_client *c, const void *bytes, size_t n);
/* The next payload; ERR_TIMEOUT when none comes. */
int test_client_recv(struct test_client *c, struct view *payload_out);
/* The next payload, which must be of this type: ERR_PROTOCOL otherwise. */
int test_client_expect(struct test_client *c, uint8_t type, struct view *payload_out);
int test_client_version(struct test_client *c, const char *version);
int test_client_send_kexinit(struct test_client *c);
/* Takes the server's KEXINIT in. */
void test_client_take_kexinit(struct test_client *c, struct view payload);
/* From KEX_INIT to both NEWKEYS; both KEXINIT have passed. */
int test_client_exchange(struct test_client *c);
/* KEXINIT and all the rest, for the first time or again. */
int test_client_kex(struct test_client *c);
/* SERVICE_REQUEST and its answer, behind EXT_INFO where that was asked for. */
int test_client_service(struct test_client *c);
/* A password request, without waiting for the answer. */
int test_client_password(struct test_client *c, const char *user, const char *password);
/* Everything up to USERAUTH_SUCCESS. */
int test_client_login(struct test_client *c);

/* A server's login half. */
struct test_server {
	int fd;
	struct ssh_config *config;
	uint64_t deadline_ms;
	struct ssh_transport *transport;
	int result; /* of the step that failed, or 0 after a login */
	pthread_t thread;
};

/* For cmocka's group setup: libcrypto and the keys. */
int test_setup(void **state);
/* One ed25519 and one ECDSA key for all tests of a program. */
int test_sign(void *ctx, struct view algorithm, struct view hash, struct buf *signature_out);
/* A configuration of the preset legacy with those keys. The caller frees it. */
struct ssh_config *test_config(void);
/* A connected, non-blocking pair of stream sockets; SIGPIPE is ignored from here on. */
void test_socketpair(int pair_out[2]);
/* Version, key exchange, service, requests until the password is "secret". */
void test_server_start(struct test_server *s);
/* Waits for its end. */
int test_server_join(struct test_server *s);

/* A whole connection after login, in one thread. */
struct test_pair {
	int fds[2];
	struct ssh_config *config;
	struct test_client client;
	struct ssh_connection *connection;
	uint64_t now_ms;
	int result; /* the last of the connection's functions */
	bool sign_later;
	/* what the owner heard */
	struct ssh_channel *channel; /* the last one with a program */
	struct buf received;
	size_t take_at_most; /* bytes that `data` uses in all; SIZE_MAX at first */
	unsigned rooms, eofs, closes, starts, signs;
	bool echo; /* data comes back */
	bool finish_on_eof;
	char started[256];
	uint8_t hash[SSH_HASH_MAX];
	size_t hash_bytes;
	char algorithm[64];
};

/* Logs in and goes through export and import. config NULL: test_config(). */
void test_pair_open(struct test_pair *p, const struct test_offer *offer, struct ssh_config *config);
void test_pair_close(struct test_pair *p);
/* Takes a written-down connection up; p->connection is NULL before, and after a failure. */
int test_pair_import(struct test_pair *p, struct view state);
/* Runs the server's side until it has nothing more to do now. */
void test_pair_run(struct test_pair *p);
/* Opens a session channel with these numbers; *server_number_out is the server's. */
int test_pair_channel(struct test_pair *p, uint32_t number, uint32_t window, uint32_t packet,
    uint32_t *server_number_out);
/* The same and starts a subsystem on it. */
int test_pair_subsystem(struct test_pair *p, uint32_t number, uint32_t window, uint32_t packet,
    uint32_t *server_number_out);
int test_pair_data(struct test_pair *p, uint32_t server_number, const void *bytes, size_t n);

/* Payloads. */
struct buf test_message(uint8_t type);
struct buf test_channel_message(uint8_t type, uint32_t channel);
struct buf test_open(const char *type, uint32_t number, uint32_t window, uint32_t packet);
struct buf test_request(uint32_t channel, const char *name, bool want_reply, const char *text);

#endif
