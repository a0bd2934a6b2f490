#include "master/authentication_job.h"

#include "base/clock.h"

#include <stdlib.h>

enum login_method
auth_kind_method(enum auth_kind kind)
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

bool
auth_kind_makes_hash(enum auth_kind kind)
{
	return kind == AUTH_PASSWORD_CHECK || kind == AUTH_DIALOGUE_PASSWORD ||
	    kind == AUTH_DIALOGUE_CHECK;
}

bool
auth_kind_is_proof(enum auth_kind kind)
{
	return kind != AUTH_KEY_WANTED && kind != AUTH_DIALOGUE_BEGIN &&
	    kind != AUTH_DIALOGUE_CHECK;
}

bool
auth_kind_is_key(enum auth_kind kind)
{
	return kind == AUTH_KEY_WANTED || kind == AUTH_KEY_SIGNATURE;
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

int
auth_job_new(struct auth_job **out, struct connection *c, const struct auth_offer *offer)
{
	struct auth_job *job = calloc(1, sizeof(*job));
	int err;

	*out = job;
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
	if (err != 0) {
		auth_job_free(job);
		*out = NULL;
	}
	return err;
}

void
auth_job_free(struct auth_job *job)
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
