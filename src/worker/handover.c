#include "worker/handover.h"

#include "base/fd.h"
#include "ssh/ssh.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
	LENGTH_BYTES = 4,
	CONTROL_DESCRIPTORS = 4,
	USUAL_BYTES = LENGTH_BYTES + HANDOVER_WHOLE_MAX, /* keys and a few unread packets */
};

/* Room for more descriptors than may come, so that too many are seen and not cut. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * CONTROL_DESCRIPTORS)];
};

static int
send_piece(int fd, const uint8_t *bytes, size_t n, int client_fd, size_t *sent_out)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (client_fd >= 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &client_fd, sizeof(client_fd));
	}
	while ((sent = sendmsg(fd, &msg, MSG_NOSIGNAL)) < 0) {
		if (errno == EPIPE || errno == ECONNRESET)
			return ERR_EOF;
		if (errno == EAGAIN && fd_wait(fd, POLLOUT, 0) == 0)
			continue;
		if (errno != EINTR)
			return ERR_IO;
	}
	*sent_out = (size_t)sent;
	return 0;
}

int
handover_send(int fd, int client_fd, struct view state)
{
	struct buf message = buf_init(LENGTH_BYTES + SSH_STATE_BYTES_MAX);
	int err;

	buf_str(&message, state);
	err = buf_error(&message);
	for (size_t done = 0; err == 0 && done < message.n;) {
		size_t sent = 0;

		err = send_piece(
		    fd, message.p + done, message.n - done, done == 0 ? client_fd : -1, &sent);
		done += sent;
	}
	buf_free(&message);
	return err;
}

/* Takes the first descriptor that comes, closes any other. */
static int
take_client(struct msghdr *msg, int *client)
{
	int err = msg->msg_flags & MSG_CTRUNC ? ERR_PROTOCOL : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + CMSG_LEN(sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			if (*client < 0) {
				*client = fd;
			} else {
				fd_close(&fd);
				err = ERR_PROTOCOL;
			}
		}
	}
	return err;
}

static int
receive_piece(int fd, uint8_t *room, size_t n, int *client, size_t *got_out)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = room, .iov_len = n };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (got < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return ERR_AGAIN;
		return errno == ECONNRESET ? ERR_EOF : ERR_IO;
	}
	*got_out = (size_t)got;
	if (take_client(&msg, client) != 0 || (msg.msg_flags & MSG_TRUNC))
		return ERR_PROTOCOL;
	return got == 0 ? ERR_EOF : 0;
}

/* Bytes that the whole message has, as far as it is known. */
static size_t
message_bytes(const struct buf *message)
{
	return message->n < LENGTH_BYTES ? LENGTH_BYTES
					 : LENGTH_BYTES + (size_t)get_u32(message->p);
}

static int
receive_all(int fd, uint64_t deadline_ms, struct buf *message, int *client)
{
	while (message->n < LENGTH_BYTES || message->n < message_bytes(message)) {
		size_t had = message->n, got = 0;
		/* one byte more than may come, so that what is too long is seen */
		size_t wanted = had == 0 ? USUAL_BYTES : message->max - had;
		uint8_t *room = buf_room(message, wanted);
		int err = room == NULL ? ERR_MEMORY
				       : receive_piece(fd, room, wanted, client, &got);

		message->n = had + got;
		if (err == ERR_AGAIN)
			err = fd_wait(fd, POLLIN, deadline_ms);
		if (err != 0)
			return err;
		if (message->n >= LENGTH_BYTES && message_bytes(message) >= message->max)
			return ERR_LIMIT;
	}
	return message->n == message_bytes(message) && *client >= 0 ? 0 : ERR_PROTOCOL;
}

int
handover_receive(int fd, uint64_t deadline_ms, struct buf *state_out, int *client_out)
{
	struct buf message = buf_init(LENGTH_BYTES + SSH_STATE_BYTES_MAX + 1);
	int err;

	*client_out = -1;
	err = receive_all(fd, deadline_ms, &message, client_out);
	if (err == 0) {
		buf_raw(state_out, message.p + LENGTH_BYTES, message.n - LENGTH_BYTES);
		err = buf_error(state_out);
	}
	if (err != 0)
		fd_close(client_out);
	buf_free(&message);
	return err;
}
