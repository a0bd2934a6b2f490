#include "control/control_engine.h"

#include "control/control_audit.h"
#include "log/log.h"

#include <stdlib.h>

struct control_engine {
	struct control_engine_settings settings;
};

/* A request under way. */
struct call {
	struct control_engine *engine;
	struct control_context context;
	struct control_actor actor;
	struct control_request request;
	struct control_answer answer;
	bool handled;
	struct failure failure; /* of the audit log */
	control_done *done;
	void *ctx;
	uv_work_t work;
};

int
control_engine_new(struct control_engine **out, const struct control_engine_settings *settings)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ERR_MEMORY;
	(*out)->settings = *settings;
	return 0;
}

void
control_engine_free(struct control_engine **engine)
{
	free(*engine);
	*engine = NULL;
}

static void
write_log(const struct call *call)
{
	const struct control_row *row = call->request.row;
	const struct control_answer *answer = &call->answer;
	enum log_level level = LOG_LEVEL_DEBUG;

	if (answer->status >= 400)
		level = LOG_LEVEL_WARN;
	else if (row->is_change)
		level = LOG_LEVEL_INFO;
	log_app(call->engine->settings.log, level, "control", "",
	    "%s %s%s%s by %s %s%s%s from %s: %d %s", row->resource, row->verb,
	    answer->subject[0] != '\0' ? " " : "", answer->subject,
	    control_actor_kind_text(call->actor.kind), call->actor.name,
	    call->actor.key[0] != '\0' ? "/" : "", call->actor.key, call->actor.origin,
	    answer->status, answer->message);
}

static void
tell_changes(const struct call *call)
{
	const struct control_hooks *hooks = call->context.hooks;
	const struct control_answer *answer = &call->answer;

	if (answer->change_count > 0 && hooks->users_changed != NULL)
		hooks->users_changed(hooks->ctx, answer->changes, answer->change_count);
	for (size_t i = 0; i < answer->change_count && hooks->scan_quota != NULL; i++) {
		const struct user *user = answer->changes[i].user;
		bool is_limited = user->quota_size > 0 || user->quota_files > 0;
		int err = 0;

		if (answer->scan_quota == 1 || (answer->scan_quota == 2 && is_limited))
			err = hooks->scan_quota(hooks->ctx, user->username);
		/* one that is under way counts what was there before the load, too */
		if (err != 0 && err != ERR_EXISTS)
			log_app(call->engine->settings.log, LOG_LEVEL_WARN, "quota", "",
			    "no scan for user \"%s\": %s", user->username, err_text(err));
	}
}

static void
finish(struct call *call)
{
	write_log(call);
	if (call->failure.text[0] != '\0')
		log_app(call->engine->settings.log, LOG_LEVEL_ERROR, "control", "",
		    "the audit log could not be written: %s", call->failure.text);
	tell_changes(call);
	call->done(call->ctx, &call->answer);
	control_request_free(&call->request);
	control_answer_free(&call->answer);
	free(call);
}

static void
handle(struct call *call)
{
	call->handled = true;
	call->request.row->handle(&call->context, call->request.body, &call->answer);
}

/* On a thread of the pool: the handler, unless the loop has run it, and the audit log. */
static void
work(uv_work_t *request)
{
	struct call *call = request->data;

	if (!call->handled)
		handle(call);
	if (call->request.row->is_change && call->context.admins != NULL)
		(void)!control_audit_write(&call->context, call->request.row, &call->answer,
		    &call->failure);
}

static void
on_worked(uv_work_t *request, int status)
{
	struct call *call = request->data;

	if (status != 0)
		control_answer_set(&call->answer, 503, "the server is stopping");
	finish(call);
}

static void
queue(struct call *call)
{
	if (uv_queue_work(call->engine->settings.loop, &call->work, work, on_worked) == 0)
		return;
	control_answer_set(&call->answer, 500, "%s", err_text(ERR_MEMORY));
	finish(call);
}

static bool
may_ask(const struct call *call)
{
	enum control_area area = call->request.row->area;

	return area == AREA_ANY || (call->actor.areas & 1u << area) != 0;
}

void
control_engine_run(struct control_engine *engine, const struct control_actor *actor,
	struct control_request *request, control_done *done, void *ctx)
{
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL) {
		struct control_answer answer = { 0 };

		control_answer_set(&answer, 500, "%s", err_text(ERR_MEMORY));
		done(ctx, &answer);
		control_request_free(request);
		return;
	}
	call->engine = engine;
	call->context = engine->settings.context;
	call->actor = *actor;
	call->context.actor = &call->actor;
	if (call->context.hooks->account_settings != NULL)
		call->context.account_settings =
		    call->context.hooks->account_settings(call->context.hooks->ctx);
	call->request = *request;
	*request = (struct control_request){ 0 };
	call->done = done;
	call->ctx = ctx;
	call->work.data = call;
	if (!may_ask(call)) {
		control_answer_set(&call->answer, 403, "%s may not use the area \"%s\"",
		    call->actor.name, control_area_name(call->request.row->area));
		call->handled = true;
	} else if (!call->request.row->on_pool) {
		handle(call);
	}
	if (call->handled && !call->request.row->is_change)
		finish(call);
	else
		queue(call);
}
