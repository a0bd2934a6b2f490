/*
 * login_progress.h - how far a connection's login has come: which methods have been proved for
 * which user, and what a keyboard-interactive dialogue asked last. Private to master/.
 */
#ifndef MASTER_LOGIN_PROGRESS_H
#define MASTER_LOGIN_PROGRESS_H

#include "accounts/accounts.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

enum login_question { QUESTION_NONE, QUESTION_PASSWORD, QUESTION_CODE };

struct login_progress {
	char *user;                           /* whom the rest is about */
	struct login_steps steps;             /* what has been proved */
	bool code_only;                       /* a dialogue needs no password any more */
	char methods[LOGIN_METHODS_TEXT_MAX]; /* that may follow; "": any */
	enum login_question asked;

	/* the key that a program was asked about last, and what it said */
	struct buf key;
	bool key_good;    /* not refused */
	bool key_vouched; /* it is one of the user's, whatever is stored */
};

/*
 * The progress for this user, made or begun anew: a client that turns to another user has proved
 * nothing (RFC 4252 section 5). NULL when memory is short, or the name holds a NUL.
 */
struct login_progress *login_progress_for(struct login_progress **progress, struct view user);
/* Frees; *progress may be NULL, and is NULL afterwards. */
void login_progress_free(struct login_progress **progress);
/* Keeps what a program said of a key; forgets it when memory is short. */
void login_progress_remember_key(
    struct login_progress *progress, struct view key, bool good, bool vouched);
/* Whether it is kept; progress may be NULL. */
bool login_progress_knows_key(const struct login_progress *progress, struct view key);
/* The name-list of the methods that may follow (RFC 4252 section 5.2). */
const char *login_progress_methods(const struct login_progress *progress);

/* Appends the questions as AUTH_QUESTIONS carries them. */
void login_question_write(enum login_question question, struct buf *out);
/* Takes the answer out of AUTH_REPLIES. ERR_FORMAT when it is not exactly one; ERR_LIMIT. */
MUST int login_question_answer(struct view answers, struct view *answer_out);

#endif
