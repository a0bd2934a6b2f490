/*
 * address.h - network addresses as text, as keys for counting, and as CIDR ranges.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* "255.255.255.255" or "ffff:...:ffff" with a terminating NUL, zone left out. */
enum { ADDRESS_TEXT_MAX = 64 };

/*
 * An IP address without a port. IPv4 is kept in the IPv4-mapped form (RFC 4291 section 2.5.5.2),
 * so that ::ffff:192.0.2.1 and 192.0.2.1 are one address and no rule is missed by spelling.
 */
struct address {
	uint8_t bytes[16];
};

struct cidr {
	struct address network;
	unsigned prefix; /* bits of the 128 */
};

/* ERR_UNSUPPORTED for anything but AF_INET and AF_INET6. port_out may be NULL. */
MUST int address_from_sockaddr(const struct sockaddr *sa, struct address *out, uint16_t *port_out);
/* ERR_FORMAT when the text is not an IPv4 or IPv6 address. */
MUST int address_parse(const char *text, struct address *out);
/* Writes the shortest usual text; out holds ADDRESS_TEXT_MAX bytes. Returns out. */
const char *address_text(const struct address *a, char *out);
bool address_eq(const struct address *a, const struct address *b);
bool address_is_ipv4(const struct address *a);
/* 127.0.0.0/8, ::1 */
bool address_is_loopback(const struct address *a);
/* An address that one machine can have: no "any", no multicast, no broadcast, nothing reserved. */
bool address_is_unicast(const struct address *a);
/* For tables of addresses. Not secret: who knows it can fill one bucket, so bound the table. */
uint32_t address_hash(const struct address *a);
/*
 * The part that one attacker can be presumed to own, for counting: the whole of an IPv4 address,
 * the first 64 bits of an IPv6 one.
 */
struct address address_source(const struct address *a);

/* "192.0.2.0/24", "2001:db8::/32"; the mask is required. ERR_FORMAT. */
MUST int cidr_parse(const char *text, struct cidr *out);
/* An IPv4 address is in no range of IPv6 networks, not in ::/0 either. */
bool cidr_has(const struct cidr *c, const struct address *a);

#endif
