/*
 * http_guesses.h - how often an address may guess at the passwords of the HTTP API.
 *
 * Pure bookkeeping, no clock: each refusal counts against address_source() of the client and wears
 * off. The table is small; when it is full the address that has been quiet for longest is
 * forgotten. Private to master/.
 */
#ifndef MASTER_HTTP_GUESSES_H
#define MASTER_HTTP_GUESSES_H

#include "base/address.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	HTTP_GUESSES_MAX = 10,        /* at once; then one for each that has worn off */
	HTTP_GUESS_WEARS_OFF_MS = 6000,
	HTTP_GUESSES_ADDRESSES = 256,
};

struct http_guesses {
	struct {
		struct address source;
		uint32_t count; /* 0: the place is free */
		uint64_t since_ms; /* when the count was last right */
	} addresses[HTTP_GUESSES_ADDRESSES];
};

/* Whether one more may be tried. */
bool http_guesses_may(struct http_guesses *guesses, const struct address *client, uint64_t now_ms);
/* One was refused. */
void http_guesses_add(struct http_guesses *guesses, const struct address *client, uint64_t now_ms);

#endif
