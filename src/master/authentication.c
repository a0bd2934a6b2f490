#include "master/authentication.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "master/home.h"
#include "master/inquiry.h"
#include "master/key_offer.h"
#include "master/login_dialogue.h"
#include "master/session.h"
#include "master/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct auth_job {
	STAILQ_ENTRY(auth_job) link;
	LIST_ENTRY(auth_job) running;
	uv_work_t work;
	struct master *master;
	uint64_t connection;
	enum auth_kind kind;
	uint64_t begun_ms;
	struct address address;
	char username[1025];
	struct buf password, algorithm, key, signature, signed_data;

	struct login_steps steps; /* proved before */
	struct user_authorities *authorities; /* one owner of them */
	struct inquiry *inquiry;  /* NULL: no program is asked */
	bool vouched;             /* for the key, by the external program */
	bool takes_turn;          /* counted among those that make hashes */
	bool stale;               /* the account was changed since; only the loop looks */

	/* what the thread found */
	struct user *user; /* NULL: there is none */
	bool credential_good;
	const char *credential_text;
	struct key_finding key_found;
	enum login_step step; /* when all is good */
	char methods[LOGIN_METHODS_TEXT_MAX];
	struct home_roots roots;
	struct failure failure; /* the accounts or the home directory cannot be reached */
	bool failed, refused; /* by a program: then it has the text */
};

void
password_queue_init(struct password_queue *queue, unsigned at_once)
{
	STAILQ_INIT(&queue->waiting);
	queue->running = 0;
	queue->at_once = at_once > 0 ? at_once : 1;
}

static enum login_method
method_of(enum auth_kind kind)
{
	switch (kind) {
	case AUTH_PASSWORD_CHECK: return LOGIN_PASSWORD;
	case AUTH_KEY_WANTED:
	case AUTH_KEY_SIGNATURE: return LOGIN_PUBLICKEY;
	case AUTH_DIALOGUE_PASSWORD:
	case AUTH_DIALOGUE_CODE:
	case AUTH_DIALOGUE_BEGIN:
	case AUTH_DIALOGUE_CHECK:
	case AUTH_DIALOGUE_PASSED: break;
	}
	return LOGIN_INTERACTIVE;
}

/* The contract's name of the method in the log. */
static const char *
login_type(enum auth_kind kind)
{
	enum login_method method = method_of(kind);

	return method == LOGIN_PUBLICKEY ? "public_key" : login_method_name(method);
}

static bool
makes_hash(enum auth_kind kind)
{
	return kind == AUTH_PASSWORD_CHECK || kind == AUTH_DIALOGUE_PASSWORD ||
	    kind == AUTH_DIALOGUE_CHECK;
}

/* True for what proves something; the others can never log anybody in. */
static bool
is_proof(enum auth_kind kind)
{
	return kind != AUTH_KEY_WANTED && kind != AUTH_DIALOGUE_BEGIN &&
	    kind != AUTH_DIALOGUE_CHECK;
}

static bool
is_key(enum auth_kind kind)
{
	return kind == AUTH_KEY_WANTED || kind == AUTH_KEY_SIGNATURE;
}

static void
job_free(struct auth_job *job)
{
	LIST_REMOVE(job, running);
	inquiry_free(&job->inquiry);
	buf_free(&job->password);
	buf_free(&job->algorithm);
	buf_free(&job->key);
	buf_free(&job->signature);
	buf_free(&job->signed_data);
	user_free(&job->user);
	user_authorities_free(&job->authorities);
	key_finding_free(&job->key_found);
	home_close(&job->roots);
	free(job);
}

/* RFC 4252 section 7: what the client signs. Built from our own record of the session id. */
static void
write_signed_data(struct buf *out, const struct connection *c, const struct auth_offer *offer)
{
	enum { SSH_MSG_USERAUTH_REQUEST = 50 };

	buf_str(out, (struct view){ .p = c->session_id, .n = c->session_id_bytes });
	buf_u8(out, SSH_MSG_USERAUTH_REQUEST);
	buf_str(out, offer->user);
	buf_cstr(out, "ssh-connection");
	buf_cstr(out, "publickey");
	buf_bool(out, true);
	buf_str(out, offer->algorithm);
	buf_str(out, offer->key);
}

static void
check_key(struct auth_job *job)
{
	key_offer_check(&(struct key_offer){ .user = job->user, .blob = buf_view(&job->key),
		.algorithm = buf_view(&job->algorithm), .is_proof = job->kind == AUTH_KEY_SIGNATURE,
		.signed_bytes = buf_view(&job->signed_data), .signature = buf_view(&job->signature),
		.vouched = job->vouched, .address = &job->address, .authorities = job->authorities,
		.allow = job->master->allow }, &job->key_found);
	job->credential_good = job->key_found.good;
	job->credential_text = job->key_found.refusal;
}

