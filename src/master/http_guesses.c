#include "master/http_guesses.h"

#include <stddef.h>

/* The place of the address, with what has worn off taken away; -1 when it has none. */
static int
find(struct http_guesses *g, const struct address *source, uint64_t now_ms)
{
	for (int i = 0; i < HTTP_GUESSES_ADDRESSES; i++) {
		uint64_t worn_off;

		if (g->addresses[i].count == 0 || !address_eq(&g->addresses[i].source, source))
			continue;
		worn_off = (now_ms - g->addresses[i].since_ms) / HTTP_GUESS_WEARS_OFF_MS;
		g->addresses[i].since_ms += worn_off * HTTP_GUESS_WEARS_OFF_MS;
		if (worn_off >= g->addresses[i].count)
			g->addresses[i].count = 0;
		else
			g->addresses[i].count -= (uint32_t)worn_off;
		return g->addresses[i].count > 0 ? i : -1;
	}
	return -1;
}

bool
http_guesses_may(struct http_guesses *g, const struct address *client, uint64_t now_ms)
{
	struct address source = address_source(client);
	int at = find(g, &source, now_ms);

	return at < 0 || g->addresses[at].count < HTTP_GUESSES_MAX;
}

void
http_guesses_add(struct http_guesses *g, const struct address *client, uint64_t now_ms)
{
	struct address source = address_source(client);
	int at = find(g, &source, now_ms), oldest = 0;

	if (at >= 0) {
		if (g->addresses[at].count < HTTP_GUESSES_MAX)
			g->addresses[at].count++;
		return;
	}
	for (int i = 0; i < HTTP_GUESSES_ADDRESSES && g->addresses[oldest].count > 0; i++) {
		if (g->addresses[i].count == 0 ||
		    g->addresses[i].since_ms < g->addresses[oldest].since_ms)
			oldest = i;
	}
	g->addresses[oldest].source = source;
	g->addresses[oldest].count = 1;
	g->addresses[oldest].since_ms = now_ms;
}
