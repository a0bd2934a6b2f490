/*
 * The audit log: what the engine writes there about a change, and what is read of it. On the
 * thread pool.
 */
#include "control/control_audit.h"

#include "base/clock.h"
#include "control/control_admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_DEFAULT = 100, LIST_MAX = 500 };

int
control_audit_write(const struct control_context *context, const struct control_row *row,
	const struct control_answer *answer, struct failure *failure)
{
	const struct control_actor *actor = context->actor;
	char who[sizeof(actor->name) + sizeof(actor->key) + 1];
	char *before = answer->before != NULL ? json_dumps(answer->before, JSON_COMPACT) : NULL;
	char *after = answer->after != NULL ? json_dumps(answer->after, JSON_COMPACT) : NULL;
	struct audit_entry entry = { .time = clock_wall_ms(),
		.kind = control_actor_kind_text(actor->kind), .actor = who,
		.origin = actor->origin, .resource = row->resource, .verb = row->verb,
		.subject = answer->subject, .status = answer->status, .message = answer->message,
		.before = before, .after = after };
	int err;

	snprintf(who, sizeof(who), "%s%s%s", actor->name, actor->key[0] != '\0' ? "/" : "",
	    actor->key);
	err = audit_store_add(context->admins, &entry, &context->audit, failure);
	free(before);
	free(after);
	return err;
}

static json_t *
value_of(const char *text)
{
	json_t *value = text != NULL ? json_loads(text, 0, NULL) : NULL;

	return value != NULL ? value : json_null();
}

static int
add_to_list(void *data, const struct audit_entry *e)
{
	json_t *entry = json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o}", "id",
	    (json_int_t)e->id, "time", (json_int_t)e->time, "kind", e->kind, "actor", e->actor,
	    "origin", e->origin, "resource", e->resource, "verb", e->verb, "status",
	    (json_int_t)e->status, "before", value_of(e->before), "after", value_of(e->after));
	/* these may hold what a client sent, which need not be UTF-8 */
	json_t *subject = json_string(e->subject), *message = json_string(e->message);

	json_object_set_new(entry, "subject", subject != NULL ? subject : json_string("?"));
	json_object_set_new(entry, "message", message != NULL ? message : json_string("?"));
	return json_array_append_new(data, entry) == 0 ? 0 : ERR_MEMORY;
}

static bool
read_query(const json_t *body, struct audit_query *query, struct control_answer *answer)
{
	const struct {
		const char *key;
		const char **out;
	} texts[] = { { "actor", &query->actor }, { "resource", &query->resource },
		{ "verb", &query->verb }, { "subject", &query->subject } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!control_body_filter(body, texts[i].key, texts[i].out, answer))
			return false;
		if (*texts[i].out == NULL)
			*texts[i].out = "";
	}
	if (!control_body_number(body, "since", 0, &query->since, answer) ||
	    !control_body_number(body, "until", 0, &query->until, answer) ||
	    !control_body_number(body, "limit", LIST_DEFAULT, &query->limit, answer) ||
	    !control_body_number(body, "offset", 0, &query->offset, answer))
		return false;
	if (query->limit > LIST_MAX)
		query->limit = LIST_MAX;
	if (query->limit >= 0)
		return true;
	control_answer_set(answer, 400, "Invalid limit");
	return false;
}

void
control_audit_list(
	struct control_context *context, const json_t *body, struct control_answer *answer)
{
	struct audit_query query = { 0 };
	struct failure failure = { 0 };
	json_t *list;
	int err;

	if (!read_query(body, &query, answer))
		return;
	list = json_array();
	err = audit_store_each(context->admins, &query, add_to_list, list, &failure);
	control_answer_list(answer, list, err, &failure);
}
