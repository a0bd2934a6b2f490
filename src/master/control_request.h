/*
 * control_request.h - one control request: from a line, through the table, to an answer. Private
 * to control*.c, and to the fuzz target.
 *
 * A handler sees a parsed body and never bytes. It says by its row where it runs: on the thread
 * pool when it reaches the accounts, on the loop when it asks the master.
 */
#ifndef MASTER_CONTROL_REQUEST_H
#define MASTER_CONTROL_REQUEST_H

#include "base/buf.h"
#include "base/rd.h"
#include "master/control.h"

#include <stdbool.h>

enum { CONTROL_MESSAGE_MAX = 1200, CONTROL_SUBJECT_MAX = 256 };

struct control_answer {
	int status; /* as in HTTP */
	json_t *body; /* owned; NULL when there is none */
	char message[CONTROL_MESSAGE_MAX];
	char subject[CONTROL_SUBJECT_MAX]; /* the account that was changed, or "" */
};

/* What handlers work with. */
struct control_context {
	struct provider *provider;
	const struct control_hooks *hooks;
};

struct control_row {
	const char *resource;
	const char *verb;
	bool on_pool;
	bool is_change; /* logged as information, not as detail */
	void (*handle)(struct control_context *context, const json_t *body,
	    struct control_answer *answer);
};

struct control_request {
	const struct control_row *row;
	json_t *body; /* owned; an object, empty when the request had none */
};

/* Frees the body, wiping a password in it. */
void control_request_free(struct control_request *request);
/*
 * Parses a line without its newline. True when there is a request to handle; else `answer` says
 * what was wrong with it.
 */
bool control_request_parse(struct view line, struct control_request *out,
	struct control_answer *answer);
/* NULL when there is none; *resource_known_out tells which of the two was wrong. */
const struct control_row *control_row_find(const char *resource, const char *verb,
	bool *resource_known_out);

/* Fills the answer. The text may hold what a client sent: it is escaped when written. */
void control_answer_set(struct control_answer *answer, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The answer as one line. */
void control_answer_write(const struct control_answer *answer, struct buf *line);
void control_answer_free(struct control_answer *answer);

/*
 * A text member of a body; NULL, with an answer that names it, when it is missing, no text, empty,
 * or holds a NUL.
 */
const char *control_body_text(const json_t *body, const char *key, struct control_answer *answer);

/* The handlers (control_user.c, control_totp.c, control_session.c). */
#define CONTROL_HANDLER(name) \
	void name(struct control_context *context, const json_t *body, \
	    struct control_answer *answer)
CONTROL_HANDLER(control_user_add);
CONTROL_HANDLER(control_user_list);
CONTROL_HANDLER(control_user_show);
CONTROL_HANDLER(control_user_update);
CONTROL_HANDLER(control_user_delete);
CONTROL_HANDLER(control_user_authorize_key);
CONTROL_HANDLER(control_user_passwd);
CONTROL_HANDLER(control_totp_enrol);
CONTROL_HANDLER(control_totp_disable);
CONTROL_HANDLER(control_totp_show);
CONTROL_HANDLER(control_session_list);
CONTROL_HANDLER(control_session_close);
CONTROL_HANDLER(control_status_show);

#endif
