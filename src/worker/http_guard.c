#include "worker/http_guard.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = 255 };

static int
range_of(const char *text, struct cidr *out)
{
	*out = (struct cidr){ .prefix = 128 };
	return strchr(text, '/') != NULL ? cidr_parse(text, out)
					 : address_parse(text, &out->network);
}

int
http_guard_init(struct http_guard *guard, struct view hosts, struct view proxies)
{
	struct rd r = rd_of(hosts);

	while (r.n > 0 && r.bad == 0) {
		struct view host = rd_str(&r, NAME_MAX_BYTES);

		if (guard->host_count == HTTP_GUARD_MAX)
			return ERR_LIMIT;
		if (r.bad == 0 && (guard->hosts[guard->host_count++] = view_dup(host)) == NULL)
			return ERR_MEMORY;
	}
	if (r.bad != 0)
		return ERR_FORMAT;
	r = rd_of(proxies);
	while (r.n > 0 && r.bad == 0) {
		char text[ADDRESS_TEXT_MAX];

		if (guard->proxy_count == HTTP_GUARD_MAX)
			return ERR_LIMIT;
		if (view_copy(rd_str(&r, NAME_MAX_BYTES), text, sizeof(text)) != 0 ||
		    range_of(text, &guard->proxies[guard->proxy_count++]) != 0)
			return ERR_FORMAT;
	}
	return r.bad != 0 ? ERR_FORMAT : 0;
}

bool
http_guard_is_proxy(const struct http_guard *guard, const struct address *peer)
{
	for (size_t i = 0; i < guard->proxy_count; i++) {
		if (cidr_has(&guard->proxies[i], peer))
			return true;
	}
	return false;
}

/* "[::1]:8080" and "example.com:8080" without the port, and without the brackets. */
static struct view
name_of(struct view host)
{
	const uint8_t *end = host.n > 0 ? memrchr(host.p, ':', host.n) : NULL;
	const uint8_t *bracket = host.n > 0 ? memchr(host.p, ']', host.n) : NULL;

	if (bracket != NULL && host.p[0] == '[')
		return (struct view){ .p = host.p + 1, .n = (size_t)(bracket - host.p) - 1 };
	return (struct view){ .p = host.p, .n = end != NULL ? (size_t)(end - host.p) : host.n };
}

static bool
is_our_name(const struct http_guard *guard, struct view name)
{
	char text[ADDRESS_TEXT_MAX];
	struct address address;

	for (size_t i = 0; i < guard->host_count; i++) {
		if (http_text_is(name, guard->hosts[i]))
			return true;
	}
	if (http_text_is(name, "localhost"))
		return true;
	/* an address is never looked up, so that nobody can make it point elsewhere */
	return view_copy(name, text, sizeof(text)) == 0 && address_parse(text, &address) == 0 &&
	    address_is_loopback(&address);
}

/* Whether a page of this origin came from where the request goes (RFC 6454 section 7). */
static bool
is_our_origin(const struct http_guard *guard, const struct http_head *head, struct view origin)
{
	const uint8_t *slashes = origin.n > 0 ? memmem(origin.p, origin.n, "://", 3) : NULL;
	struct view host;

	if (slashes == NULL)
		return false;
	host.p = slashes + 3;
	host.n = origin.n - (size_t)(host.p - origin.p);
	if (host.n == head->host.n &&
	    strncasecmp((const char *)host.p, (const char *)head->host.p, host.n) == 0)
		return true;
	for (size_t i = 0; i < guard->host_count; i++) {
		if (http_text_is(name_of(host), guard->hosts[i]))
			return true;
	}
	return false;
}

const char *
http_guard_check(const struct http_guard *guard, const struct http_head *head, bool is_change)
{
	struct view site = http_head_field(head, "Sec-Fetch-Site");

	if (!guard->foreign_hosts && !is_our_name(guard, name_of(head->host)))
		return "this server does not go by that name";
	if (http_head_count(head, "Origin") > 0 &&
	    !is_our_origin(guard, head, http_head_field(head, "Origin")))
		return "requests of another site are refused";
	if (is_change && (http_text_is(site, "cross-site") || http_text_is(site, "same-site")))
		return "requests of another site are refused";
	return NULL;
}

/* An address with or without a port, as proxies write it. */
static bool
parse_forwarded(struct view text, struct address *out)
{
	char copy[ADDRESS_TEXT_MAX];
	struct view name = text;

	while (name.n > 0 && name.p[0] == ' ') {
		name.p++;
		name.n--;
	}
	while (name.n > 0 && name.p[name.n - 1] == ' ')
		name.n--;
	if (view_copy(name, copy, sizeof(copy)) == 0 && address_parse(copy, out) == 0)
		return true;
	return view_copy(name_of(name), copy, sizeof(copy)) == 0 && address_parse(copy, out) == 0;
}

bool
http_guard_forwarded(const struct http_guard *guard, const struct http_head *head,
    struct address *out)
{
	struct view real = http_head_field(head, "X-Real-IP");
	bool found = false;

	/* each proxy adds whom it saw at the end: what stands before a stranger, the stranger wrote */
	for (size_t i = head->field_count; i > 0; i--) {
		struct view rest = head->fields[i - 1].value;

		if (!http_text_is(head->fields[i - 1].name, "X-Forwarded-For"))
			continue;
		while (rest.n > 0) {
			const uint8_t *comma = memrchr(rest.p, ',', rest.n);
			size_t begin = comma != NULL ? (size_t)(comma - rest.p) + 1 : 0;
			struct view last = { .p = rest.p + begin, .n = rest.n - begin };

			if (!parse_forwarded(last, out))
				return found;
			found = true;
			if (!http_guard_is_proxy(guard, out))
				return true;
			rest.n = comma != NULL ? begin - 1 : 0;
		}
	}
	return found || (real.n > 0 && parse_forwarded(real, out));
}
