#include "control/control_answer.h"

#include "base/log_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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
	json_decref(answer->before);
	json_decref(answer->after);
	for (size_t i = 0; i < answer->change_count; i++)
		user_free(&answer->changes[i].user);
	free(answer->changes);
	*answer = (struct control_answer){ 0 };
}

void
control_answer_give(struct control_answer *answer, json_t *body)
{
	if (body == NULL) {
		control_answer_set(answer, 500, "%s", err_text(ERR_MEMORY));
		return;
	}
	answer->status = 200;
	answer->body = body;
}

void
control_answer_changed(
	struct control_answer *answer, enum user_change kind, const struct user *user)
{
	struct user *copy;

	if (answer->change_count == answer->change_room) {
		size_t room = answer->change_room > 0 ? 2 * answer->change_room : 1;
		struct control_change *more =
		    reallocarray(answer->changes, room, sizeof(*more));

		if (more == NULL)
			return;
		answer->changes = more;
		answer->change_room = room;
	}
	if (user_copy(user, &copy) == 0)
		answer->changes[answer->change_count++] =
		    (struct control_change){ .kind = kind, .user = copy };
}

void
control_answer_failure(struct control_answer *answer, int err, const struct failure *failure)
{
	int status = 500;

	if (err == ERR_INVALID)
		status = 400;
	else if (err == ERR_DENIED)
		status = 403;
	else if (err == ERR_NOT_FOUND)
		status = 404;
	control_answer_set(answer, status, "%s",
	    failure->text[0] != '\0' ? failure->text : err_text(err));
}

void
control_answer_bad(struct control_answer *answer, int err, const struct failure *failure)
{
	control_answer_failure(answer, err == ERR_MEMORY ? err : ERR_INVALID, failure);
}

void
control_answer_subject(struct control_answer *answer, const char *name)
{
	snprintf(answer->subject, sizeof(answer->subject), "%s", name);
}
