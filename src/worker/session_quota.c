#include "worker/session_quota.h"

#include "base/clock.h"

#include <errno.h>

enum {
	SETTLE_MS = 1000,
	/* Longer than the master lets a session wait for others, and for a count of the files. */
	ANSWER_MS_MAX = 60 * 1000,
};

static bool
has_news(const struct vfs_quota *q)
{
	return q->open || q->unsure || q->change.bytes != 0 || q->change.files != 0;
}

/* Says what is used; keeps what is left, or nothing. */
static void
settle(struct session_quota *s, struct vfs_quota *q, bool keep)
{
	if (q->open)
		vfs_quota_settle(q);
	if (!keep) {
		q->left = (struct vfs_amount){ 0 };
		q->open = false;
	}
	ipc_encode_quota_settle(&s->link->out,
	    &(struct ipc_quota_settle){ .scope = q->number,
		.bytes = q->change.bytes,
		.files = q->change.files,
		.kept_bytes = (uint64_t)q->left.bytes,
		.kept_files = (uint64_t)q->left.files,
		.nameless_bytes = (uint64_t)q->nameless.bytes,
		.nameless_files = (uint64_t)q->nameless.files,
		.unsure = q->unsure,
		.open = q->open });
	(void)master_link_send(s->link);
	q->change = (struct vfs_amount){ 0 };
	q->unsure = false;
}

/* ---- answers */

static struct vfs_quota *
scope_of(struct session_quota *s, uint32_t number)
{
	return number < s->count && s->quotas[number].ctx != NULL ? &s->quotas[number] : NULL;
}

/* Also one that comes too late for whoever asked: the master has lent it. */
static int
on_granted(struct session_quota *s, struct rd fields)
{
	struct ipc_quota_granted message;
	int err = ipc_decode_quota_granted(fields, &message);
	struct vfs_quota *q;

	if (err != 0)
		return err;
	if ((q = scope_of(s, message.scope)) == NULL)
		return ERR_PROTOCOL;
	if (!message.refused) {
		if (!q->open) {
			s->settled_ms = clock_mono_ms();
			vfs_quota_reopened(q);
		}
		q->open = true;
		q->left.bytes += (int64_t)message.bytes;
		q->left.files += (int64_t)message.files;
	}
	s->answered |= message.scope == s->asked;
	s->refused = message.refused;
	return 0;
}

static int
on_recall(struct session_quota *s, struct rd fields)
{
	struct ipc_quota_recall message;
	int err = ipc_decode_quota_recall(fields, &message);
	struct vfs_quota *q;

	if (err != 0)
		return err;
	if ((q = scope_of(s, message.scope)) == NULL)
		return ERR_PROTOCOL;
	/* it may have been given back when this was on its way */
	if (q->open)
		settle(s, q, false);
	return 0;
}

static int
on_shown(struct session_quota *s, struct rd fields)
{
	int err = ipc_decode_quota_shown(fields, &s->shown);

	s->answered |= s->shown.scope == s->asked;
	return err;
}

int
session_quota_message(struct session_quota *s, struct ipc_message *message)
{
	switch (message->type) {
	case IPC_QUOTA_GRANTED: return on_granted(s, message->fields);
	case IPC_QUOTA_RECALL: return on_recall(s, message->fields);
	case IPC_QUOTA_SHOWN: return on_shown(s, message->fields);
	default: return ERR_AGAIN;
	}
}

/* ---- questions */

static int
take(void *ctx, struct ipc_message *message)
{
	return session_quota_message(ctx, message);
}

/* Sends the question that is in the link, and waits for its answer: 0 or ETIMEDOUT. */
static int
put_question(struct session_quota *s, const struct vfs_quota *q)
{
	s->asked = q->number;
	s->answered = false;
	if (master_link_send(s->link) != 0)
		return ETIMEDOUT;
	return master_link_await(s->link, clock_mono_ms() + ANSWER_MS_MAX, take, s,
		   &s->answered) == 0 ? 0 : ETIMEDOUT;
}

static int
ask(struct vfs_quota *q, struct vfs_amount need, bool beyond)
{
	struct session_quota *s = q->ctx;
	int err;

	/* what it has given free itself counts first */
	if (has_news(q))
		settle(s, q, q->open);
	ipc_encode_quota_ask(&s->link->out,
	    &(struct ipc_quota_ask){ .scope = q->number,
		.bytes = (uint64_t)need.bytes,
		.files = (uint64_t)need.files,
		.beyond = beyond });
	err = put_question(s, q);
	return err == 0 && s->refused ? EDQUOT : err;
}

static int
show(struct vfs_quota *q, struct vfs_amount *limit, struct vfs_amount *used)
{
	struct session_quota *s = q->ctx;
	int err;

	/* what is used of a folder is not known until somebody has asked for a lease */
	if (q->number > 0 && !q->open && ask(q, (struct vfs_amount){ 0 }, false) != 0)
		return ETIMEDOUT;
	if (has_news(q))
		settle(s, q, q->open);
	ipc_encode_quota_show(&s->link->out, &(struct ipc_quota_show){ .scope = q->number });
	if ((err = put_question(s, q)) != 0)
		return err;
	*limit = (struct vfs_amount){ (int64_t)s->shown.limit_bytes,
		(int64_t)s->shown.limit_files };
	*used = (struct vfs_amount){ (int64_t)s->shown.used_bytes,
		(int64_t)s->shown.used_files };
	return 0;
}

/* ---- beginning, time and end */

void
session_quota_init(
    struct session_quota *s, struct master_link *link, const struct session_policy *policy)
{
	*s = (struct session_quota){ .link = link };
	for (uint32_t i = 0; i <= VFS_FOLDERS_MAX; i++) {
		struct vfs_quota *q = &s->quotas[policy->own[i] ? i : 0];

		if (!policy->counted[i])
			continue;
		if (q->ctx == NULL) {
			*q = (struct vfs_quota){ .number = i, .ctx = s, .ask = ask, .show = show };
			LIST_INIT(&q->charges);
			s->count = i + 1u;
		}
		vfs_set_quota(policy->vfs, i, q);
	}
}

uint64_t
session_quota_due_ms(const struct session_quota *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (has_news(&s->quotas[i]))
			return s->settled_ms + SETTLE_MS;
	}
	return 0;
}

void
session_quota_tick(struct session_quota *s, uint64_t now_ms)
{
	uint64_t due_ms = session_quota_due_ms(s);

	if (due_ms == 0 || due_ms > now_ms)
		return;
	for (size_t i = 0; i < s->count; i++) {
		struct vfs_quota *q = &s->quotas[i];

		if (has_news(q))
			settle(s, q, q->open && q->in_use);
		q->in_use = false;
	}
	s->settled_ms = now_ms;
}

void
session_quota_end(struct session_quota *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (has_news(&s->quotas[i]))
			settle(s, &s->quotas[i], false);
	}
}
