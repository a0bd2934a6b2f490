/*
 * authentication_job.h - one attempt to log in: what was offered, and what was found.
 *
 * A job copies all that it needs when it begins. It is on the loop, then on a thread of the pool
 * (auth_job_check()), then on the loop again. Private to authentication*.c.
 */
#ifndef MASTER_AUTHENTICATION_JOB_H
#define MASTER_AUTHENTICATION_JOB_H

#include "master/authentication.h"
#include "master/home.h"
#include "master/inquiry.h"
#include "master/key_offer.h"
#include "master/password_queue.h"
#include "master/state.h"

struct auth_job {
	struct password_turn turn;
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

enum login_method auth_kind_method(enum auth_kind kind);
bool auth_kind_makes_hash(enum auth_kind kind);
/* True for what proves something; the others can never log anybody in. */
bool auth_kind_is_proof(enum auth_kind kind);
bool auth_kind_is_key(enum auth_kind kind);

/* ERR_MEMORY, ERR_LIMIT or ERR_FORMAT when the name is none. auth_job_free() in the end. */
MUST int auth_job_new(struct auth_job **out, struct connection *c, const struct auth_offer *offer);
void auth_job_free(struct auth_job *job);

/* --- authentication_check.c --- */

/* On a thread of the pool: fills in what is found. */
void auth_job_check(uv_work_t *work);
/* text_out may be NULL: why not, for the log. */
enum login_verdict auth_job_decide(
    const struct auth_job *job, uint64_t open_sessions, struct buf *text_out);

/* --- authentication_programs.c --- */

/* Which program is to be asked first; what one has said of the key before is put into the job. */
enum inquiry_program auth_job_program(struct auth_job *job, const struct connection *c);
/* So that the same key is not asked about again, neither by a proof nor by one more query. */
void auth_job_remember_key(const struct auth_job *job, struct connection *c);

#endif
