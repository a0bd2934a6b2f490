#include "control/control.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/log_line.h"
#include "control/control_address.h"
#include "control/control_engine.h"
#include "log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 16, PIECE_BYTES = 64 * 1024, ANSWER_MAX = 64 * 1024 * 1024 };

struct client {
	LIST_ENTRY(client) entry;
	struct control *control;
	uv_pipe_t pipe;
	uv_timer_t stall;
	unsigned handles; /* of the two, that are not closed yet */
	bool closing;
	bool working; /* the engine has its request */
	struct control_actor actor;
	struct buf in, out;
	uv_write_t write;
};

struct control {
	struct control_settings settings;
	struct control_address address;
	char owner_name[ACTOR_NAME_MAX];
	char *path; /* that address.name points into */
	uv_pipe_t listener;
	bool listening;
	bool bound;
	bool stopping;
	LIST_HEAD(, client) clients;
	unsigned client_count;
	char piece[PIECE_BYTES]; /* for whichever client is being read */
};

static void
control_free(struct control *control)
{
	fd_close(&control->address.directory_fd);
	free(control->path);
	free(control);
}

static void
control_maybe_free(struct control *control)
{
	if (control->stopping && !control->listening && control->client_count == 0)
		control_free(control);
}

/* ---- the end of a client */

static void
client_maybe_free(struct client *client)
{
	struct control *control = client->control;

	if (client->handles > 0 || client->working)
		return;
	LIST_REMOVE(client, entry);
	control->client_count--;
	buf_free(&client->in);
	buf_free(&client->out);
	free(client);
	control_maybe_free(control);
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;

	client->handles--;
	client_maybe_free(client);
}

static void
client_close(struct client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	uv_close((uv_handle_t *)&client->pipe, on_handle_closed);
	uv_close((uv_handle_t *)&client->stall, on_handle_closed);
}

static void
on_stalled(uv_timer_t *timer)
{
	client_close(timer->data);
}

static void
watch_stall(struct client *client)
{
	unsigned stall_ms = client->control->settings.stall_ms;

	if (uv_timer_start(&client->stall, on_stalled,
		stall_ms != 0 ? stall_ms : CONTROL_STALL_MS, 0) != 0)
		client_close(client);
}

/* ---- answering */

static void
on_written(uv_write_t *write, int status)
{
	struct client *client = write->data;

	(void)status;
	client_close(client);
}

static void
client_answer(struct client *client, const struct control_answer *answer)
{
	uv_buf_t bytes;

	control_answer_write(answer, &client->out);
	if (buf_error(&client->out) != 0) {
		client_close(client);
		return;
	}
	watch_stall(client);
	bytes = uv_buf_init((char *)client->out.p, (unsigned)client->out.n);
	client->write.data = client;
	if (!client->closing && uv_write(&client->write, (uv_stream_t *)&client->pipe, &bytes, 1,
		on_written) != 0)
		client_close(client);
}

/* Of what is no request. */
static void
client_refuse(struct client *client, struct control_answer *answer)
{
	log_app(client->control->settings.log, LOG_LEVEL_WARN, "control", "",
	    "a request that is none by %s %s: %d %s",
	    control_actor_kind_text(client->actor.kind), client->actor.name, answer->status,
	    answer->message);
	client_answer(client, answer);
	control_answer_free(answer);
}

static void
on_answer(void *ctx, const struct control_answer *answer)
{
	struct client *client = ctx;

	client->working = false;
	if (client->closing)
		client_maybe_free(client);
	else
		client_answer(client, answer);
}

static void
client_handle(struct client *client, struct view line)
{
	struct control_answer answer = { 0 };
	struct control_request request;

	if (!control_request_parse(line, &request, &answer)) {
		client_refuse(client, &answer);
		return;
	}
	/* However long it takes, it is not the client that stalls. */
	uv_timer_stop(&client->stall);
	client->working = true;
	control_engine_run(client->control->settings.engine, &client->actor, &request, on_answer,
	    client);
}

/* ---- reading */

static void
on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
	struct client *client = handle->data;

	(void)suggested;
	*room = uv_buf_init(client->control->piece, PIECE_BYTES);
}

static void
on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct client *client = stream->data;
	struct control_answer answer = { 0 };
	const uint8_t *newline;
	size_t before = client->in.n;

	if (n == 0)
		return;
	if (n < 0) {
		client_close(client);
		return;
	}
	buf_raw(&client->in, bytes->base, (size_t)n);
	memset(bytes->base, 0, (size_t)n); /* it may have been a password */
	if (client->in.bad == ERR_MEMORY) {
		client_close(client);
		return;
	}
	if (client->in.bad != 0) {
		uv_read_stop(stream);
		control_answer_set(&answer, 413, "the request is longer than %d bytes",
		    CONTROL_REQUEST_MAX);
		client_refuse(client, &answer);
		return;
	}
	newline = memchr(client->in.p + before, '\n', client->in.n - before);
	if (newline == NULL)
		return;
	uv_read_stop(stream);
	if (newline != client->in.p + client->in.n - 1) {
		control_answer_set(&answer, 400, "bytes follow the request");
		client_refuse(client, &answer);
		return;
	}
	client_handle(client, (struct view){ .p = client->in.p, .n = client->in.n - 1 });
}

/* ---- accepting */

