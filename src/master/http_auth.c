#include "master/http_auth.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "master/admin_actor.h"
#include "master/control_area.h"
#include "master/http_guesses.h"
#include "master/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

enum { KNOWN_MAX = 64, KNOWN_MS = 5 * 60 * 1000, KEY_BYTES = 32, MARK_BYTES = 32 };

/* A password that was right. */
struct known {
	uint8_t mark[MARK_BYTES];
	uint64_t until_ms; /* 0: the place is free */
};

struct http_auth {
	uv_loop_t *loop;
	struct log *log;
	char *path; /* "": no password is asked */
	struct admin_store *admins; /* borrowed */
	const struct password_cost *cost; /* of their passwords; borrowed */

	pthread_mutex_t lock; /* over what follows, which the pool's threads share */
	struct auth_file *file; /* NULL: it could not be read, and everybody is refused */
	struct stat seen;
	bool is_seen;
	uint8_t key[KEY_BYTES];
	struct known known[KNOWN_MAX];

	/* on the loop */
	struct http_guesses guesses;
	STAILQ_HEAD(, job) waiting; /* for the one hash */
	unsigned waiting_count;
	bool hashing;
};

struct job {
	STAILQ_ENTRY(job) link;
	uv_work_t work;
	struct http_auth *auth;
	struct buf user, secret;
	bool is_token; /* the secret is that of a key or a session, and there is no user */
	struct address address;
	http_auth_done *done;
	void *ctx;

	/* what the thread found */
	bool has_user;
	char hash[PASSWORD_HASH_MAX]; /* the user's, or another one; "" when there is none */
	uint8_t mark[MARK_BYTES];
	bool is_good;
	bool is_admin; /* good as an administrator, who is `actor` */
	struct control_actor actor;
	struct failure failure; /* the file could not be read again */
};

/* ---- the file, on any thread and with the lock held */

static int
read_file(struct http_auth *auth, struct failure *failure)
{
	struct buf text = buf_init(AUTH_FILE_MAX);
	int err = fd_read_file(auth->path, &text);

	if (err != 0)
		err = failure_set(failure, err, "%s: %s", auth->path,
		    err == ERR_IO ? strerror(errno) : err_text(err));
	else
		err = auth_file_parse(buf_view(&text), &auth->file, failure);
	buf_free(&text);
	return err;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ino == b->st_ino;
}

static int
refresh(struct http_auth *auth, struct failure *failure)
{
	struct stat now;

	if (stat(auth->path, &now) != 0)
		memset(&now, 0, sizeof(now));
	if (auth->is_seen && is_same(&now, &auth->seen))
		return 0;
	/* looked at before it is read: what is written meanwhile is seen the next time */
	auth->seen = now;
	auth->is_seen = true;
	auth_file_free(&auth->file);
	return read_file(auth, failure);
}

/* ---- passwords that were right, with the lock held */

static struct known *
known_find(struct http_auth *auth, const uint8_t *mark, uint64_t now_ms)
{
	for (size_t i = 0; i < KNOWN_MAX; i++) {
		if (auth->known[i].until_ms > now_ms &&
		    crypto_equal(auth->known[i].mark, mark, MARK_BYTES))
			return &auth->known[i];
	}
	return NULL;
}

static void
known_add(struct http_auth *auth, const uint8_t *mark, uint64_t now_ms)
{
	struct known *oldest = &auth->known[0];

	for (size_t i = 1; i < KNOWN_MAX; i++) {
		if (auth->known[i].until_ms < oldest->until_ms)
			oldest = &auth->known[i];
	}
	memcpy(oldest->mark, mark, MARK_BYTES);
	oldest->until_ms = now_ms + KNOWN_MS;
}

static int
make_mark(struct http_auth *auth, struct job *job)
{
	struct buf bytes = buf_init(8 * 1024);
	int err;

	buf_str(&bytes, buf_view(&job->user));
	buf_str(&bytes, buf_view(&job->secret));
	buf_cstr(&bytes, job->hash);
	err = buf_error(&bytes);
	if (err == 0)
		err = hmac_once(DIGEST_SHA256, (struct view){ .p = auth->key, .n = KEY_BYTES },
		    buf_view(&bytes), job->mark);
	buf_free(&bytes);
	return err;
}

/* ---- a job */

