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
	size_t count, room;
	struct failure failure; /* of the last that could not be */
};

static int
compare(const void *a, const void *b)
{
	const struct review_one *one = a, *other = b;

	return strcmp(one->username, other->username);
}

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
note_name(void *ctx, struct connection *c)
{
	struct review *r = ctx;
	struct review_one *grown;

	if (!c->authenticated)
		return;
	if (r->count == r->room) {
		size_t room = r->room == 0 ? 64 : 2 * r->room;

		if ((grown = reallocarray(r->items, room, sizeof(*grown))) == NULL)
			return;
		r->items = grown;
		r->room = room;
	}
	r->items[r->count] = (struct review_one){ .username = strdup(c->user->username) };
	r->count += r->items[r->count].username != NULL;
}

static void
leave_each_once(struct review *r)
{
	size_t kept = 0;

	if (r->count > 0)
		qsort(r->items, r->count, sizeof(*r->items), compare);
	for (size_t i = 0; i < r->count; i++) {
		if (kept > 0 && compare(&r->items[kept - 1], &r->items[i]) == 0)
			free(r->items[i].username);
		else
			r->items[kept++] = r->items[i];
	}
	r->count = kept;
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
	connections_each(m, note_name, r);
	leave_each_once(r);
	if (r->count == 0 || uv_queue_work(&m->loop, &r->work, review_run, review_done) != 0)
		review_free(&r);
}
