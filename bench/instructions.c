/*
 * instructions.c - fixed pieces of the server's work, for bench/instructions to count under
 * callgrind: no clock, no network, one client in the same process.
 *
 * instructions WORK DIRECTORY, where WORK is one of
 *   login     key exchange and password login, as a login worker does them
 *   download  reads DIRECTORY/big, 32 KiB a request
 *   upload    writes DIRECTORY/new, likewise
 *   small     opens, reads and closes DIRECTORY/big, again and again
 *   list      reads the directory DIRECTORY/many
 * Prints how many units were done. What is counted is serve() of the test client, which is a login,
 * or serve_session(), and all that they call.
 *
 * callgrind knows no openat2(2), so the resolver here is a plain openat(2): what the kernel does
 * is not counted in any case.
 */
#include "../tests/unit/ssh_test_client.h"
#include "sftp/protocol.h"
#include "sftp/sftp.h"
#include "vfs/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK = 32 * 1024,
	BLOCKS = 512,
	FILES = 1000,
	LOGINS = 20,
	FLIGHT = 16,
	WINDOW = INT32_MAX,
	CHANNEL = 7,
};

#define CHECK(what) ((what) ? (void)0 : fail(#what, __LINE__))

static _Noreturn void
fail(const char *what, int line)
{
	fprintf(stderr, "instructions: line %d: %s\n", line, what);
	exit(1);
}

/* In place of vfs/resolve.c. */
int
resolve_at(int directory_fd, const char *path, int flags, int *fd_out)
{
	while (*path == '/')
		path++;
	*fd_out = openat(directory_fd, *path != '\0' ? path : ".", flags | O_CLOEXEC, 0666);
	return *fd_out >= 0 ? 0 : errno;
}

struct work {
	int fds[2];
	struct ssh_config *config;
	struct test_client client;
	struct ssh_connection *connection;
	struct ssh_channel *channel;
	struct vfs *vfs;
	struct sftp_server *server;
	uint32_t server_channel, last_id;
	struct buf replies; /* the SFTP stream, from `replies_read` on */
	size_t replies_read;
};

/* ---- the server */

static int
reserve(void *ctx, size_t bytes, struct iovec *iov, int *iov_count)
{
	return ssh_channel_reserve(((struct work *)ctx)->channel, bytes, iov, iov_count);
}

static void
commit(void *ctx, size_t bytes)
{
	ssh_channel_commit(((struct work *)ctx)->channel, bytes);
}

static bool
on_subsystem(void *ctx, struct ssh_channel *channel, struct view name)
{
	struct sftp_output output = { .ctx = ctx, .reserve = reserve, .commit = commit };
	struct sftp_settings settings = { 0 };
	struct sftp_events events = { 0 };
	struct work *w = ctx;

	w->channel = channel;
	return view_is(name, "sftp") &&
	    sftp_server_new(&w->server, w->vfs, &settings, &output, &events) == 0;
}

static size_t
on_data(void *ctx, struct ssh_channel *channel, const uint8_t *bytes, size_t n)
{
	struct work *w = ctx;
	size_t used = 0;
	int err = sftp_server_input(w->server, bytes, n, &used);

	(void)channel;
	CHECK(err == 0 || err == ERR_AGAIN);
	return used;
}

static void
on_room(void *ctx, struct ssh_channel *channel)
{
	(void)ctx;
	ssh_channel_resume(channel);
}

static void
on_end(void *ctx, struct ssh_channel *channel)
{
	(void)ctx;
	(void)channel;
}

/* What is counted. */
__attribute__((noinline)) static void
serve_session(struct work *w)
{
	CHECK(ssh_connection_readable(w->connection) == 0);
	for (int i = 0; i < 8 && ssh_connection_wants_write(w->connection); i++)
		CHECK(ssh_connection_writable(w->connection) == 0);
}

static void
pump(void *ctx)
{
	serve_session(ctx);
}

static void
open_vfs(struct work *w, const char *directory)
{
	struct vfs_policy policy = { 0 };
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK(vfs_policy_add(&policy, view_of("/"), PERMISSION_ALL) == 0);
	CHECK(fd >= 0 && vfs_new(&w->vfs, fd, directory, &policy) == 0);
	vfs_policy_free(&policy);
}

