#include "master/login_progress.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 1024, KEY_BYTES_MAX = 16384 };

struct login_progress *
login_progress_for(struct login_progress **progress, struct view user)
{
	struct login_progress *p = *progress;

	if (p != NULL && view_is(user, p->user))
		return p;
	login_progress_free(progress);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	p->key = buf_init(KEY_BYTES_MAX);
	if ((p->user = view_dup(user)) == NULL) {
		free(p);
		return NULL;
	}
	*progress = p;
	return p;
}

void
login_progress_free(struct login_progress **progress)
{
	if (*progress != NULL) {
		free((*progress)->user);
		buf_free(&(*progress)->key);
	}
	free(*progress);
	*progress = NULL;
}

void
login_progress_remember_key(
    struct login_progress *progress, struct view key, bool good, bool vouched)
{
	buf_clear(&progress->key);
	buf_raw(&progress->key, key.p, key.n);
	progress->key_good = good;
	progress->key_vouched = good && vouched;
}

bool
login_progress_knows_key(const struct login_progress *progress, struct view key)
{
	return progress != NULL && progress->key.n > 0 && buf_error(&progress->key) == 0 &&
	    view_eq(buf_view(&progress->key), key);
}

const char *
login_progress_methods(const struct login_progress *progress)
{
	/* The same for everybody until something is proved: it tells nothing of the account. */
	static const char all[] = "password,publickey,keyboard-interactive";

	return progress == NULL || progress->methods[0] == '\0' ? all : progress->methods;
}

void
login_question_write(enum login_question question, struct buf *out)
{
	buf_cstr(out, question == QUESTION_CODE ? "One-time code: " : "Password: ");
	buf_bool(out, false);
}

int
login_question_answer(struct view answers, struct view *answer_out)
{
	struct rd r = rd_of(answers);

	*answer_out = rd_str(&r, ANSWER_MAX);
	return rd_end(&r);
}