static void
job_free(struct job *job)
{
	buf_free(&job->user);
	buf_free(&job->secret);
	free(job);
}

static void
conclude(struct job *job, enum http_verdict verdict)
{
	struct control_actor actor = { .kind = ACTOR_BASIC, .areas = AREAS_ALL };
	char address[ADDRESS_TEXT_MAX];

	address_text(&job->address, address);
	if (verdict == HTTP_WELCOME && job->is_admin)
		actor = job->actor;
	else if (verdict == HTTP_WELCOME &&
	    view_copy(buf_view(&job->user), actor.name, sizeof(actor.name)) != 0)
		verdict = HTTP_REFUSED;
	snprintf(actor.origin, sizeof(actor.origin), "%s", address);
	if (verdict == HTTP_REFUSED) {
		http_guesses_add(&job->auth->guesses, &job->address, clock_mono_ms());
		log_app(job->auth->log, LOG_LEVEL_WARN, "httpd", "",
		    "refused the user \"%.*s\" from %s", (int)job->user.n,
		    job->user.n > 0 ? (const char *)job->user.p : "", address);
	}
	job->done(job->ctx, verdict, &actor);
	job_free(job);
}

/* A token, or a name and a password, as an administrator's. */
static void
look_for_admin(struct job *job)
{
	struct admin_claim claim = { .address = job->address, .now_ms = clock_wall_ms() };
	struct failure failure;

	if (job->is_token) {
		claim.token = buf_view(&job->secret);
	} else {
		claim.username = buf_view(&job->user);
		claim.password = buf_view(&job->secret);
	}
	job->is_admin = admin_actor(job->auth->admins, &claim, job->auth->cost, &job->actor,
		&failure) == ADMIN_WELCOME;
}

static void
look(uv_work_t *work)
{
	struct job *job = work->data;
	struct http_auth *auth = job->auth;
	const char *hash = NULL, *other = NULL;

	if (job->is_token) {
		look_for_admin(job);
		job->is_good = job->is_admin;
		return;
	}
	pthread_mutex_lock(&auth->lock);
	(void)!refresh(auth, &job->failure);
	if (auth->file != NULL)
		hash = auth_file_find(auth->file, buf_view(&job->user), &other);
	job->has_user = hash != NULL && strlen(hash) < sizeof(job->hash);
	if (!job->has_user)
		hash = other;
	if (hash != NULL)
		snprintf(job->hash, sizeof(job->hash), "%s", hash);
	if (job->has_user && make_mark(auth, job) == 0)
		job->is_good = known_find(auth, job->mark, clock_mono_ms()) != NULL;
	pthread_mutex_unlock(&auth->lock);
}

/*
 * The same work is done whether there is such a user or not, and such an administrator or not. A
 * name in the file is a user's and nobody else's.
 */
static void
hash(uv_work_t *work)
{
	struct job *job = work->data;
	struct http_auth *auth = job->auth;
	bool known;

	pthread_mutex_lock(&auth->lock);
	known = job->has_user && known_find(auth, job->mark, clock_mono_ms()) != NULL;
	pthread_mutex_unlock(&auth->lock);
	if (known) {
		job->is_good = true;
		return;
	}
	job->is_good = auth_file_check(job->hash, buf_view(&job->secret)) == PASSWORD_RIGHT &&
	    job->has_user;
	look_for_admin(job);
	if (job->has_user)
		job->is_admin = false;
	else
		job->is_good = job->is_admin;
	if (!job->is_good || job->is_admin)
		return;
	pthread_mutex_lock(&auth->lock);
	known_add(auth, job->mark, clock_mono_ms());
	pthread_mutex_unlock(&auth->lock);
}

static void start_hash(struct http_auth *auth);

static void
on_hashed(uv_work_t *work, int status)
{
	struct job *job = work->data;
	struct http_auth *auth = job->auth;

	auth->hashing = false;
	conclude(job, status == 0 && job->is_good ? HTTP_WELCOME : HTTP_REFUSED);
	start_hash(auth);
}