/* As from a login worker to a session worker. */
static void
hand_over(struct work *w, struct ssh_transport **login)
{
	struct ssh_connection_events events = { .ctx = w, .subsystem = on_subsystem,
		.data = on_data, .room = on_room, .eof = on_end, .closed = on_end };
	struct ssh_transport *transport = NULL;
	struct buf state = buf_init(SSH_STATE_BYTES_MAX);
	struct rd r;

	CHECK(ssh_transport_export(*login, &state) == 0);
	ssh_transport_free(login);
	r = rd_of(buf_view(&state));
	CHECK(ssh_transport_import(&transport, &r, w->fds[0], w->config) == 0);
	buf_free(&state);
	CHECK(ssh_connection_new(&w->connection, &transport, &events, 1000) == 0);
}

static void
log_in(struct work *w)
{
	struct test_server server = { 0 };

	w->config = test_config();
	test_socketpair(w->fds);
	server.fd = w->fds[0];
	server.config = w->config;
	CHECK(test_client_init(&w->client, w->fds[1], &test_offer_usual) == 0);
	test_server_start(&server);
	CHECK(test_client_login(&w->client) == 0);
	CHECK(test_server_join(&server) == 0);
	hand_over(w, &server.transport);
	w->client.pump = pump;
	w->client.pump_ctx = w;
}

/* ---- the client */

static struct view
expect(struct work *w, uint8_t type)
{
	struct view payload;

	do
		CHECK(test_client_recv(&w->client, &payload) == 0);
	while (payload.p[0] == SSH_MSG_CHANNEL_WINDOW_ADJUST);
	CHECK(payload.p[0] == type);
	return payload;
}

static void
open_channel(struct work *w)
{
	struct buf message = test_open("session", CHANNEL, WINDOW, BLOCK + 1024);
	struct rd r;

	CHECK(test_client_send_buf(&w->client, &message) == 0);
	r = rd_of(expect(w, SSH_MSG_CHANNEL_OPEN_CONFIRMATION));
	rd_u8(&r);
	rd_u32(&r);
	w->server_channel = rd_u32(&r);
	message = test_request(w->server_channel, "subsystem", true, "sftp");
	CHECK(test_client_send_buf(&w->client, &message) == 0);
	expect(w, SSH_MSG_CHANNEL_SUCCESS);
	w->replies = buf_init(1 << 20);
}

/* The head of a request; send() completes it. */
static struct buf
request(struct work *w, uint8_t type)
{
	struct buf b = buf_init(BLOCK + 1024);

	buf_u8(&b, type);
	if (type == SFTP_INIT)
		buf_u32(&b, SFTP_VERSION);
	else
		buf_u32(&b, ++w->last_id);
	return b;
}

static void
send_request(struct work *w, struct buf *body)
{
	struct buf message = test_channel_message(SSH_MSG_CHANNEL_DATA, w->server_channel);
	struct buf framed = buf_init(BLOCK + 2048);

	buf_str(&framed, buf_view(body));
	buf_str(&message, buf_view(&framed));
	CHECK(buf_error(&message) == 0 && test_client_send_buf(&w->client, &message) == 0);
	buf_free(&framed);
	buf_free(body);
}

/* The next reply of the server, without its length; valid until the next call. */
static struct view
reply(struct work *w, uint8_t type)
{
	for (;;) {
		struct rd r = rd_of(buf_view(&w->replies)), data;
		struct view body;

		r.p += w->replies_read;
		r.n -= w->replies_read;
		body = r.n >= 4 ? rd_str(&r, 1 << 20) : (struct view){ .n = 0 };
		if (body.n > 0 && r.bad == 0) {
			w->replies_read += 4 + body.n;
			CHECK(body.p[0] == type || body.p[0] == SFTP_STATUS);
			return body;
		}
		if (w->replies_read > 0) {
			struct buf rest = buf_init(1 << 20);

			buf_raw(&rest, w->replies.p + w->replies_read,
			    w->replies.n - w->replies_read);
			buf_free(&w->replies);
			w->replies = rest;
			w->replies_read = 0;
		}
		data = rd_of(expect(w, SSH_MSG_CHANNEL_DATA));
		rd_u8(&data);
		rd_u32(&data);
		body = rd_str(&data, SSH_PACKET_MAX);
		buf_raw(&w->replies, body.p, body.n);
	}
}

