/* Whether a program has its say about an attempt to log in, and what is kept of what it said. */
#include "master/authentication_job.h"

enum inquiry_program
auth_job_program(struct auth_job *job, const struct connection *c)
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
	    c->master->config, auth_kind_method(job->kind), job->password.n > 0);
	if (program == INQUIRY_NONE || !auth_kind_is_key(job->kind) ||
	    !login_progress_knows_key(c->progress, buf_view(&job->key)))
		return program;
	job->vouched = program == INQUIRY_EXTERNAL && c->progress->key_vouched;
	job->refused = !c->progress->key_good;
	return INQUIRY_NONE;
}

void
auth_job_remember_key(const struct auth_job *job, struct connection *c)
{
	struct login_progress *progress;

	if (job->inquiry == NULL || !auth_kind_is_key(job->kind) || job->failed)
		return;
	if ((progress = login_progress_for(&c->progress, view_of(job->username))) != NULL)
		login_progress_remember_key(progress, buf_view(&job->key), !job->refused,
		    inquiry_program(job->inquiry) == INQUIRY_EXTERNAL);
}
