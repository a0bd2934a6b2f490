#include "worker/http_rest.h"

#include "http/http.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETER_MAX = 4096, ID_MAX = 256 };

static const char *const list_parameters[] = { "limit", "offset", "order", "username", "search",
	NULL };
static const char *const dump_parameters[] = { "output_file", "indent", NULL };
static const char *const load_parameters[] = { "input_file", "scan_quota", "mode", NULL };

static const struct http_route routes[] = {
	{ "GET", "/api/v1/version", "version", "show", .flags = 0 },
	{ "GET", "/api/v1/providerstatus", "provider", "check", .flags = 0 },
	{ "GET", "/api/v1/connection", "session", "list", .flags = 0 },
	{ "DELETE", "/api/v1/connection/", "session", "close",
	    .flags = ROUTE_CHANGES, .id_key = "connection_id", .message_status = 404 },
	{ "GET", "/api/v1/quota_scan", "quota_scan", "list", .flags = 0 },
	{ "POST", "/api/v1/quota_scan", "quota_scan", "start",
	    .flags = ROUTE_CHANGES | ROUTE_USER_NAME, .message_status = 409 },
	{ "GET", "/api/v1/user", "user", "list", .parameters = list_parameters },
	{ "POST", "/api/v1/user", "user", "add", .flags = ROUTE_CHANGES | ROUTE_USER },
	{ "GET", "/api/v1/user/", "user", "show", .id_key = "id" },
	{ "PUT", "/api/v1/user/", "user", "update",
	    .flags = ROUTE_CHANGES | ROUTE_USER_CHANGE, .id_key = "id" },
	{ "DELETE", "/api/v1/user/", "user", "delete", .flags = ROUTE_CHANGES, .id_key = "id" },
	{ "GET", "/api/v1/dumpdata", "backup", "dump", .flags = ROUTE_CHANGES,
	    .parameters = dump_parameters },
	{ "GET", "/api/v1/loaddata", "backup", "load", .flags = ROUTE_CHANGES,
	    .parameters = load_parameters },
	{ "*", "/metrics", "metrics", "show", .flags = ROUTE_TEXT },
};

/* True when the path is that of the route; then *id_out is what follows it. */
static bool
path_matches(const struct http_route *route, struct view path, struct view *id_out)
{
	size_t n = strlen(route->path);
	bool takes_id = route->path[n - 1] == '/';

	if (path.n < n || memcmp(path.p, route->path, n) != 0)
		return false;
	*id_out = (struct view){ .p = path.p + n, .n = path.n - n };
	if (takes_id)
		return id_out->n > 0 && memchr(id_out->p, '/', id_out->n) == NULL;
	return id_out->n == 0;
}

int
http_route_find(struct view method, struct view path, const struct http_route **out,
    struct view *id_out)
{
	int status = 404;

	*out = NULL;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		struct view id;

		if (!path_matches(&routes[i], path, &id))
			continue;
		status = 405;
		if (strcmp(routes[i].method, "*") != 0 && !view_is(method, routes[i].method))
			continue;
		*out = &routes[i];
		*id_out = id;
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

/* As in http_query.h, for one piece of a path. */
static bool
take_id(json_t *control, const struct http_route *route, struct view id, struct http_fault *fault)
{
	char text[ID_MAX];

	if (view_copy(id, text, sizeof(text)) == 0 &&
	    json_object_set_new(control, route->id_key, json_string(text)) == 0)
		return true;
	return refuse(fault, "Invalid id");
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
take_body(json_t **control, const struct http_route *route, struct view id, struct view body,
    struct http_fault *fault)
{
	json_t *value = parse_body(body, fault);
	const json_t *name;

	if (value == NULL)
		return false;
	if (route->flags & ROUTE_USER) {
		json_decref(*control);
		*control = value;
		return true;
	}
	if (route->flags & ROUTE_USER_CHANGE) {
		bool same = id_is_same(value, id, fault);

		return json_object_set_new(*control, "changes", value) == 0 && same;
	}
	name = json_object_get(value, "username");
	(void)json_object_set(*control, "username", (json_t *)name);
	json_decref(value);
	return true;
}

bool
http_route_control(const struct http_route *route, struct view id, struct view query,
    struct view body, struct buf *out, struct http_fault *fault)
{
	json_t *control = json_object();
	unsigned bodies = ROUTE_USER | ROUTE_USER_CHANGE | ROUTE_USER_NAME;
	bool good = (route->id_key == NULL || take_id(control, route, id, fault)) &&
	    take_parameters(control, route, query, fault) &&
	    ((route->flags & bodies) == 0 || take_body(&control, route, id, body, fault));

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
