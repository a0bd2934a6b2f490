/*
 * Sessions, transfers, services, settings, status and version: what only the master knows, asked
 * on its own thread; and whether the accounts' database answers, asked on the thread pool.
 */
#include "control/control_request.h"

#ifndef POSTERN_COMMIT
#define POSTERN_COMMIT ""
#endif
#ifndef POSTERN_BUILD_DATE
#define POSTERN_BUILD_DATE ""
#endif

#define SHOWS(name, hook) \
	void name(struct control_context *context, const json_t *body, \
	    struct control_answer *answer) \
	{ \
		(void)body; \
		control_answer_give(answer, context->hooks->hook(context->hooks->ctx)); \
	}
SHOWS(control_session_list, sessions)
SHOWS(control_transfer_list, transfers)
SHOWS(control_service_list, services)
SHOWS(control_settings_show, settings)
SHOWS(control_status_show, status)
SHOWS(control_metrics_show, metrics)

void
control_session_close(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	const char *id = control_body_text(body, "connection_id", answer);

	if (id == NULL)
		return;
	control_answer_subject(answer, id);
	if (context->hooks->close_session(context->hooks->ctx, id) == 0)
		control_answer_set(answer, 200, "Connection closed");
	else
		control_answer_set(answer, 404, "Not Found");
}

void
control_version_show(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	(void)context;
	(void)body;
	control_answer_give(answer, json_pack("{s:s, s:s, s:s}", "version", POSTERN_VERSION,
		"build_date", POSTERN_BUILD_DATE, "commit_hash", POSTERN_COMMIT));
}

void
control_provider_check(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct failure failure = { 0 };
	int err = provider_check(context->provider, &failure);

	(void)body;
	if (err == 0)
		control_answer_set(answer, 200, "Alive");
	else
		control_answer_failure(answer, err, &failure);
}
