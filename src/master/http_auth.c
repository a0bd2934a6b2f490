#include "master/http_auth.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/secret.h"
#include "control/admin_actor.h"
#include "control/control_area.h"
#include "crypto/crypto.h"
#include "log/log.h"
#include "master/http_guesses.h"

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
	char *path; /* "": there is no file */
	struct admin_store *admins;
	const struct password_cost *cost;

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
	enum ipc_http_credential kind;
	struct buf user, secret, code, csrf;
	bool changes;
	struct address address;
	http_auth_done *done;
	void *ctx;

	/* what the thread found */
	bool has_user;
	char hash[PASSWORD_HASH_MAX]; /* the user's, or another one; "" when there is none */
	uint8_t mark[MARK_BYTES];
	bool wants_hash;
	enum http_verdict verdict; /* unless a hash is wanted */
	struct control_actor actor;
	struct failure failure; /* the file could not be read again, or the database */
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
	buf_free(&job->code);
	buf_free(&job->csrf);
	free(job);
}

static void
conclude(struct job *job, enum http_verdict verdict)
{
	char address[ADDRESS_TEXT_MAX];

	address_text(&job->address, address);
	if (verdict == HTTP_REFUSED && job->kind == IPC_HTTP_BASIC) {
		http_guesses_add(&job->auth->guesses, &job->address, clock_mono_ms());
		log_app(job->auth->log, LOG_LEVEL_WARN, "httpd", "",
		    "refused the user \"%.*s\" from %s", (int)job->user.n,
		    job->user.n > 0 ? (const char *)job->user.p : "", address);
	} else if (verdict == HTTP_REFUSED && job->kind == IPC_HTTP_BEARER) {
		log_app(job->auth->log, LOG_LEVEL_WARN, "httpd", "", "refused a token from %s",
		    address);
	}
	job->done(job->ctx, verdict, &job->actor);
	job_free(job);
}

/* ---- on the pool */

static void
welcome(struct job *job, enum control_actor_kind kind)
{
	job->actor = (struct control_actor){ .kind = kind, .areas = AREAS_ALL };
	address_text(&job->address, job->actor.origin);
	job->verdict = HTTP_WELCOME;
	if (kind == ACTOR_BASIC && view_copy(buf_view(&job->user), job->actor.name,
		sizeof(job->actor.name)) != 0)
		job->verdict = HTTP_REFUSED;
}

static void
ask_administrators(struct job *job)
{
	static const enum http_verdict verdicts[] = { [ADMIN_REFUSED] = HTTP_REFUSED,
		[ADMIN_WELCOME] = HTTP_WELCOME, [ADMIN_CODE_WANTED] = HTTP_CODE_WANTED,
		[ADMIN_FOREIGN] = HTTP_FOREIGN, [ADMIN_UNAVAILABLE] = HTTP_BUSY };
	struct admin_claim claim = { .code = buf_view(&job->code), .csrf = buf_view(&job->csrf),
		.changes = job->changes, .address = job->address, .now_ms = clock_wall_ms() };
	struct failure failure = { 0 };

	if (job->kind == IPC_HTTP_BEARER) {
		claim.token = buf_view(&job->secret);
	} else {
		claim.username = buf_view(&job->user);
		claim.password = buf_view(&job->secret);
	}
	job->verdict = verdicts[admin_actor(job->auth->admins, &claim, job->auth->cost,
	    &job->actor, &failure)];
	if (job->verdict == HTTP_BUSY)
		job->failure = failure;
}

static int
stop_at_first(void *data, const struct admin *admin)
{
	(void)admin;
	*(bool *)data = true;
	return ERR_EXISTS;
}

/* Nobody has been given a password. When the database does not answer somebody may have been. */
static bool
is_open(struct http_auth *auth)
{
	struct failure unused = { 0 };
	bool found = false;

	return auth->path[0] == '\0' &&
	    admin_store_each(auth->admins, stop_at_first, &found, &unused) == 0 && !found;
}

