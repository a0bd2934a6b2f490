#include "master/control_request.h"

#include "base/log_line.h"
#include "base/secret.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
control_answer_set(struct control_answer *answer, int status, const char *format, ...)
{
	va_list ap;

	answer->status = status;
	va_start(ap, format);
	vsnprintf(answer->message, sizeof(answer->message), format, ap);
	va_end(ap);
}

void
control_answer_write(const struct control_answer *answer, struct buf *line)
{
	char *body = NULL;

	buf_printf(line, "{\"status\":%d", answer->status);
	if (answer->message[0] != '\0') {
		buf_text(line, ",\"message\":");
		json_quote(line, view_of(answer->message));
	}
	if (answer->body != NULL) {
		body = json_dumps(answer->body, JSON_COMPACT | JSON_ENCODE_ANY);
		if (body == NULL)
			line->bad = ERR_MEMORY;
		buf_text(line, ",\"body\":");
		buf_text(line, body != NULL ? body : "null");
	}
	buf_text(line, "}\n");
	free(body);
}

void
control_answer_free(struct control_answer *answer)
{
	json_decref(answer->body);
	answer->body = NULL;
}

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
	wipe_member(json_object_get(request->body, "changes"), "password");
	json_decref(request->body);
	request->body = NULL;
}

/* The member, or "" when it is missing or no text without NUL. */
static const char *
plain_text(const json_t *object, const char *key)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_string(member) ||
	    strlen(json_string_value(member)) != json_string_length(member))
		return "";
	return json_string_value(member);
}

const char *
control_body_text(const json_t *body, const char *key, struct control_answer *answer)
{
	const char *text = plain_text(body, key);

	if (text[0] != '\0')
		return text;
	control_answer_set(answer, 400, "the request needs a text \"%s\"", key);
	return NULL;
}

bool
control_request_parse(struct view line, struct control_request *out, struct control_answer *answer)
{
	const char *resource, *verb;
	bool resource_known = false;
	json_error_t error;
	json_t *request, *body;

	*out = (struct control_request){ 0 };
	request = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(request)) {
		control_answer_set(answer, 400, "the request is not a JSON object");
		goto out;
	}
	resource = plain_text(request, "resource");
	verb = plain_text(request, "verb");
	body = json_object_get(request, "body");
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
	json_decref(request);
	return out->body != NULL;
}
