#include "worker/http_rest.h"

#include "http/http.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETER_MAX = 4096, ID_MAX = 1024 };

static const char *const list_parameters[] = { "limit", "offset", "order", "username", "search",
	NULL };
static const char *const dump_parameters[] = { "output_file", "indent", NULL };
static const char *const load_parameters[] = { "input_file", "scan_quota", "mode", NULL };
static const char *const path_parameters[] = { "path", NULL };
static const char *const key_parameters[] = { "username", NULL };
static const char *const audit_parameters[] = { "actor", "resource", "verb", "subject", "since",
	"until", "limit", "offset", NULL };

/* The paths are those of docs/api/openapi.yaml; a test holds one against the other. */
static const struct http_route routes[] = {
	{ "GET", "/api/v1/version", "version", "show", .flags = 0 },
	{ "GET", "/api/v1/providerstatus", "provider", "check", .flags = 0 },
	{ "GET", "/api/v1/connection", "session", "list", .flags = 0 },
	{ "DELETE", "/api/v1/connection/{connection_id}", "session", "close",
	    .flags = ROUTE_CHANGES, .message_status = 404 },
	{ "GET", "/api/v1/quota_scan", "quota_scan", "list", .flags = 0 },
	{ "POST", "/api/v1/quota_scan", "quota_scan", "start",
	    .flags = ROUTE_CHANGES | ROUTE_USER_NAME, .message_status = 409 },
	{ "DELETE", "/api/v1/quota_scan/{username}", "quota_scan", "cancel",
	    .flags = ROUTE_CHANGES },
	{ "GET", "/api/v1/user", "user", "list", .parameters = list_parameters },
	{ "POST", "/api/v1/user", "user", "add", .flags = ROUTE_CHANGES | ROUTE_BODY },
	{ "GET", "/api/v1/user/{id}", "user", "show", .flags = 0 },
	{ "PUT", "/api/v1/user/{id}", "user", "update",
	    .flags = ROUTE_CHANGES | ROUTE_USER_CHANGE },
	{ "DELETE", "/api/v1/user/{id}", "user", "delete", .flags = ROUTE_CHANGES },
	{ "GET", "/api/v1/user/{id}/explain", "user", "explain", .parameters = path_parameters },
	{ "GET", "/api/v1/user/{id}/quota", "quota", "show", .flags = 0 },
	{ "GET", "/api/v1/user/{id}/totp", "totp", "show", .flags = 0 },
	{ "POST", "/api/v1/user/{id}/totp", "totp", "enrol",
	    .flags = ROUTE_CHANGES | ROUTE_BODY_OR_NONE },
	{ "DELETE", "/api/v1/user/{id}/totp", "totp", "disable", .flags = ROUTE_CHANGES },
	{ "GET", "/api/v1/dumpdata", "backup", "dump", .flags = ROUTE_CHANGES,
	    .parameters = dump_parameters },
	{ "GET", "/api/v1/loaddata", "backup", "load", .flags = ROUTE_CHANGES,
	    .parameters = load_parameters },
	{ "GET", "/api/v1/transfer", "transfer", "list", .flags = 0 },
	{ "GET", "/api/v1/ban", "ban", "list", .flags = 0 },
	{ "POST", "/api/v1/ban", "ban", "add", .flags = ROUTE_CHANGES | ROUTE_BODY },
	{ "DELETE", "/api/v1/ban/{network}", "ban", "remove", .flags = ROUTE_CHANGES },
	{ "GET", "/api/v1/status", "status", "show", .flags = 0 },
	{ "GET", "/api/v1/service", "service", "list", .flags = 0 },
	{ "GET", "/api/v1/settings", "settings", "show", .flags = 0 },
	{ "GET", "/api/v1/admin", "admin", "list", .flags = 0 },
	{ "POST", "/api/v1/admin", "admin", "add", .flags = ROUTE_CHANGES | ROUTE_BODY },
	{ "GET", "/api/v1/admin/{username}", "admin", "show", .flags = 0 },
	{ "PUT", "/api/v1/admin/{username}", "admin", "update",
	    .flags = ROUTE_CHANGES | ROUTE_BODY },
	{ "DELETE", "/api/v1/admin/{username}", "admin", "delete", .flags = ROUTE_CHANGES },
	{ "POST", "/api/v1/admin/{username}/totp", "admin", "totp-enrol", .flags = ROUTE_CHANGES },
	{ "DELETE", "/api/v1/admin/{username}/totp", "admin", "totp-disable",
	    .flags = ROUTE_CHANGES },
	{ "GET", "/api/v1/key", "key", "list", .parameters = key_parameters },
	{ "POST", "/api/v1/key", "key", "add", .flags = ROUTE_CHANGES | ROUTE_BODY },
	{ "DELETE", "/api/v1/key/{username}/{name}", "key", "revoke", .flags = ROUTE_CHANGES },
	{ "GET", "/api/v1/audit", "audit", "list", .parameters = audit_parameters },
	{ "GET", "/api/v1/self", "self", "show", .flags = 0 },
	{ "POST", "/api/v1/login", "login", "open",
	    .flags = ROUTE_CHANGES | ROUTE_BODY | ROUTE_LOGIN },
	{ "POST", "/api/v1/logout", "login", "close", .flags = ROUTE_CHANGES | ROUTE_LOGOUT },
	{ "*", "/metrics", "metrics", "show", .flags = ROUTE_TEXT },
	{ "GET", "/openapi.yaml", "", "", .flags = ROUTE_TEXT | ROUTE_DOCUMENT },
};