static struct view
open_file(struct work *w, uint8_t type, const char *path, uint32_t flags, uint8_t *room)
{
	struct buf b = request(w, type);
	struct view answer, handle;
	struct rd r;

	buf_cstr(&b, path);
	if (type == SFTP_OPEN) {
		buf_u32(&b, flags);
		buf_u32(&b, 0);
	}
	send_request(w, &b);
	answer = reply(w, SFTP_HANDLE);
	CHECK(answer.p[0] == SFTP_HANDLE);
	r = rd_of(answer);
	rd_u8(&r);
	rd_u32(&r);
	handle = rd_str(&r, 256);
	CHECK(handle.n > 0 && r.bad == 0);
	memcpy(room, handle.p, handle.n);
	return (struct view){ .p = room, .n = handle.n };
}

static void
close_file(struct work *w, struct view handle)
{
	struct buf b = request(w, SFTP_CLOSE);

	buf_str(&b, handle);
	send_request(w, &b);
	reply(w, SFTP_STATUS);
}

static void
transfer(struct work *w, struct view handle, bool reading, unsigned blocks)
{
	static const uint8_t zeros[BLOCK];

	for (unsigned sent = 0, done = 0; done < blocks;) {
		if (sent < blocks && sent - done < FLIGHT) {
			struct buf b = request(w, reading ? SFTP_READ : SFTP_WRITE);

			buf_str(&b, handle);
			buf_u64(&b, (uint64_t)sent++ * BLOCK);
			if (reading)
				buf_u32(&b, BLOCK);
			else
				buf_str(&b, (struct view){ .p = zeros, .n = BLOCK });
			send_request(w, &b);
			continue;
		}
		CHECK(reply(w, reading ? SFTP_DATA : SFTP_STATUS).p[0] ==
		    (reading ? SFTP_DATA : SFTP_STATUS));
		done++;
	}
}

/* ---- the pieces of work: each returns how many units it has done */

static unsigned
work_login(void)
{
	for (int i = 0; i < LOGINS; i++) {
		struct work w = { 0 };

		log_in(&w);
		ssh_connection_free(&w.connection);
	}
	return LOGINS;
}

static unsigned
list(struct work *w, struct view handle)
{
	unsigned entries = 0;

	for (;;) {
		struct buf b = request(w, SFTP_READDIR);
		struct view answer;
		struct rd r;

		buf_str(&b, handle);
		send_request(w, &b);
		answer = reply(w, SFTP_NAME);
		if (answer.p[0] == SFTP_STATUS)
			return entries;
		r = rd_of(answer);
		rd_u8(&r);
		rd_u32(&r);
		entries += rd_u32(&r);
	}
}

static unsigned
work_files(const char *what, const char *directory)
{
	struct work w = { 0 };
	struct view handle;
	struct buf b;
	uint8_t room[256];
	unsigned units = BLOCKS;

	open_vfs(&w, directory);
	log_in(&w);
	open_channel(&w);
	b = request(&w, SFTP_INIT);
	send_request(&w, &b);
	reply(&w, SFTP_VERSION_REPLY);
	if (strcmp(what, "download") == 0) {
		handle = open_file(&w, SFTP_OPEN, "/big", SFTP_OPEN_READ, room);
		transfer(&w, handle, true, BLOCKS);
		close_file(&w, handle);
	} else if (strcmp(what, "upload") == 0) {
		handle = open_file(&w, SFTP_OPEN, "/new",
		    SFTP_OPEN_WRITE | SFTP_OPEN_CREAT | SFTP_OPEN_TRUNC, room);
		transfer(&w, handle, false, BLOCKS);
		close_file(&w, handle);
	} else if (strcmp(what, "small") == 0) {
		for (units = 0; units < FILES; units++) {
			handle = open_file(&w, SFTP_OPEN, "/big", SFTP_OPEN_READ, room);
			transfer(&w, handle, true, 1);
			close_file(&w, handle);
		}
	} else {
		handle = open_file(&w, SFTP_OPENDIR, "/many", 0, room);
		units = list(&w, handle);
		close_file(&w, handle);
	}
	return units;
}

int
main(int argc, char **argv)
{
	unsigned units;

	if (argc != 3) {
		fprintf(stderr, "instructions: see the head of instructions.c\n");
		return 2;
	}
	CHECK(test_setup(NULL) == 0);
	units = strcmp(argv[1], "login") == 0 ? work_login() : work_files(argv[1], argv[2]);
	printf("%u\n", units);
	return 0;
}
