/*
 * http_guard.h - is this request one that somebody meant to send to us? Pure checks of a head.
 *
 * Without a password everybody on this machine may ask, and so may every web page that somebody
 * on it looks at, unless we look: a page can send requests here under its own name (cross-site
 * requests), or make its own name point here (DNS rebinding). So a request of another site that
 * changes something is refused always, and one to a foreign name where no password is asked.
 */
#ifndef WORKER_HTTP_GUARD_H
#define WORKER_HTTP_GUARD_H

#include "base/address.h"
#include "base/err.h"
#include "base/rd.h"
#include "http/http.h"

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_GUARD_MAX = 64 };

struct http_guard {
	bool foreign_hosts;          /* any name is ours: a password is asked */
	char *hosts[HTTP_GUARD_MAX]; /* names that are ours, without a port; owned */
	size_t host_count;
	struct cidr proxies[HTTP_GUARD_MAX]; /* whose X-Forwarded-For is believed */
	size_t proxy_count;
};

/* Both lists are sequences of RFC 4251 strings. ERR_FORMAT, ERR_LIMIT or ERR_MEMORY. */
MUST int http_guard_init(struct http_guard *guard, struct view hosts, struct view proxies);
bool http_guard_is_proxy(const struct http_guard *guard, const struct address *peer);
/* NULL, or why the request is refused. */
const char *http_guard_check(const struct http_guard *guard, const struct http_head *head,
    bool is_change);
/*
 * Who the client is, as a proxy that is trusted tells it: the last address of X-Forwarded-For that
 * is no such proxy itself, else X-Real-IP. False when neither says it.
 */
bool http_guard_forwarded(const struct http_guard *guard, const struct http_head *head,
    struct address *out);

#endif