static struct view
next_piece(const char **pattern)
{
	size_t n = strcspn(*pattern, "/");
	struct view piece = { .p = (const uint8_t *)*pattern, .n = n };

	*pattern += n;
	*pattern += **pattern == '/';
	return piece;
}

/* True when the path is that of the route. Both begin with '/', and so with an empty piece. */
static bool
path_matches(const struct http_route *route, struct view path,
    struct view ids_out[HTTP_ROUTE_IDS_MAX])
{
	const char *pattern = route->path;
	size_t count = 0;

	while (*pattern != '\0') {
		struct view want = next_piece(&pattern), piece = path;
		const uint8_t *slash = path.n > 0 ? memchr(path.p, '/', path.n) : NULL;

		if ((slash != NULL) != (*pattern != '\0'))
			return false;
		if (slash != NULL) {
			piece.n = (size_t)(slash - path.p);
			path.p += piece.n + 1;
			path.n -= piece.n + 1;
		}
		if (want.n == 0 || want.p[0] != '{') {
			if (!view_eq(want, piece))
				return false;
			continue;
		}
		if (piece.n == 0 || count == HTTP_ROUTE_IDS_MAX)
			return false;
		ids_out[count++] = piece;
	}
	return true;
}

int
http_route_find(struct view method, struct view path, const struct http_route **out,
    struct view ids_out[HTTP_ROUTE_IDS_MAX])
{
	int status = 404;

	*out = NULL;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!path_matches(&routes[i], path, ids_out))
			continue;
		status = 405;
		if (strcmp(routes[i].method, "*") != 0 && !view_is(method, routes[i].method))
			continue;
		*out = &routes[i];
		return 0;
	}
	return status;
}

/* ---- what a request carries */

static bool
refuse(struct http_fault *fault, const char *text)
{
	*fault = (struct http_fault){ .status = 400 };
	snprintf(fault->text, sizeof(fault->text), "%s", text);
	return false;
}

static bool
take_parameters(json_t *control, const struct http_route *route, struct view query,
    struct http_fault *fault)
{
	for (const char *const *name = route->parameters; name != NULL && *name != NULL; name++) {
		struct buf value = buf_init(PARAMETER_MAX);
		int err = http_query_get(query, *name, &value);

		if (err == 0 && json_object_set_new(control, *name,
		    json_stringn(value.n > 0 ? (const char *)value.p : "", value.n)) != 0)
			err = ERR_MEMORY;
		buf_free(&value);
		if (err != 0 && err != ERR_NOT_FOUND) {
			*fault = (struct http_fault){ .status = 400 };
			snprintf(fault->text, sizeof(fault->text), "Invalid %s", *name);
			return false;
		}
	}
	return true;
}

