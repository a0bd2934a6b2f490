/*
 * control_answer.h - what comes of a control request: a status, a text or a body, and what the log,
 * the audit log and the master are told of it. Filled by the handlers; read by the engine, the doors
 * and the master's hooks.
 */
#ifndef CONTROL_CONTROL_ANSWER_H
#define CONTROL_CONTROL_ANSWER_H

#include "accounts/accounts.h"
#include "base/buf.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { CONTROL_MESSAGE_MAX = 1200, CONTROL_SUBJECT_MAX = 256 };

enum user_change { USER_ADDED, USER_UPDATED, USER_DELETED };

struct control_change {
	enum user_change kind;
	struct user *user; /* owned: as it is now, or was */
};

struct control_answer {
	int status; /* as in HTTP */
	json_t *body; /* owned; NULL when there is none */
	char message[CONTROL_MESSAGE_MAX];
	char subject[CONTROL_SUBJECT_MAX]; /* what was changed, for the log, or "" */
	json_t *before, *after; /* owned: the same for the audit log, without secrets; or NULL */
	struct control_change *changes; /* owned: accounts that were changed */
	size_t change_count, change_room;
	int64_t scan_quota; /* of those: 1: count the files of all; 2: of those with a limit */
};

/* Fills the answer. The text may hold what a client sent: it is escaped when written. */
void control_answer_set(struct control_answer *answer, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Takes the body, and answers with it; NULL is a lack of memory. */
void control_answer_give(struct control_answer *answer, json_t *body);
/* Notes that an account was changed; a copy is made. */
void control_answer_changed(
	struct control_answer *answer, enum user_change kind, const struct user *user);
/* The answer as one line. */
void control_answer_write(const struct control_answer *answer, struct buf *line);
void control_answer_free(struct control_answer *answer);

/*
 * The answer for a failure of a provider: the contract's status, and the text. Everything but a
 * refusal of the account, of its change or of its name is 500.
 */
void control_answer_failure(
	struct control_answer *answer, int err, const struct failure *failure);
/* The same for a body that cannot be read: 400, but for a lack of memory. */
void control_answer_bad(struct control_answer *answer, int err, const struct failure *failure);
/* What is changed, for the log line and the audit log. */
void control_answer_subject(struct control_answer *answer, const char *name);

#endif
