/* RFC 4253 section 4.2: the lines with which both sides begin. */
#include "ssh/login_private.h"

#include <string.h>

enum { LINE_BYTES_MAX = SSH_VERSION_MAX + 2 };

/* Without a DISCONNECT: the client has not shown that it speaks SSH (RFC 4253 section 4.2). */
static int
refuse(struct ssh_transport *t, const char *why)
{
	struct buf text = buf_init(256);
	int err;

	buf_printf(&text, "%s\r\n", why);
	t->told = true;
	err = transport_fail(t, ERR_PROTOCOL, 0, "%s", why);
	/* One attempt is enough for somebody who reads this by eye. */
	if (buf_error(&text) == 0 && packet_output_room(&t->out, text.n, 0) == 0) {
		memcpy(t->out.bytes + t->out.end, text.p, text.n);
		t->out.end += text.n;
		if (packet_output_flush(&t->out, t->fd) != 0)
			t->out.end = t->out.start;
	}
	buf_free(&text);
	return err;
}

/* The line with CR LF or LF at its end, taken out of the input. ERR_AGAIN when it is not there. */
static int
take_line(struct ssh_transport *t, struct view *line_out)
{
	struct packet_input *in = &t->in;
	const uint8_t *p = in->bytes + in->start, *newline;
	size_t have = in->end - in->start;

	if (have == 0)
		return ERR_AGAIN;
	newline = memchr(p, '\n', have > LINE_BYTES_MAX ? LINE_BYTES_MAX : have);
	if (newline == NULL)
		return have >= LINE_BYTES_MAX ? ERR_LIMIT : ERR_AGAIN;
	*line_out = (struct view){ .p = p, .n = (size_t)(newline - p) };
	in->start += line_out->n + 1;
	if (line_out->n > 0 && line_out->p[line_out->n - 1] == '\r')
		line_out->n--;
	return 0;
}

static int
read_line(struct ssh_transport *t, struct view *line_out)
{
	int err;

	while ((err = take_line(t, line_out)) == ERR_AGAIN) {
		err = transport_wait_bytes(t, "the client did not send its version in time");
		if (err != 0)
			return err;
	}
	return err;
}

static bool
starts_with(struct view v, const char *prefix)
{
	size_t n = strlen(prefix);

	return v.n >= n && memcmp(v.p, prefix, n) == 0;
}

static int
check_line(struct ssh_transport *t, struct view line)
{
	/* "1.99" is how an old client says 2.0 (RFC 4253 section 5.1). Unlike a server, a client
	 * may send no other lines first. */
	if (!starts_with(line, "SSH-"))
		return refuse(t, "This is an SSH server; what came is not SSH.");
	if (!starts_with(line, "SSH-2.0-") && !starts_with(line, "SSH-1.99-"))
		return refuse(t, "This server speaks SSH protocol version 2.0 only.");
	if (line.n > SSH_VERSION_MAX)
		return refuse(t, "The identification line is too long.");
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] < 0x20 || line.p[i] == 0x7f)
			return refuse(t, "The identification line holds control characters.");
	return 0;
}

int
version_write(struct ssh_transport *t)
{
	size_t n = strlen(t->config->version);
	int err;

	if ((err = packet_output_room(&t->out, n + 2, 0)) != 0)
		return transport_output_fault(t, err);
	memcpy(t->out.bytes + t->out.end, t->config->version, n);
	memcpy(t->out.bytes + t->out.end + n, "\r\n", 2);
	t->out.end += n + 2;
	return 0;
}

int
ssh_version_read(struct ssh_transport *t)
{
	struct view line = { 0 };
	int err;

	if ((err = read_line(t, &line)) == ERR_LIMIT)
		return refuse(t, "The identification line is too long.");
	if (err != 0 || (err = check_line(t, line)) != 0)
		return err;
	memcpy(t->client_version, line.p, line.n);
	t->client_version_bytes = line.n;
	return 0;
}
