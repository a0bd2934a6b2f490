#include "base/proxy_header.h"

#include <string.h>

enum {
	V2_HEAD = 16, /* signature, version and command, family, length */
	V2_VERSION = 2,
	V2_LOCAL = 0,
	V2_PROXY = 1,
	V2_TCP_IPV4 = 0x11,
	V2_TCP_IPV6 = 0x21,
	V2_FAMILY_LAST = 3, /* AF_UNIX */
	V2_TRANSPORT_LAST = 2,
	PORT_MAX = 65535,
};

static const uint8_t v1_signature[] = { 'P', 'R', 'O', 'X', 'Y', ' ' };
static const uint8_t v2_signature[] = { '\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T',
	'\n' };

/* 0 when the bytes begin so, ERR_AGAIN when they may come to, ERR_NO_MATCH. */
static int
begins_with(struct view bytes, const uint8_t *signature, size_t n)
{
	size_t have = bytes.n < n ? bytes.n : n;

	if (memcmp(bytes.p, signature, have) != 0)
		return ERR_NO_MATCH;
	return have == n ? 0 : ERR_AGAIN;
}

/* --- version 1: one line of text --- */

/* The next word, which ends at exactly one space or at the end of the line. */
static struct view
next_word(struct rd *r)
{
	const uint8_t *space = memchr(r->p, ' ', r->n);
	struct view word = rd_raw(r, space != NULL ? (size_t)(space - r->p) : r->n);

	if (space != NULL)
		rd_raw(r, 1);
	if (word.n == 0)
		rd_fail(r, ERR_FORMAT);
	return word;
}

static void
read_address(struct rd *r, bool is_ipv6, struct address *out)
{
	struct view word = next_word(r);
	char text[ADDRESS_TEXT_MAX];

	if (view_copy(word, text, sizeof(text)) != 0 ||
	    (strchr(text, ':') != NULL) != is_ipv6 || address_parse(text, out) != 0)
		rd_fail(r, ERR_FORMAT);
}

/* Decimal without leading zeros. */
static uint16_t
read_port(struct rd *r)
{
	struct view word = next_word(r);
	unsigned port = 0;

	if (word.n > 5 || (word.n > 1 && word.p[0] == '0'))
		rd_fail(r, ERR_FORMAT);
	for (size_t i = 0; i < word.n && r->bad == 0; i++) {
		if (word.p[i] < '0' || word.p[i] > '9')
			rd_fail(r, ERR_FORMAT);
		port = port * 10 + (unsigned)(word.p[i] - '0');
	}
	if (port > PORT_MAX)
		rd_fail(r, ERR_FORMAT);
	return (uint16_t)port;
}

static int
read_line(struct view line, struct proxy_header *out)
{
	struct rd r = rd_of(line);
	struct address server;
	struct view family;
	bool is_ipv6;

	rd_raw(&r, sizeof(v1_signature));
	family = next_word(&r);
	/* what follows it is to be ignored */
	if (r.bad == 0 && view_is(family, "UNKNOWN"))
		return 0;
	is_ipv6 = view_is(family, "TCP6");
	if (!is_ipv6 && !view_is(family, "TCP4"))
		rd_fail(&r, ERR_FORMAT);
	read_address(&r, is_ipv6, &out->client);
	read_address(&r, is_ipv6, &server);
	out->port = read_port(&r);
	(void)read_port(&r);
	/* a space at the very end leaves nothing behind it */
	if (line.p[line.n - 1] == ' ')
		rd_fail(&r, ERR_FORMAT);
	out->has_client = true;
	return rd_end(&r) == 0 ? 0 : ERR_FORMAT;
}

static int
parse_v1(struct view bytes, struct proxy_header *out, size_t *used_out)
{
	size_t n = bytes.n < PROXY_HEADER_V1_MAX ? bytes.n : PROXY_HEADER_V1_MAX;
	const uint8_t *cr = memchr(bytes.p, '\r', n);

	if (cr == NULL)
		return n == PROXY_HEADER_V1_MAX ? ERR_LIMIT : ERR_AGAIN;
	n = (size_t)(cr - bytes.p);
	if (n + 2 > PROXY_HEADER_V1_MAX)
		return ERR_LIMIT;
	if (n + 2 > bytes.n)
		return ERR_AGAIN;
	if (cr[1] != '\n')
		return ERR_FORMAT;
	*used_out = n + 2;
	return read_line((struct view){ .p = bytes.p, .n = n }, out);
}

/* --- version 2: binary --- */

/*
 * Addresses of source and destination, then both ports. The rest are extensions, which nobody here
 * asks for, and which are skipped unread.
 */
static void
read_client(struct rd *r, uint8_t family, struct proxy_header *out)
{
	static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };
	size_t n = family == V2_TCP_IPV4 ? 4 : 16;
	struct view client = rd_raw(r, n);

	rd_raw(r, n);
	out->port = rd_u16(r);
	rd_u16(r);
	if (r->bad != 0)
		return;
	if (n == 4)
		memcpy(out->client.bytes, mapped_prefix, sizeof(mapped_prefix));
	memcpy(out->client.bytes + 16 - n, client.p, n);
	out->has_client = true;
}

static int
parse_v2(struct view bytes, struct proxy_header *out, size_t *used_out)
{
	struct rd r = rd_of(bytes);
	uint8_t version, command, family;
	size_t length;

	if (bytes.n < V2_HEAD)
		return ERR_AGAIN;
	rd_raw(&r, sizeof(v2_signature));
	version = rd_u8(&r);
	command = version & 0xf;
	family = rd_u8(&r);
	length = rd_u16(&r);
	/* section 2.2: what is not assigned ends the connection */
	if (version >> 4 != V2_VERSION || (command != V2_LOCAL && command != V2_PROXY) ||
	    family >> 4 > V2_FAMILY_LAST || (family & 0xf) > V2_TRANSPORT_LAST)
		return ERR_FORMAT;
	if (length > PROXY_HEADER_V2_MAX - V2_HEAD)
		return ERR_LIMIT;
	if (r.n < length)
		return ERR_AGAIN;
	*used_out = V2_HEAD + length;
	r.n = length;
	if (command == V2_PROXY && (family == V2_TCP_IPV4 || family == V2_TCP_IPV6))
		read_client(&r, family, out);
	return r.bad != 0 ? ERR_FORMAT : 0;
}

int
proxy_header_parse(struct view bytes, struct proxy_header *out, size_t *used_out)
{
	int err = ERR_AGAIN;

	*out = (struct proxy_header){ 0 };
	*used_out = 0;
	if (bytes.n == 0)
		return err;
	if ((err = begins_with(bytes, v1_signature, sizeof(v1_signature))) == 0)
		err = parse_v1(bytes, out, used_out);
	else if (err == ERR_NO_MATCH &&
		 (err = begins_with(bytes, v2_signature, sizeof(v2_signature))) == 0)
		err = parse_v2(bytes, out, used_out);
	if (err != 0)
		*out = (struct proxy_header){ 0 };
	return err;
}