static void
check_password(struct auth_job *job)
{
	const struct user_rules *rules = provider_rules(job->master->provider);
	enum password_result result =
	    user_check_password(job->user, buf_view(&job->password), rules->cost);

	job->credential_good = result == PASSWORD_RIGHT;
	if (!job->credential_good) {
		job->credential_text = password_result_text(result);
	} else if (job->kind != AUTH_DIALOGUE_CHECK &&
	    !user_method_allowed(job->user, login_method_name(LOGIN_PASSWORD))) {
		/* Whoever denies passwords does not mean to let them in by another name. */
		job->credential_good = false;
		job->credential_text = "the login method password is denied";
	}
}

/* Each code is good for once: it is only good when that has been stored. */
static void
check_code(struct auth_job *job)
{
	enum user_totp_result result = USER_TOTP_NONE;
	int err;

	user_changes_lock();
	user_free(&job->user);
	err = provider_find(job->master->provider, job->username, &job->user, &job->failure);
	if (err == 0)
		result = user_totp_check(job->user, buf_view(&job->password), clock_wall_ms());
	if (err == 0 && result == USER_TOTP_RIGHT)
		err = provider_update(job->master->provider, job->user, &job->failure);
	user_changes_unlock();
	job->failed = err != 0 && err != ERR_NOT_FOUND;
	job->credential_good = err == 0 && result == USER_TOTP_RIGHT;
	if (!job->credential_good)
		job->credential_text = result == USER_TOTP_BROKEN
					   ? "the stored one-time secret cannot be used"
					   : "the one-time code is wrong, or was used before";
}

static enum login_verdict
decide(const struct auth_job *job, uint64_t open_sessions, struct buf *text)
{
	struct login_facts facts = { .username = job->username, .user = job->user,
		.credential_good = job->credential_good, .credential_text = job->credential_text,
		.method = login_method_name(method_of(job->kind)), .address = &job->address,
		.open_sessions = open_sessions, .now_ms = clock_wall_ms() };
	enum login_verdict verdict = login_decide(&facts);

	if (text != NULL && verdict != LOGIN_ALLOWED)
		login_text(verdict, &facts, text);
	return verdict;
}

/* Looks the account up, once programs have had their say, and checks what was offered. */
static void
check(struct auth_job *job)
{
	int err = 0;

	if (job->inquiry != NULL && (err = inquiry_apply(job->inquiry, &job->failure)) != 0) {
		job->refused = err == ERR_DENIED;
		job->failed = !job->refused;
		return;
	}
	err = provider_find(job->master->provider, job->username, &job->user, &job->failure);
	if (err != 0 && err != ERR_NOT_FOUND)
		job->failed = true;
	if (makes_hash(job->kind))
		check_password(job);
	else if (job->kind == AUTH_DIALOGUE_CODE)
		check_code(job);
	else if (is_key(job->kind))
		check_key(job);
	else
		job->credential_good = job->user != NULL;
}

/* On a thread of the pool. */
static void
run(uv_work_t *work)
{
	struct auth_job *job = work->data;

	check(job);
	if (job->failed || job->refused || !is_proof(job->kind) ||
	    decide(job, 0, NULL) != LOGIN_ALLOWED)
		return;
	job->step = login_steps_add(job->user, &job->steps, method_of(job->kind),
	    job->kind == AUTH_DIALOGUE_CODE, job->methods);
	if (job->step != LOGIN_STEP_DONE)
		return;
	if (home_open(job->user, job->master->map_ids, &job->roots, &job->failure) != 0)
		job->failed = true;
}

