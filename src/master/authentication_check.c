/* An attempt to log in on the thread pool: the account is looked up, what was offered checked. */
#include "master/authentication_job.h"

#include "base/clock.h"

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

enum login_verdict
auth_job_decide(const struct auth_job *job, uint64_t open_sessions, struct buf *text_out)
{
	struct login_facts facts = { .username = job->username, .user = job->user,
		.credential_good = job->credential_good, .credential_text = job->credential_text,
		.method = login_method_name(auth_kind_method(job->kind)), .address = &job->address,
		.open_sessions = open_sessions, .now_ms = clock_wall_ms() };
	enum login_verdict verdict = login_decide(&facts);

	if (text_out != NULL && verdict != LOGIN_ALLOWED)
		login_text(verdict, &facts, text_out);
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
	if (auth_kind_makes_hash(job->kind))
		check_password(job);
	else if (job->kind == AUTH_DIALOGUE_CODE)
		check_code(job);
	else if (auth_kind_is_key(job->kind))
		check_key(job);
	else
		job->credential_good = job->user != NULL;
}

void
auth_job_check(uv_work_t *work)
{
	struct auth_job *job = work->data;

	check(job);
	if (job->failed || job->refused || !auth_kind_is_proof(job->kind) ||
	    auth_job_decide(job, 0, NULL) != LOGIN_ALLOWED)
		return;
	job->step = login_steps_add(job->user, &job->steps, auth_kind_method(job->kind),
	    job->kind == AUTH_DIALOGUE_CODE, job->methods);
	if (job->step != LOGIN_STEP_DONE)
		return;
	if (home_open(job->user, job->master->map_ids, &job->roots, &job->failure) != 0)
		job->failed = true;
}
