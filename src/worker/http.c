/*
 * The HTTP worker: accepts clients, reads what they want, asks the master, and gives back what it
 * says. Has a listening socket, its clients' sockets and the socket to the master; no file, no
 * account, no key.
 */
#include "worker/worker.h"

#include "base/clock.h"
#include "base/fd.h"
#include "sandbox/sandbox.h"
#include "worker/http_server.h"
#include "worker/role.h"

#include <jansson.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS_AT_ONCE = 64,
	ACCEPTS_AT_ONCE = 32,
	SWEEP_MS = 1000,
	SIGN_MS = 10000, /* the master has so long for a signature */
};

/* ---- clients */

static bool
has_room(const struct http_server *s, const struct address *peer)
{
	struct address source = address_source(peer);
	const struct http_connection *c;
	uint32_t count = 0;

	if (s->count >= s->max)
		return false;
	/* a proxy that is trusted brings many */
	if (http_guard_is_proxy(&s->guard, peer))
		return true;
	TAILQ_FOREACH (c, &s->all, link) {
		struct address other = address_source(&c->peer);

		count += address_eq(&source, &other);
	}
	return count < s->max_per_address;
}

static void
accept_clients(struct http_server *s)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		struct sockaddr_storage name;
		socklen_t n = sizeof(name);
		struct address peer;
		uint16_t port;
		int fd = accept4(s->listen_fd, (struct sockaddr *)&name, &n,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		/* out of descriptors: the limit on connections is below that of descriptors */
		if (fd < 0)
			return;
		if (address_from_sockaddr((struct sockaddr *)&name, &peer, &port) != 0 ||
		    !has_room(s, &peer) ||
		    (s->tls != NULL && !http_tls_keys_ready(s->tls))) {
			fd_close(&fd);
			continue;
		}
		/* for want of memory: the client sees the connection end */
		(void)!http_connection_new(s, fd, &peer, port);
	}
}

static void
sweep(struct http_server *s)
{
	uint64_t now = clock_mono_ms();
	struct http_connection *c, *next;

	for (c = TAILQ_FIRST(&s->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (now >= c->deadline_ms)
			http_connection_late(c);
	}
}

static void
run_woken(struct http_server *s)
{
	struct http_connection *c;

	while ((c = TAILQ_FIRST(&s->to_run)) != NULL) {
		TAILQ_REMOVE(&s->to_run, c, turn);
		c->is_to_run = false;
		http_connection_run(c);
	}
	while ((c = TAILQ_FIRST(&s->closed)) != NULL) {
		TAILQ_REMOVE(&s->closed, c, link);
		http_connection_free(c);
	}
	http_request_admit(s);
}

/* ---- the master */

static int
on_http_certificate(struct http_server *s, struct rd fields)
{
	struct ipc_http_certificate message;
	int err = ipc_decode_http_certificate(fields, &message);

	if (err == 0 && s->tls == NULL)
		err = ERR_PROTOCOL;
	/* the master has checked it; should this library not like it, the old one stays */
	if (err == 0 && http_tls_keys_set(s->tls, message.pair, message.chain) != 0 &&
	    !http_tls_keys_ready(s->tls))
		err = ERR_FORMAT;
	return err;
}

static int
dispatch(void *ctx, struct ipc_message *message)
{
	struct http_server *s = ctx;

	if (message->type == IPC_HTTP_CERTIFICATE)
		return on_http_certificate(s, message->fields);
	return http_request_dispatch(s, message);
}

/*
 * GnuTLS cannot go on later with a signature that is not there yet, so the whole process waits for
 * the master, which takes a millisecond or two. What else it says meanwhile is taken, too.
 */
static int
sign(void *ctx, uint64_t pair, uint16_t scheme, struct view data, struct buf *signature_out)
{
	struct http_server *s = ctx;
	uint64_t deadline_ms = clock_mono_ms() + SIGN_MS;
	struct ipc_tls_signed answer;
	struct ipc_message message;
	int err;

	ipc_encode_tls_sign(&s->link.out,
	    &(struct ipc_tls_sign){ .pair = pair, .scheme = scheme, .data = data });
	if ((err = master_link_send(&s->link)) != 0)
		return err;
	while ((err = master_link_receive(&s->link, deadline_ms, &message)) == 0 &&
	    message.type != IPC_TLS_SIGNED) {
		err = dispatch(s, &message);
		ipc_message_close_fds(&message);
		if (err != 0)
			break;
	}
	if (err == 0)
		err = ipc_decode_tls_signed(message.fields, &answer);
	if (err != 0) {
		/* a late answer would be taken for that to the next question */
		s->link.error = err;
		return err;
	}
	buf_raw(signature_out, answer.signature.p, answer.signature.n);
	return answer.signature.n > 0 ? buf_error(signature_out) : ERR_DENIED;
}

/* ---- the loop */

static int
serve(struct http_server *s)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	uint64_t swept_ms = clock_mono_ms();
	int err = 0;

	while (err == 0 && (err = master_link_error(&s->link)) == 0) {
		int count = epoll_wait(s->epoll_fd, events, EVENTS_AT_ONCE, SWEEP_MS);

		for (int i = 0; i < count && err == 0; i++) {
			void *what = events[i].data.ptr;
			struct http_connection *c = what;

			if (what == &s->link)
				err = master_link_dispatch(&s->link, dispatch, s);
			else if (what == &s->listen_fd)
				accept_clients(s);
			else if (c->place == HTTP_CLOSED)
				continue;
			else if ((events[i].events & (EPOLLHUP | EPOLLERR)) != 0)
				http_connection_close(c);
			else
				http_connection_run(c);
		}
		if (clock_mono_ms() - swept_ms >= SWEEP_MS) {
			sweep(s);
			swept_ms = clock_mono_ms();
		}
		run_woken(s);
	}
	return err;
}

