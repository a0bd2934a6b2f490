#include "master/account_review.h"

#include "master/account_change.h"
#include "master/state.h"

#include <stdlib.h>
#include <string.h>

struct review_one {
	char *username;
	struct user *user; /* NULL: there is none any more */
	bool unknown;      /* it could not be looked up */
};

struct review {
	uv_work_t work;
	struct master *master;
	struct review_one *items;
	size_t count;
	struct failure failure; /* of the last that could not be */
};

static void
review_free(struct review **review)
{
	struct review *r = *review;

	for (size_t i = 0; i < r->count; i++) {
		free(r->items[i].username);
		user_free(&r->items[i].user);
	}
	free(r->items);
	free(r);
	*review = NULL;
}

/* Without memory an account is left out, and its sessions go on as they are. */
static void
note_name(void *ctx, const char *username)
{
	struct review *r = ctx;
	struct review_one *one = &r->items[r->count];

	one->username = strdup(username);
	r->count += one->username != NULL;
}

/* On a thread of the pool. */
static void
review_run(uv_work_t *work)
{
	struct review *r = work->data;

	for (size_t i = 0; i < r->count; i++) {
		int err = provider_find(r->master->provider, r->items[i].username,
		    &r->items[i].user, &r->failure);

		r->items[i].unknown = err != 0 && err != ERR_NOT_FOUND;
	}
}

/* What could not be looked up stays as it is. */
static void
tell(struct review *r)
{
	struct account_news *news = calloc(r->count, sizeof(*news));
	size_t count = 0;

	for (size_t i = 0; i < r->count && news != NULL; i++) {
		const struct review_one *one = &r->items[i];

		if (one->unknown)
			log_app(r->master->log, LOG_LEVEL_WARN, "dataProvider", "",
			    "user \"%s\" cannot be looked up, and the sessions go on: %s",
			    one->username, r->failure.text);
		else
			news[count++] = (struct account_news){ .username = one->username,
				.user = one->user };
	}
	if (news != NULL)
		account_change_tell(r->master, news, count);
	free(news);
}

static void
review_done(uv_work_t *work, int status)
{
	struct review *r = work->data;

	if (status == 0 && !r->master->draining)
		tell(r);
	review_free(&r);
}

void
account_review(struct master *m)
{
	struct review *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return;
	r->work.data = r;
	r->master = m;
	r->items = calloc(m->sessions.users, sizeof(*r->items));
	if (r->items != NULL)
		user_sessions_names(&m->sessions, note_name, r);
	if (r->count == 0 || uv_queue_work(&m->loop, &r->work, review_run, review_done) != 0)
		review_free(&r);
}
