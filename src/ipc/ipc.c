#include "ipc/ipc.h"

#include "base/fd.h"
#include "base/pages.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

const struct ipc_row ipc_rows[IPC_TYPE_COUNT] = {
#define IPC_MESSAGE(NAME, label, sender, when, bytes, count, fds) \
	[IPC_##NAME] = { .name = #NAME, .from = IPC_ROLE_##sender, .phases = (when), \
		.max_bytes = (bytes), .max_count = (count), .descriptors = (fds) },
#include "ipc/messages.def"
#undef IPC_MESSAGE
};

static void
send_number(struct buf *out, uint64_t value, uint64_t max)
{
	if (value > max && out->bad == 0)
		out->bad = ERR_LIMIT;
}

static void
send_view(struct buf *out, struct view value, size_t max, bool text)
{
	if (value.n > max && out->bad == 0)
		out->bad = ERR_LIMIT;
	if (text && view_has_nul(value) && out->bad == 0)
		out->bad = ERR_FORMAT;
	buf_str(out, value);
}

static uint64_t
take_number(struct rd *r, uint64_t value, uint64_t max)
{
	if (value > max) {
		rd_fail(r, ERR_LIMIT);
		return 0;
	}
	return value;
}

static struct view
take_text(struct rd *r, size_t max)
{
	struct view v = rd_str(r, max);

	if (view_has_nul(v)) {
		rd_fail(r, ERR_FORMAT);
		v.n = 0;
	}
	return v;
}

#define IPC_PUT_U8(v, max) send_number(out, (v), (max)); buf_u8(out, (v));
#define IPC_PUT_U32(v, max) send_number(out, (v), (max)); buf_u32(out, (v));
#define IPC_PUT_U64(v, max) send_number(out, (v), (max)); buf_u64(out, (v));
#define IPC_PUT_I64(v, max) buf_u64(out, (uint64_t)(v));
#define IPC_PUT_BOOL(v, max) buf_bool(out, (v));
#define IPC_PUT_TEXT(v, max) send_view(out, (v), (max), true);
#define IPC_PUT_BYTES(v, max) send_view(out, (v), (max), false);
#define IPC_PUT(type, name, max) IPC_PUT_##type(message->name, max)

#define IPC_GET_U8(max) (uint8_t)take_number(&r, rd_u8(&r), (max))
#define IPC_GET_U32(max) (uint32_t)take_number(&r, rd_u32(&r), (max))
#define IPC_GET_U64(max) take_number(&r, rd_u64(&r), (max))
#define IPC_GET_I64(max) (int64_t)rd_u64(&r)
#define IPC_GET_BOOL(max) (take_number(&r, rd_u8(&r), (max)) != 0)
#define IPC_GET_TEXT(max) take_text(&r, (max))
#define IPC_GET_BYTES(max) rd_str(&r, (max))
#define IPC_GET(type, name, max) out->name = IPC_GET_##type(max);

#define IPC_MESSAGE(NAME, label, sender, when, bytes, count, descriptors) \
	void ipc_encode_##label(struct buf *out, const struct ipc_##label *message) \
	{ \
		(void)message; \
		buf_u8(out, IPC_##NAME); \
		IPC_FIELDS_##NAME(IPC_PUT) \
		if (out->n > (size_t)(bytes) + 1 && out->bad == 0) \
			out->bad = ERR_LIMIT; \
	} \
	int ipc_decode_##label(struct rd r, struct ipc_##label *out) \
	{ \
		memset(out, 0, sizeof(*out)); \
		IPC_FIELDS_##NAME(IPC_GET) \
		return rd_end(&r); \
	}
#include "ipc/messages.def"
#undef IPC_MESSAGE

int
ipc_pair(int pair_out[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair_out) == 0)
		return 0;
	pair_out[0] = pair_out[1] = -1;
	return ERR_IO;
}

int
ipc_send(int fd, const struct buf *message, const int *fds, size_t fd_count, bool wait)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * IPC_DESCRIPTORS_MAX)];
	} control = { 0 };
	struct iovec iov = { .iov_base = message->p, .iov_len = message->n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (buf_error(message) != 0)
		return buf_error(message);
	if (message->n == 0 || fd_count > IPC_DESCRIPTORS_MAX)
		bug("empty message, or %zu descriptors", fd_count);
	if (fd_count > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * fd_count);
	}
	for (;;) {
		if (sendmsg(fd, &msg, MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET)
			return ERR_EOF;
		if (errno != EAGAIN)
			return ERR_IO;
		if (!wait)
			return ERR_AGAIN;
		if (fd_wait(fd, POLLOUT, 0) != 0)
			return ERR_IO;
	}
}

/* Closes every descriptor of a control message after the first IPC_DESCRIPTORS_MAX. */
static bool
take_descriptors(struct msghdr *msg, struct ipc_message *out)
{
	bool fits = true;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (out->fd_count < IPC_DESCRIPTORS_MAX) {
				out->fds[out->fd_count++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits && !(msg->msg_flags & MSG_CTRUNC);
}

int
ipc_receive(int fd, struct ipc_inbox *inbox, struct ipc_message *out)
{
	/* room for more than any row allows, so that too many are seen and not cut */
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * (IPC_DESCRIPTORS_MAX + 2))];
	} control = { 0 };
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t n;

	*out = (struct ipc_message){ .fds = { -1, -1 } };
	if (inbox->bytes == NULL && (inbox->bytes = pages_alloc(IPC_BYTES_MAX)) == NULL)
		return ERR_MEMORY;
	iov = (struct iovec){ .iov_base = inbox->bytes, .iov_len = IPC_BYTES_MAX };
	do {
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? ERR_AGAIN : errno == ECONNRESET ? ERR_EOF : ERR_IO;
	if (!take_descriptors(&msg, out))
		goto refuse;
	if (n == 0) {
		if (out->fd_count > 0)
			goto refuse;
		return ERR_EOF;
	}
	if ((msg.msg_flags & MSG_TRUNC) || inbox->bytes[0] == IPC_NONE ||
	    inbox->bytes[0] >= IPC_TYPE_COUNT)
		goto refuse;
	out->type = (enum ipc_type)inbox->bytes[0];
	out->fields = rd_init(inbox->bytes + 1, (size_t)n - 1);
	return 0;
refuse:
	ipc_message_close_fds(out);
	return ERR_PROTOCOL;
}

void
ipc_inbox_free(struct ipc_inbox *inbox)
{
	pages_free(inbox->bytes, IPC_BYTES_MAX);
	inbox->bytes = NULL;
}

void
ipc_message_close_fds(struct ipc_message *message)
{
	for (size_t i = 0; i < IPC_DESCRIPTORS_MAX; i++)
		fd_close(&message->fds[i]);
	message->fd_count = 0;
}

int
ipc_gate_check(struct ipc_gate *gate, const struct ipc_message *message)
{
	const struct ipc_row *row = &ipc_rows[message->type];

	if (!(row->from & gate->peer) || !(row->phases & gate->phase))
		return ERR_PROTOCOL;
	if (message->fd_count != row->descriptors)
		return ERR_PROTOCOL;
	if (message->fields.n > row->max_bytes)
		return ERR_LIMIT;
	if (row->max_count == 0)
		return 0;
	if (gate->counts[message->type] >= row->max_count)
		return ERR_LIMIT;
	gate->counts[message->type]++;
	return 0;
}