static void start_waiting(struct master *m);

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
	switch (method_of(kind)) {
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
	if (method_of(job->kind) != LOGIN_PUBLICKEY ||
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
	if (method_of(job->kind) == LOGIN_PUBLICKEY)
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

/* So that the same key is not asked about again, neither by a proof nor by one more query. */
static void
remember_key(const struct auth_job *job, struct connection *c)
{
	struct login_progress *progress;

	if (job->inquiry == NULL || !is_key(job->kind) || job->failed)
		return;
	if ((progress = login_progress_for(&c->progress, view_of(job->username))) != NULL)
		login_progress_remember_key(progress, buf_view(&job->key), !job->refused,
		    inquiry_program(job->inquiry) == INQUIRY_EXTERNAL);
}

/* Back on the loop, with the connection still there. */
static void
conclude(struct auth_job *job, struct connection *c)
{
	struct master *m = job->master;
	struct buf text = buf_init(4096);
	enum login_verdict verdict;

	remember_key(job, c);
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
	if (job->stale && is_proof(job->kind)) {
		refuse_job(job, c, view_of("the account was changed during the login"));
		return;
	}
	verdict = decide(job, job->user != NULL ? session_count_user(m, job->user->username) : 0,
	    &text);
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

	if (job->takes_turn) {
		m->passwords.running--;
		start_waiting(m);
	}
	if (status == 0 && c != NULL && !c->ended) {
		c->asking = false;
		metrics_login_took(m->metrics, metric_method_of(job->kind),
		    clock_mono_ms() - job->begun_ms);
		conclude(job, c);
	}
	job_free(job);
}

static void
queue(struct auth_job *job)
{
	/* the account has yet to be looked up */
	job->stale = false;
	if (uv_queue_work(&job->master->loop, &job->work, run, done) != 0)
		bug("the thread pool takes no work");
}

static void
start_waiting(struct master *m)
{
	struct auth_job *job;

	while (m->passwords.running < m->passwords.at_once &&
	    (job = STAILQ_FIRST(&m->passwords.waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&m->passwords.waiting, link);
		m->passwords.running++;
		job->takes_turn = true;
		queue(job);
	}
}

/* To the thread pool, in a line where hashes are made: what a program said may bring a password. */
static void
go_to_pool(struct auth_job *job)
{
	if (!makes_hash(job->kind) && job->inquiry == NULL) {
		queue(job);
	} else {
		STAILQ_INSERT_TAIL(&job->master->passwords.waiting, job, link);
		start_waiting(job->master);
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
		job_free(job);
}

/* Whether a program is to be asked first, and which. */
static enum inquiry_program
program_for(struct auth_job *job, const struct connection *c)
{
	enum inquiry_program program;

	switch (job->kind) {
	case AUTH_PASSWORD_CHECK:
	case AUTH_DIALOGUE_PASSWORD:
		/* an empty one never opens anything, whatever a program would say to it */
		if (job->password.n == 0)
			return INQUIRY_NONE;
		break;
	case AUTH_KEY_WANTED:
	case AUTH_KEY_SIGNATURE:
	case AUTH_DIALOGUE_BEGIN: break;
	case AUTH_DIALOGUE_CODE:
	case AUTH_DIALOGUE_CHECK:
	case AUTH_DIALOGUE_PASSED: return INQUIRY_NONE;
	}
	program = inquiry_program_for(
	    c->master->config, method_of(job->kind), job->password.n > 0);
	if (program == INQUIRY_NONE || !is_key(job->kind) ||
	    !login_progress_knows_key(c->progress, buf_view(&job->key)))
		return program;
	job->vouched = program == INQUIRY_EXTERNAL && c->progress->key_vouched;
	job->refused = !c->progress->key_good;
	return INQUIRY_NONE;
}

static int
begin(struct auth_job *job, struct connection *c)
{
	const struct inquiry_subject subject = { .username = job->username,
		.method = method_of(job->kind), .password = buf_view(&job->password),
		.key = buf_view(&job->key) };
	enum inquiry_program program = program_for(job, c);

	if (job->refused) {
		refuse_job(job, c, view_of("Invalid credentials"));
		job_free(job);
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
	struct auth_job *job = calloc(1, sizeof(*job));
	int err;

	if (job == NULL)
		return ERR_MEMORY;
	LIST_INSERT_HEAD(&c->master->auth_jobs, job, running);
	job->work.data = job;
	job->master = c->master;
	job->connection = c->id;
	job->kind = offer->kind;
	job->begun_ms = clock_mono_ms();
	job->address = c->address;
	job->authorities = user_authorities_ref(c->master->authorities);
	if (c->progress != NULL && view_is(offer->user, c->progress->user))
		job->steps = c->progress->steps;
	else
		login_progress_free(&c->progress);
	job->password = buf_init(1024);
	job->algorithm = buf_init(64);
	job->key = buf_init(16384);
	job->signature = buf_init(4096);
	job->signed_data = buf_init(32768);
	buf_raw(&job->password, offer->password.p, offer->password.n);
	buf_raw(&job->algorithm, offer->algorithm.p, offer->algorithm.n);
	buf_raw(&job->key, offer->key.p, offer->key.n);
	buf_raw(&job->signature, offer->signature.p, offer->signature.n);
	if (offer->kind == AUTH_KEY_SIGNATURE)
		write_signed_data(&job->signed_data, c, offer);
	err = view_copy(offer->user, job->username, sizeof(job->username));
	if (err == 0 && (job->password.bad != 0 || job->algorithm.bad != 0 || job->key.bad != 0 ||
	    job->signature.bad != 0 || job->signed_data.bad != 0))
		err = ERR_MEMORY;
	if (err == 0)
		err = begin(job, c);
	if (err != 0)
		job_free(job);
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
