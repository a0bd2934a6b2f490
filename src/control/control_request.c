#include "control/control_request.h"

#include "base/secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The library frees texts without wiping them. */
static void
wipe_member(json_t *object, const char *key)
{
	json_t *member = json_object_get(object, key);

	if (json_is_string(member))
		secret_wipe((char *)json_string_value(member), json_string_length(member));
}

void
control_request_free(struct control_request *request)
{
	wipe_member(request->body, "password");
	wipe_member(request->body, "token");
	wipe_member(json_object_get(request->body, "changes"), "password");
	json_decref(request->body);
	request->body = NULL;
}

const char *
control_body_plain(const json_t *body, const char *key)
{
	const json_t *member = json_object_get(body, key);

	if (!json_is_string(member) ||
	    strlen(json_string_value(member)) != json_string_length(member))
		return "";
	return json_string_value(member);
}

const char *
control_body_text(const json_t *body, const char *key, struct control_answer *answer)
{
	const char *text = control_body_plain(body, key);

	if (text[0] != '\0')
		return text;
	control_answer_set(answer, 400, "the request needs a text \"%s\"", key);
	return NULL;
}

/* strtoll() alone would take leading blanks, and "" for 0. */
static bool
is_number_text(const json_t *member, int64_t *out)
{
	const char *text = json_string_value(member);
	char *end;

	if (text == NULL || text[0] == '\0' || isspace((unsigned char)text[0]))
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end == text + json_string_length(member);
}

bool
control_body_number(const json_t *body, const char *key, int64_t preset, int64_t *out,
	struct control_answer *answer)
{
	const json_t *member = json_object_get(body, key);

	*out = preset;
	if (member == NULL)
		return true;
	if (json_is_integer(member)) {
		*out = json_integer_value(member);
		return true;
	}
	if (is_number_text(member, out))
		return true;
	control_answer_set(answer, 400, "Invalid %s", key);
	return false;
}

bool
control_body_filter(const json_t *body, const char *key, const char **out,
	struct control_answer *answer)
{
	const json_t *member = json_object_get(body, key);

	*out = json_string_value(member);
	if (member == NULL || (*out != NULL && strlen(*out) == json_string_length(member)))
		return true;
	control_answer_set(answer, 400, "Invalid %s", key);
	return false;
}

bool
control_request_make(const char *resource, const char *verb, json_t *body,
	struct control_request *out, struct control_answer *answer)
{
	bool resource_known = false;

	*out = (struct control_request){ 0 };
	if (body != NULL && !json_is_object(body) && !json_is_null(body)) {
		control_answer_set(answer, 400, "the body is not an object");
		goto out;
	}
	out->row = control_row_find(resource, verb, &resource_known);
	if (out->row == NULL) {
		control_answer_set(answer, 404, "there is no %s \"%.64s\"",
		    resource_known ? "verb" : "resource", resource_known ? verb : resource);
		goto out;
	}
	out->body = json_is_object(body) ? json_incref(body) : json_object();
	if (out->body == NULL)
		control_answer_set(answer, 500, "%s", err_text(ERR_MEMORY));
out:
	json_decref(body);
	return out->body != NULL;
}

bool
control_request_parse(struct view line, struct control_request *out, struct control_answer *answer)
{
	json_error_t error;
	json_t *request;
	bool good;

	*out = (struct control_request){ 0 };
	request = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(request)) {
		control_answer_set(answer, 400, "the request is not a JSON object");
		json_decref(request);
		return false;
	}
	good = control_request_make(control_body_plain(request, "resource"), control_body_plain(request, "verb"),
	    json_incref(json_object_get(request, "body")), out, answer);
	json_decref(request);
	return good;
}