/* The pieces of the path that the route names, over whatever the body says of the same name. */
static bool
take_ids(json_t *control, const struct http_route *route, const struct view *ids,
    struct http_fault *fault)
{
	const char *pattern = route->path;
	bool good = true;

	for (size_t count = 0; *pattern != '\0' && good;) {
		struct view name = next_piece(&pattern);
		struct buf text = buf_init(ID_MAX);

		if (name.n == 0 || name.p[0] != '{')
			continue;
		good = http_path_decode(ids[count++], &text) == 0 &&
		    json_object_setn_new(control, (const char *)name.p + 1, name.n - 2,
			json_stringn((const char *)text.p, text.n)) == 0;
		buf_free(&text);
	}
	return good || refuse(fault, "Invalid id");
}

/*
 * The first JSON value of the body, which must be an object; what stands behind it is ignored, as
 * the contract wants. NULL, with the fault, for anything else.
 */
static json_t *
parse_body(struct view body, struct http_fault *fault)
{
	json_error_t error;
	json_t *value = json_loadb((const char *)body.p, body.n,
	    JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);

	if (json_is_object(value))
		return value;
	json_decref(value);
	*fault = (struct http_fault){ .status = 400 };
	/* the library quotes the client's bytes, which may end in the middle of a character */
	snprintf(fault->text, sizeof(fault->text), "the body is not a JSON object (line %d)",
	    error.line > 0 ? error.line : 1);
	return NULL;
}

/* An id that the body repeats must be that of the path. */
static bool
id_is_same(const json_t *changes, struct view id, struct http_fault *fault)
{
	const json_t *member = json_object_get(changes, "id");
	char text[32];

	if (!json_is_integer(member))
		return true;
	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(member));
	if (view_is(id, text))
		return true;
	refuse(fault, "user ID in request body does not match user ID in path parameter");
	fault->is_message = true;
	return false;
}

static bool
take_body(json_t **control, const struct http_route *route, const struct http_asked *asked,
    struct http_fault *fault)
{
	unsigned bodies = ROUTE_BODY | ROUTE_BODY_OR_NONE | ROUTE_USER_CHANGE | ROUTE_USER_NAME;
	const json_t *name;
	json_t *value;

	if ((route->flags & bodies) == 0 ||
	    (asked->body.n == 0 && (route->flags & ROUTE_BODY_OR_NONE) != 0))
		return true;
	if ((value = parse_body(asked->body, fault)) == NULL)
		return false;
	if (route->flags & (ROUTE_BODY | ROUTE_BODY_OR_NONE)) {
		json_decref(*control);
		*control = value;
		return true;
	}
	if (route->flags & ROUTE_USER_CHANGE) {
		bool same = id_is_same(value, asked->ids[0], fault);

		return json_object_set_new(*control, "changes", value) == 0 && same;
	}
	name = json_object_get(value, "username");
	(void)json_object_set(*control, "username", (json_t *)name);
	json_decref(value);
	return true;
}

static bool
take_token(json_t *control, const struct http_route *route, struct view token,
    struct http_fault *fault)
{
	if ((route->flags & ROUTE_LOGOUT) == 0 || token.n == 0 ||
	    json_object_set_new(control, "token", json_stringn((const char *)token.p, token.n)) == 0)
		return true;
	return refuse(fault, "Invalid token");
}

bool
http_route_control(const struct http_route *route, const struct http_asked *asked,
    struct buf *out, struct http_fault *fault)
{
	json_t *control = json_object();
	bool good = take_body(&control, route, asked, fault) &&
	    take_ids(control, route, asked->ids, fault) &&
	    take_parameters(control, route, asked->query, fault) &&
	    take_token(control, route, asked->token, fault);

	if (good) {
		size_t n = json_dumpb(control, NULL, 0, JSON_COMPACT);
		uint8_t *room = buf_room(out, n);

		if (n == 0 || room == NULL ||
		    json_dumpb(control, (char *)room, n, JSON_COMPACT) != n) {
			*fault = (struct http_fault){ .status = 413, .text = "the body is too long" };
			good = false;
		}
	}
	json_decref(control);
	return good;
}
