/*
 * Bans: what the master keeps, asked and changed on its own thread.
 */
#include "base/networks.h"
#include "control/control_request.h"

enum { MS_PER_SECOND = 1000 };
/* The longest that is not "without end": ten years. */
static const int64_t seconds_max = INT64_C(10) * 365 * 24 * 3600;

/* The network of the body, in its normal form the subject of the request. */
static bool
body_network(const json_t *body, struct cidr *out, struct control_answer *answer)
{
	const char *text = control_body_text(body, "network", answer);
	char normal[NETWORK_TEXT_MAX];

	if (text == NULL)
		return false;
	if (network_parse(text, out) != 0) {
		control_answer_set(answer, 400, "\"%.64s\" is not an IP address or a range in CIDR form",
		    text);
		return false;
	}
	control_answer_subject(answer, network_text(out, normal));
	return true;
}

void
control_ban_list(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	(void)body;
	control_answer_give(answer, context->hooks->bans(context->hooks->ctx));
}

void
control_ban_add(struct control_context *context, const json_t *body, struct control_answer *answer)
{
	struct cidr network;
	int64_t seconds;

	if (!body_network(body, &network, answer) ||
	    !control_body_number(body, "seconds", 0, &seconds, answer))
		return;
	if (seconds < 0 || seconds > seconds_max) {
		control_answer_set(answer, 400,
		    "Invalid seconds: give 1 to %lld, or 0 for a ban without end",
		    (long long)seconds_max);
		return;
	}
	switch (context->hooks->add_ban(context->hooks->ctx, &network,
	    (uint64_t)seconds * MS_PER_SECOND)) {
	case 0:
		control_answer_set(answer, 200, "Banned");
		return;
	case ERR_DENIED:
		control_answer_set(answer, 409, "%s is in bans.allow_list, which is never banned",
		    answer->subject);
		return;
	case ERR_LIMIT:
		control_answer_set(answer, 507, "there are too many bans by hand; use bans.block_list");
		return;
	default:
		control_answer_set(answer, 500, "%s", err_text(ERR_MEMORY));
	}
}

void
control_ban_remove(struct control_context *context, const json_t *body,
	struct control_answer *answer)
{
	struct cidr network;

	if (!body_network(body, &network, answer))
		return;
	if (context->hooks->remove_ban(context->hooks->ctx, &network) == 0)
		control_answer_set(answer, 200, "Ban lifted");
	else
		control_answer_set(answer, 404, "%s is not banned", answer->subject);
}