/* The kernel says who the peer is; false when that is nobody who may ask. */
static bool
peer_may_ask(struct client *client)
{
	const struct control *control = client->control;
	struct control_actor *actor = &client->actor;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	uv_os_fd_t fd;

	*actor = (struct control_actor){ .kind = ACTOR_HOST, .origin = "local" };
	if (uv_fileno((uv_handle_t *)&client->pipe, &fd) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	if (peer.uid != 0 && peer.uid != control->settings.owner) {
		snprintf(actor->name, sizeof(actor->name), "uid %u", peer.uid);
		return false;
	}
	snprintf(actor->name, sizeof(actor->name), "%s", peer.uid == 0 ? "root"
	    : control->owner_name);
	actor->areas = AREAS_ALL;
	return true;
}

/* Asked for once, at the start: later it might make the loop wait for a directory server. */
static void
name_of_owner(struct control *control)
{
	const struct passwd *entry = getpwuid(control->settings.owner);

	if (entry != NULL)
		snprintf(control->owner_name, sizeof(control->owner_name), "%s", entry->pw_name);
	else
		snprintf(control->owner_name, sizeof(control->owner_name), "uid %u",
		    control->settings.owner);
}

static struct client *
client_new(struct control *control)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->control = control;
	client->in = buf_init(CONTROL_REQUEST_MAX + 1);
	client->out = buf_init(ANSWER_MAX);
	if (uv_pipe_init(control->settings.loop, &client->pipe, 0) != 0 ||
	    uv_timer_init(control->settings.loop, &client->stall) != 0)
		bug("a handle cannot be initialised");
	client->pipe.data = client;
	client->stall.data = client;
	client->handles = 2;
	LIST_INSERT_HEAD(&control->clients, client, entry);
	control->client_count++;
	return client;
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct control *control = listener->data;
	struct control_answer answer = { 0 };
	struct client *client;

	if (status != 0 || (client = client_new(control)) == NULL)
		return;
	if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0 ||
	    control->client_count > CONTROL_CLIENTS_MAX) {
		client_close(client);
		return;
	}
	watch_stall(client);
	if (!peer_may_ask(client)) {
		control_answer_set(&answer, 403, "only root and the user of the server may ask");
		client_refuse(client, &answer);
		return;
	}
	if (uv_read_start((uv_stream_t *)&client->pipe, on_room, on_bytes) != 0)
		client_close(client);
}

/* ---- the door */

/* Removes a socket that nobody listens on any more. */
static int
remove_stale(const struct control_address *address)
{
	struct stat st;
	int fd, err = ERR_EXISTS;

	if (fstatat(address->directory_fd, address->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : ERR_IO;
	if (!S_ISSOCK(st.st_mode)) {
		errno = ENOTSOCK;
		return ERR_IO;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	if (connect(fd, (const struct sockaddr *)&address->sun, sizeof(address->sun)) != 0 &&
	    errno == ECONNREFUSED)
		err = unlinkat(address->directory_fd, address->name, 0) == 0 ? 0 : ERR_IO;
	fd_close(&fd);
	return err;
}

static int
bind_socket(struct control *control, int *fd_out)
{
	const struct control_address *address = &control->address;
	int err = remove_stale(address);

	if (err != 0)
		return err;
	*fd_out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd_out < 0)
		return ERR_IO;
	/* The mode of a socket's file is that of the socket: it is never open to others. */
	if (fchmod(*fd_out, 0600) != 0 ||
	    bind(*fd_out, (const struct sockaddr *)&address->sun, sizeof(address->sun)) != 0)
		return ERR_IO;
	control->bound = true;
	if (geteuid() == 0 && control->settings.owner != 0 &&
	    fchownat(address->directory_fd, address->name, control->settings.owner, (gid_t)-1,
		AT_SYMLINK_NOFOLLOW) != 0)
		return ERR_IO;
	return 0;
}

static void
on_listener_closed(uv_handle_t *handle)
{
	struct control *control = handle->data;

	control->listening = false;
	control_maybe_free(control);
}

static int
listen_on(struct control *control, int *fd)
{
	int status;

	if (uv_pipe_init(control->settings.loop, &control->listener, 0) != 0)
		return ERR_IO;
	control->listening = true;
	control->listener.data = control;
	status = uv_pipe_open(&control->listener, *fd);
	if (status == 0) {
		fd_take(fd);
		status = uv_listen((uv_stream_t *)&control->listener, BACKLOG, on_connection);
	}
	errno = -status;
	return status == 0 ? 0 : ERR_IO;
}

int
control_start(struct control **out, const struct control_settings *settings)
{
	struct control *control = calloc(1, sizeof(*control));
	int fd = -1, err;

	*out = NULL;
	if (control == NULL)
		return ERR_MEMORY;
	control->settings = *settings;
	control->address.directory_fd = -1;
	name_of_owner(control);
	LIST_INIT(&control->clients);
	control->path = strdup(settings->path);
	err = control->path != NULL ? control_address_of(control->path, &control->address)
	    : ERR_MEMORY;
	if (err == 0)
		err = bind_socket(control, &fd);
	if (err == 0)
		err = listen_on(control, &fd);
	fd_close(&fd);
	if (err == 0)
		*out = control;
	else
		control_stop(&control);
	return err;
}

void
control_stop(struct control **control)
{
	struct control *c = *control;
	struct client *client;
	int saved = errno;

	if (c == NULL)
		return;
	*control = NULL;
	c->stopping = true;
	if (c->bound)
		unlinkat(c->address.directory_fd, c->address.name, 0);
	LIST_FOREACH (client, &c->clients, entry)
		client_close(client);
	if (c->listening)
		uv_close((uv_handle_t *)&c->listener, on_listener_closed);
	else
		control_maybe_free(c);
	errno = saved;
}
