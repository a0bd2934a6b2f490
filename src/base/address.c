#include "base/address.h"

#include "base/hash.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool
address_is_ipv4(const struct address *a)
{
	return memcmp(a->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static void
from_ipv4(struct address *out, const struct in_addr *in)
{
	memcpy(out->bytes, mapped_prefix, sizeof(mapped_prefix));
	memcpy(out->bytes + 12, in, 4);
}

int
address_from_sockaddr(const struct sockaddr *sa, struct address *out, uint16_t *port_out)
{
	uint16_t port;

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;

		from_ipv4(out, &in->sin_addr);
		port = in->sin_port;
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;

		memcpy(out->bytes, &in6->sin6_addr, 16);
		port = in6->sin6_port;
	} else {
		return ERR_UNSUPPORTED;
	}
	if (port_out != NULL)
		*port_out = ntohs(port);
	return 0;
}

int
address_parse(const char *text, struct address *out)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) == 1) {
		from_ipv4(out, &in);
		return 0;
	}
	return inet_pton(AF_INET6, text, out->bytes) == 1 ? 0 : ERR_FORMAT;
}

const char *
address_text(const struct address *a, char *out)
{
	const char *text;

	if (address_is_ipv4(a))
		text = inet_ntop(AF_INET, a->bytes + 12, out, ADDRESS_TEXT_MAX);
	else
		text = inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT_MAX);
	if (text == NULL)
		bug("address does not fit");
	return out;
}

bool
address_eq(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool
address_is_loopback(const struct address *a)
{
	static const uint8_t ipv6_loopback[16] = { [15] = 1 };

	if (address_is_ipv4(a))
		return a->bytes[12] == 127;
	return memcmp(a->bytes, ipv6_loopback, sizeof(ipv6_loopback)) == 0;
}

bool
address_is_unicast(const struct address *a)
{
	static const uint8_t any[16] = { 0 };

	/* RFC 6890: 0.0.0.0/8 is "this network", all from 224.0.0.0 on multicast or reserved */
	if (address_is_ipv4(a))
		return a->bytes[12] != 0 && a->bytes[12] < 224;
	return a->bytes[0] != 0xff && memcmp(a->bytes, any, sizeof(any)) != 0;
}

uint32_t
address_hash(const struct address *a)
{
	return hash_bytes(a->bytes, sizeof(a->bytes));
}

struct address
address_source(const struct address *a)
{
	struct address source = *a;

	if (!address_is_ipv4(a))
		memset(source.bytes + 8, 0, 8);
	return source;
}

int
cidr_parse(const char *text, struct cidr *out)
{
	char copy[ADDRESS_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t n;
	unsigned long prefix;
	unsigned max;
	char *end;

	if (slash == NULL || (n = (size_t)(slash - text)) >= sizeof(copy))
		return ERR_FORMAT;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (address_parse(copy, &out->network) != 0)
		return ERR_FORMAT;
	if (slash[1] < '0' || slash[1] > '9')
		return ERR_FORMAT;
	max = strchr(copy, ':') == NULL ? 32 : 128;
	prefix = strtoul(slash + 1, &end, 10);
	if (*end != '\0' || prefix > max)
		return ERR_FORMAT;
	out->prefix = (unsigned)prefix + (128 - max);
	return 0;
}

bool
cidr_has(const struct cidr *c, const struct address *a)
{
	unsigned whole = c->prefix / 8, rest = c->prefix % 8;

	if (address_is_ipv4(a) && c->prefix < 8 * sizeof(mapped_prefix))
		return false;
	if (memcmp(c->network.bytes, a->bytes, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	return ((c->network.bytes[whole] ^ a->bytes[whole]) >> (8 - rest)) == 0;
}
