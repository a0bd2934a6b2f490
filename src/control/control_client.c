/*
 * The client's side of the control socket: one request, one answer, blocking.
 */
#include "control/control.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/secret.h"
#include "control/control_address.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A dump with plain passwords is loaded at ten accounts a second; a server that dies is noticed. */
enum {
	ANSWER_MAX = 64 * 1024 * 1024,
	ANSWER_WAIT_MS = 60 * 60 * 1000,
	PIECE_BYTES = 64 * 1024,
};

static int
open_connection(const char *path, int *fd_out)
{
	struct control_address address;
	int err = control_address_of(path, &address);

	*fd_out = -1;
	if (err == ERR_IO && errno == ENOENT)
		return ERR_UNAVAILABLE;
	if (err == ERR_IO && errno == EACCES)
		return ERR_DENIED;
	if (err != 0)
		goto out;
	*fd_out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd_out < 0) {
		err = ERR_IO;
	} else if (connect(*fd_out, (struct sockaddr *)&address.sun, sizeof(address.sun)) != 0) {
		err = ERR_IO;
		if (errno == ENOENT || errno == ECONNREFUSED)
			err = ERR_UNAVAILABLE;
		else if (errno == EACCES)
			err = ERR_DENIED;
		fd_close(fd_out);
	}
out:
	fd_close(&address.directory_fd);
	return err;
}

static int
send_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = send(fd, bytes, n, MSG_NOSIGNAL);

		/* A server that refuses us answers without reading: its answer is still there. */
		if (done < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (done < 0 && errno != EINTR)
			return ERR_IO;
		if (done > 0) {
			bytes += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

static int
receive_line(int fd, struct buf *line)
{
	uint64_t deadline = clock_mono_ms() + ANSWER_WAIT_MS;

	for (;;) {
		uint8_t *room;
		ssize_t n;
		int err = fd_wait(fd, POLLIN, deadline);

		if (err != 0)
			return err;
		if ((room = buf_room(line, PIECE_BYTES)) == NULL)
			return buf_error(line);
		n = read(fd, room, PIECE_BYTES);
		line->n -= PIECE_BYTES - (n > 0 ? (size_t)n : 0);
		if (n > 0 && line->p[line->n - 1] == '\n')
			return 0;
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return ERR_EOF;
		if (n < 0 && errno != EINTR)
			return ERR_IO;
	}
}

int
control_ask(const char *path, const json_t *request, json_t **answer_out)
{
	char *text = json_dumps(request, JSON_COMPACT);
	struct buf line = buf_init(ANSWER_MAX);
	size_t n = text != NULL ? strlen(text) : 0;
	int fd = -1, err = ERR_MEMORY;

	*answer_out = NULL;
	if (text == NULL)
		goto out;
	err = n <= CONTROL_REQUEST_MAX ? 0 : ERR_LIMIT;
	if (err == 0)
		err = open_connection(path, &fd);
	if (err == 0)
		err = send_all(fd, text, n);
	if (err == 0)
		err = send_all(fd, "\n", 1);
	if (err == 0)
		err = receive_line(fd, &line);
	if (err != 0)
		goto out;
	*answer_out = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_integer(json_object_get(*answer_out, "status"))) {
		json_decref(*answer_out);
		*answer_out = NULL;
		err = ERR_FORMAT;
	}
out:
	fd_close(&fd);
	buf_free(&line);
	secret_free_str(text);
	return err;
}
