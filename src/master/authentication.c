#include "master/authentication.h"

#include "base/clock.h"
#include "master/authentication_job.h"
#include "master/login_dialogue.h"
#include "master/session.h"

#include <stddef.h>
#include <string.h>

/* The contract's name of the method in the log. */
static const char *
login_type(enum auth_kind kind)
{
	enum login_method method = auth_kind_method(kind);

	return method == LOGIN_PUBLICKEY ? "public_key" : login_method_name(method);
}

static void
answer(struct connection *c, bool key_ok, bool partial)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_auth_answer(&message, &(struct ipc_auth_answer){ .key_ok = key_ok,
		.partial = partial, .methods = view_of(login_progress_methods(c->progress)) });
	/* a failure has ended the connection */
	if (connection_send(&c->login, &message, NULL, 0) != 0)
		return;
}

void
authentication_refuse(struct connection *c)
{
	answer(c, false, false);
}

static enum metric_method
metric_method_of(enum auth_kind kind)
{
	switch (auth_kind_method(kind)) {
	case LOGIN_PASSWORD: return METRIC_PASSWORD;
	case LOGIN_PUBLICKEY: return METRIC_PUBLIC_KEY;
	case LOGIN_INTERACTIVE:
	case LOGIN_METHODS: break;
	}
	return METRIC_INTERACTIVE;
}

/* Counts the attempt: of a key the first, whether it asked or proved. */
static void
count(const struct auth_job *job, struct connection *c, bool ok)
{
	if (auth_kind_method(job->kind) != LOGIN_PUBLICKEY ||
	    login_keys_first(&c->keys_tried, job->username, buf_view(&job->key)))
		metrics_login(job->master->metrics, metric_method_of(job->kind), ok);
}

/*
 * Who guesses raises the score of the address. A client offers all its keys in turn, and all but
 * one are refused: they count when the connection ends without a login, and as one.
 */
static void
note_failure(const struct auth_job *job, struct connection *c)
{
	enum ban_event event =
	    job->user == NULL && !job->refused ? BAN_UNKNOWN_USER : BAN_BAD_CREDENTIAL;

	if (job->credential_good)
		return;
	if (auth_kind_method(job->kind) == LOGIN_PUBLICKEY)
		c->key_refused = event;
	else
		banning_note(job->master->banning, &c->address, event);
}

static void
log_success(const struct auth_job *job, const struct connection *c)
{
	const struct key_finding *key = &job->key_found;
	const char *description = key->description != NULL ? key->description : "";

	log_app(c->master->log, LOG_LEVEL_INFO, "sftpd", c->id_text,
	    "user \"%s\" logged in from %s by %s%s%s%s%s, client %s, home directory \"%s\"",
	    job->username, c->address_text, login_type(job->kind), key->fingerprint[0] ? ":" : "",
	    key->fingerprint, description[0] ? ":" : "", description,
	    c->client_version != NULL ? c->client_version : "unknown", job->user->home_dir);
}

static void
refuse_job(const struct auth_job *job, struct connection *c, struct view text)
{
	count(job, c, false);
	log_connection_failed(job->master->log, c->address_text, view_of(job->username),
	    login_type(job->kind), text);
	login_dialogue_give_up(c);
	answer(c, false, false);
}

/* All that was asked for now is good; what comes next? */
static void
go_on(struct auth_job *job, struct connection *c)
{
	struct master *m = job->master;
	struct login_progress *progress;

	c->sftp_only = c->sftp_only || job->key_found.sftp_only;
	if (job->step == LOGIN_STEP_DONE) {
		login_progress_free(&c->progress);
		count(job, c, true);
		log_success(job, c);
		banning_login(m->banning, &c->address);
		m->logins++;
		session_open(c, &job->user, &job->roots);
		return;
	}
	progress = login_progress_for(&c->progress, view_of(job->username));
	if (progress == NULL || job->step == LOGIN_STEP_REFUSED) {
		refuse_job(job, c, view_of("this method is not what the account requires next"));
	} else if (job->step == LOGIN_STEP_CODE) {
		/* a dialogue that goes on is one attempt, whose end is to come */
		login_dialogue_ask_code(c);
	} else {
		count(job, c, true);
		progress->steps = job->steps;
		progress->code_only = login_steps_code_only(job->user, &job->steps,
		    login_dialogue_has_program(m->config));
		memcpy(progress->methods, job->methods, sizeof(progress->methods));
		log_app(m->log, LOG_LEVEL_DEBUG, "sftpd", c->id_text,
		    "user \"%s\": %s is good, %s must follow", job->username,
		    login_type(job->kind), job->methods);
		answer(c, false, true);
	}
}

