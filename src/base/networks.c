#include "base/networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS_BITS = 128, IPV4_BITS = 32 };

int
network_parse(const char *text, struct cidr *out)
{
	*out = (struct cidr){ .prefix = ADDRESS_BITS };
	if (strchr(text, '/') == NULL)
		return address_parse(text, &out->network);
	if (cidr_parse(text, out) != 0)
		return ERR_FORMAT;
	for (unsigned bit = out->prefix; bit < ADDRESS_BITS; bit++)
		out->network.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	return 0;
}

const char *
network_text(const struct cidr *network, char *out)
{
	char address[ADDRESS_TEXT_MAX];
	unsigned prefix = network->prefix;

	address_text(&network->network, address);
	if (address_is_ipv4(&network->network))
		prefix -= ADDRESS_BITS - IPV4_BITS;
	if (network->prefix == ADDRESS_BITS)
		snprintf(out, NETWORK_TEXT_MAX, "%s", address);
	else
		snprintf(out, NETWORK_TEXT_MAX, "%s/%u", address, prefix);
	return out;
}

bool
network_eq(const struct cidr *a, const struct cidr *b)
{
	return a->prefix == b->prefix && address_eq(&a->network, &b->network);
}

int
networks_set(struct networks *list, char *const *texts, size_t count)
{
	struct networks fresh = { 0 };
	int err = 0;

	if (count > 0 && (fresh.items = calloc(count, sizeof(*fresh.items))) == NULL)
		return ERR_MEMORY;
	while (err == 0 && fresh.count < count) {
		err = network_parse(texts[fresh.count], &fresh.items[fresh.count]);
		fresh.count++;
	}
	if (err != 0) {
		networks_clear(&fresh);
		return err;
	}
	networks_clear(list);
	*list = fresh;
	return 0;
}

void
networks_clear(struct networks *list)
{
	free(list->items);
	*list = (struct networks){ 0 };
}

bool
networks_have(const struct networks *list, const struct address *address)
{
	for (size_t i = 0; i < list->count; i++) {
		if (cidr_has(&list->items[i], address))
			return true;
	}
	return false;
}
