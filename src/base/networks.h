/*
 * networks.h - a list of networks, as settings name them, that an address is looked for in.
 *
 * Entries are ranges ("192.0.2.0/24") or single addresses. Lists are short and searched one by
 * one. Used by the master for the lists of a service, of proxies and of bans.
 */
#ifndef BASE_NETWORKS_H
#define BASE_NETWORKS_H

#include "base/address.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct networks {
	struct cidr *items;
	size_t count;
};

/* A range or one address; bits behind the prefix are cleared. ERR_FORMAT. */
MUST int network_parse(const char *text, struct cidr *out);
/* "192.0.2.0/24"; an address alone for a network of one. out holds NETWORK_TEXT_MAX bytes. */
const char *network_text(const struct cidr *network, char *out);
bool network_eq(const struct cidr *a, const struct cidr *b);

/* Replaces what is in the list by these texts. ERR_FORMAT, ERR_MEMORY: the list is as it was. */
MUST int networks_set(struct networks *list, char *const *texts, size_t count);
void networks_clear(struct networks *list);
bool networks_have(const struct networks *list, const struct address *address);

enum { NETWORK_TEXT_MAX = ADDRESS_TEXT_MAX + 4 };

#endif