/* Back on the loop, with the connection still there. */
static void
conclude(struct auth_job *job, struct connection *c)
{
	struct master *m = job->master;
	struct buf text = buf_init(4096);
	enum login_verdict verdict;

	auth_job_remember_key(job, c);
	if (job->refused) {
		note_failure(job, c);
		refuse_job(job, c, view_of(job->failure.text));
		return;
	}
	if (job->failed) {
		log_app(m->log, LOG_LEVEL_ERROR, "dataProvider", c->id_text,
		    "cannot log in user \"%s\": %s", job->username, job->failure.text);
		refuse_job(job, c, view_of(job->failure.text));
		return;
	}
	if (job->stale && auth_kind_is_proof(job->kind)) {
		refuse_job(job, c, view_of("the account was changed during the login"));
		return;
	}
	verdict = auth_job_decide(job,
	    job->user != NULL ? user_sessions_count(&m->sessions, job->user->username) : 0, &text);
	if (verdict != LOGIN_ALLOWED) {
		note_failure(job, c);
		refuse_job(job, c, buf_view(&text));
	} else if (job->kind == AUTH_KEY_WANTED) {
		count(job, c, true);
		answer(c, true, false);
	} else if (job->kind == AUTH_DIALOGUE_BEGIN) {
		login_dialogue_run(c, job->user);
	} else if (job->kind == AUTH_DIALOGUE_CHECK) {
		login_dialogue_password_right(c);
	} else {
		go_on(job, c);
	}
	buf_free(&text);
}

static void
done(uv_work_t *work, int status)
{
	struct auth_job *job = work->data;
	struct master *m = job->master;
	struct connection *c = connection_find(m, job->connection);

	password_queue_leave(&m->passwords, &job->turn);
	if (status == 0 && c != NULL && !c->ended) {
		c->asking = false;
		metrics_login_took(m->metrics, metric_method_of(job->kind),
		    clock_mono_ms() - job->begun_ms);
		conclude(job, c);
	}
	auth_job_free(job);
}

static void
run(struct auth_job *job)
{
	/* the account has yet to be looked up */
	job->stale = false;
	if (uv_queue_work(&job->master->loop, &job->work, auth_job_check, done) != 0)
		bug("the thread pool takes no work");
}

static void
on_turn(struct password_turn *turn)
{
	run((struct auth_job *)(void *)((char *)turn - offsetof(struct auth_job, turn)));
}

/* To the thread pool, in a line where hashes are made: what a program said may bring a password. */
static void
go_to_pool(struct auth_job *job)
{
	if (!auth_kind_makes_hash(job->kind) && job->inquiry == NULL) {
		run(job);
	} else {
		job->turn.begin = on_turn;
		password_queue_enter(&job->master->passwords, &job->turn);
	}
}

static void
inquired(void *ctx)
{
	struct auth_job *job = ctx;
	struct connection *c = connection_find(job->master, job->connection);

	if (c != NULL && !c->ended)
		go_to_pool(job);
	else
		auth_job_free(job);
}

static int
begin(struct auth_job *job, struct connection *c)
{
	const struct inquiry_subject subject = { .username = job->username,
		.method = auth_kind_method(job->kind), .password = buf_view(&job->password),
		.key = buf_view(&job->key) };
	enum inquiry_program program = auth_job_program(job, c);

	if (job->refused) {
		refuse_job(job, c, view_of("Invalid credentials"));
		auth_job_free(job);
		return 0;
	}
	c->asking = true;
	if (program != INQUIRY_NONE)
		return inquiry_start(&job->inquiry, c, program, &subject, inquired, job);
	go_to_pool(job);
	return 0;
}

int
authentication_start(struct connection *c, const struct auth_offer *offer)
{
	struct auth_job *job;
	int err = auth_job_new(&job, c, offer);

	if (err == 0 && (err = begin(job, c)) != 0)
		auth_job_free(job);
	return err;
}

void
authentication_account_changed(struct master *m, const char *username)
{
	struct auth_job *job;

	LIST_FOREACH (job, &m->auth_jobs, running) {
		if (strcmp(job->username, username) == 0)
			job->stale = true;
	}
}