static void
start_hash(struct http_auth *auth)
{
	struct job *job;

	while (!auth->hashing && (job = STAILQ_FIRST(&auth->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&auth->waiting, link);
		auth->waiting_count--;
		/* those before it in the line may have been guesses of the same address */
		if (!http_guesses_may(&auth->guesses, &job->address, clock_mono_ms())) {
			conclude(job, HTTP_TOO_OFTEN);
			continue;
		}
		auth->hashing = uv_queue_work(auth->loop, &job->work, hash, on_hashed) == 0;
		if (!auth->hashing)
			conclude(job, HTTP_BUSY);
	}
}

static void
on_looked(uv_work_t *work, int status)
{
	struct job *job = work->data;
	struct http_auth *auth = job->auth;

	if (job->failure.text[0] != '\0')
		log_app(auth->log, LOG_LEVEL_ERROR, "httpd", "",
		    "httpd.auth_user_file: nobody is let in: %s", job->failure.text);
	if (status != 0) {
		conclude(job, HTTP_BUSY);
	} else if (job->is_good) {
		conclude(job, HTTP_WELCOME);
	} else if (job->hash[0] == '\0') {
		conclude(job, HTTP_REFUSED);
	} else if (!http_guesses_may(&auth->guesses, &job->address, clock_mono_ms())) {
		conclude(job, HTTP_TOO_OFTEN);
	} else if (auth->waiting_count >= HTTP_AUTH_WAITING_MAX) {
		conclude(job, HTTP_BUSY);
	} else {
		STAILQ_INSERT_TAIL(&auth->waiting, job, link);
		auth->waiting_count++;
		start_hash(auth);
	}
}

/* ---- the interface */

/* Nobody has said anything that could be checked. */
static void
answer_at_once(struct http_auth *auth, const struct http_claim *claim, http_auth_done *done,
	void *ctx)
{
	struct control_actor actor = { .kind = ACTOR_LOCAL, .areas = AREAS_ALL };

	address_text(&claim->address, actor.origin);
	done(ctx, auth->path[0] == '\0' ? HTTP_WELCOME : HTTP_REFUSED, &actor);
}

void
http_auth_ask(struct http_auth *auth, const struct http_claim *claim, http_auth_done *done,
	void *ctx)
{
	bool is_token = claim->kind == IPC_HTTP_BEARER && claim->secret.n > 0;
	struct job *job;

	if (!is_token && (auth->path[0] == '\0' || claim->kind != IPC_HTTP_BASIC)) {
		answer_at_once(auth, claim, done, ctx);
		return;
	}
	if ((job = calloc(1, sizeof(*job))) == NULL) {
		done(ctx, HTTP_BUSY, NULL);
		return;
	}
	*job = (struct job){ .auth = auth, .is_token = is_token, .address = claim->address,
		.done = done, .ctx = ctx, .user = buf_init(claim->user.n), .secret = buf_init(claim->secret.n) };
	job->work.data = job;
	buf_raw(&job->user, claim->user.p, claim->user.n);
	buf_raw(&job->secret, claim->secret.p, claim->secret.n);
	if (buf_error(&job->user) != 0 || buf_error(&job->secret) != 0 ||
	    uv_queue_work(auth->loop, &job->work, look, on_looked) != 0)
		conclude(job, HTTP_BUSY);
}

int
http_auth_new(struct http_auth **out, const struct http_auth_settings *settings,
	struct failure *failure)
{
	struct http_auth *auth = calloc(1, sizeof(*auth));
	int err = auth == NULL || (auth->path = strdup(settings->path)) == NULL ? ERR_MEMORY : 0;

	*out = NULL;
	if (err == 0 && pthread_mutex_init(&auth->lock, NULL) != 0)
		err = ERR_MEMORY;
	if (err != 0) {
		if (auth != NULL)
			free(auth->path);
		free(auth);
		return failure_set(failure, err, "%s", err_text(err));
	}
	auth->loop = settings->loop;
	auth->log = settings->log;
	auth->admins = settings->admins;
	auth->cost = settings->cost;
	STAILQ_INIT(&auth->waiting);
	crypto_random(auth->key, sizeof(auth->key));
	if (auth->path[0] != '\0' && (err = refresh(auth, failure)) != 0)
		http_auth_free(&auth);
	*out = auth;
	return err;
}

void
http_auth_free(struct http_auth **auth)
{
	struct http_auth *a = *auth;

	if (a == NULL)
		return;
	auth_file_free(&a->file);
	pthread_mutex_destroy(&a->lock);
	free(a->path);
	secret_free(a, sizeof(*a));
	*auth = NULL;
}