/* ---- beginning */

static int
take_setup(struct http_server *s)
{
	struct ipc_http_setup setup;
	struct ipc_message message;
	int err = master_link_receive(&s->link, 0, &message);

	if (err == 0 && message.type != IPC_HTTP_SETUP)
		err = ERR_PROTOCOL;
	if (err == 0)
		err = ipc_decode_http_setup(message.fields, &setup);
	if (err == 0 && setup.version != IPC_VERSION)
		err = ERR_PROTOCOL;
	if (err == 0)
		err = view_copy(setup.host_name, s->host_name, sizeof(s->host_name));
	if (err == 0)
		err = http_guard_init(&s->guard, setup.hosts, setup.proxies);
	if (err == 0 && setup.tls)
		err = http_tls_keys_new(&s->tls, sign, s);
	if (err != 0) {
		ipc_message_close_fds(&message);
		return err;
	}
	s->guard.foreign_hosts = setup.foreign_hosts;
	s->max = setup.connections;
	s->max_per_address = setup.connections_per_address;
	s->request_ms = setup.request_ms;
	s->idle_ms = setup.idle_ms;
	s->listen_fd = fd_take(&message.fds[0]);
	return 0;
}

static int
watch(struct http_server *s, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : ERR_IO;
}

/* One for each client, and some. */
static void
raise_descriptor_limit(struct http_server *s)
{
	enum { OTHERS = 32 };
	struct rlimit limit;

	role_raise_descriptor_limit();
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < s->max + OTHERS)
		s->max = (uint32_t)limit.rlim_cur - OTHERS;
}

static int
initialise(struct http_server *s)
{
	int err;

	/* what makes dates and what makes objects would read a file at its first call */
	tzset();
	json_object_seed(0);
	if ((err = role_hold_signals()) != 0)
		return err;
	if ((err = take_setup(s)) != 0)
		return err;
	raise_descriptor_limit(s);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0 || watch(s, s->link.fd, &s->link) != 0 ||
	    watch(s, s->listen_fd, &s->listen_fd) != 0)
		return ERR_IO;
	if ((err = sandbox_enter(SANDBOX_HTTP, &(struct sandbox_rules){ 0 })) != 0)
		return err;
	ipc_encode_http_ready(&s->link.out, &(struct ipc_http_ready){ .version = IPC_VERSION });
	err = master_link_send(&s->link);
	s->link.gate.phase = PHASE_RUN;
	return err;
}

int
http_main(int argc, char **argv)
{
	static struct http_server s = { .listen_fd = -1, .epoll_fd = -1 };
	int err;

	if (role_begin(argc, argv, "http") != 0)
		return WORKER_EXIT_FAILED;
	TAILQ_INIT(&s.all);
	TAILQ_INIT(&s.queued);
	TAILQ_INIT(&s.to_run);
	TAILQ_INIT(&s.closed);
	master_link_init(&s.link, WORKER_IPC_FD, PHASE_START);
	if (initialise(&s) != 0)
		_exit(WORKER_EXIT_SANDBOX);
	err = serve(&s);
	/* without running exit handlers: the sandbox has no room for them */
	_exit(err == ERR_EOF ? WORKER_EXIT_DONE : WORKER_EXIT_FAILED);
}