/* The user of the file, with whose hash the password must be compared, or that of another one. */
static void
look_at_file(struct job *job)
{
	struct http_auth *auth = job->auth;
	const char *hash = NULL, *other = NULL;
	bool known = false;

	pthread_mutex_lock(&auth->lock);
	if (auth->path[0] != '\0')
		(void)!refresh(auth, &job->failure);
	if (auth->file != NULL)
		hash = auth_file_find(auth->file, buf_view(&job->user), &other);
	job->has_user = hash != NULL && strlen(hash) < sizeof(job->hash);
	if (!job->has_user)
		hash = other;
	if (hash != NULL)
		snprintf(job->hash, sizeof(job->hash), "%s", hash);
	if (job->has_user && make_mark(auth, job) == 0)
		known = known_find(auth, job->mark, clock_mono_ms()) != NULL;
	pthread_mutex_unlock(&auth->lock);
	if (known)
		welcome(job, ACTOR_BASIC);
	else
		job->wants_hash = true;
}

static void
look(uv_work_t *work)
{
	struct job *job = work->data;

	if (job->kind == IPC_HTTP_BEARER)
		ask_administrators(job);
	else if (is_open(job->auth))
		welcome(job, ACTOR_LOCAL);
	else if (job->kind == IPC_HTTP_BASIC)
		look_at_file(job);
}

/*
 * The same work is done for each password that is wrong, whoever there is. A name in the file is a
 * user's and nobody else's.
 */
static void
hash(uv_work_t *work)
{
	struct job *job = work->data;
	struct http_auth *auth = job->auth;
	bool known, is_right;

	pthread_mutex_lock(&auth->lock);
	known = job->has_user && known_find(auth, job->mark, clock_mono_ms()) != NULL;
	pthread_mutex_unlock(&auth->lock);
	if (known) {
		welcome(job, ACTOR_BASIC);
		return;
	}
	is_right = job->hash[0] != '\0' &&
	    auth_file_check(job->hash, buf_view(&job->secret)) == PASSWORD_RIGHT;
	ask_administrators(job);
	if (!job->has_user)
		return;
	job->verdict = HTTP_REFUSED;
	if (!is_right)
		return;
	welcome(job, ACTOR_BASIC);
	pthread_mutex_lock(&auth->lock);
	known_add(auth, job->mark, clock_mono_ms());
	pthread_mutex_unlock(&auth->lock);
}

/* ---- on the loop */

static void
tell_failure(const struct job *job, const char *about)
{
	if (job->failure.text[0] != '\0')
		log_app(job->auth->log, LOG_LEVEL_ERROR, "httpd", "", "%s: nobody is let in: %s",
		    about, job->failure.text);
}

static void start_hash(struct http_auth *auth);

static void
on_hashed(uv_work_t *work, int status)
{
	struct job *job = work->data;
	struct http_auth *auth = job->auth;

	auth->hashing = false;
	tell_failure(job, "administrators");
	conclude(job, status == 0 ? job->verdict : HTTP_BUSY);
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

	tell_failure(job, job->wants_hash ? "httpd.auth_user_file" : "administrators");
	job->failure = (struct failure){ 0 };
	if (status != 0) {
		conclude(job, HTTP_BUSY);
	} else if (!job->wants_hash) {
		conclude(job, job->verdict);
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

void
http_auth_ask(struct http_auth *auth, const struct http_claim *claim, http_auth_done *done,
	void *ctx)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		done(ctx, HTTP_BUSY, NULL);
		return;
	}
	*job = (struct job){ .auth = auth, .kind = claim->kind, .changes = claim->changes,
		.address = claim->address, .done = done, .ctx = ctx,
		.user = buf_init(claim->user.n), .secret = buf_init(claim->secret.n),
		.code = buf_init(claim->code.n), .csrf = buf_init(claim->csrf.n) };
	job->work.data = job;
	buf_raw(&job->user, claim->user.p, claim->user.n);
	buf_raw(&job->secret, claim->secret.p, claim->secret.n);
	buf_raw(&job->code, claim->code.p, claim->code.n);
	buf_raw(&job->csrf, claim->csrf.p, claim->csrf.n);
	if (buf_error(&job->user) != 0 || buf_error(&job->secret) != 0 ||
	    buf_error(&job->code) != 0 || buf_error(&job->csrf) != 0 ||
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
