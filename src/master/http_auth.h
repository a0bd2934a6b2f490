/*
 * http_auth.h - who uses the HTTP API: users of a file, which is read again when it changes, and
 * administrators with their passwords, API keys and sessions.
 *
 * Files, database and hashes are looked at on the thread pool, one hash at a time: whoever guesses
 * here takes no turn from logins. A password of the file that was right is remembered for some
 * minutes, as a keyed digest of itself and of the stored hash, so that a client pays for its hash
 * once. Wrong passwords count against the address; tokens cannot be guessed. Where there is neither
 * a file nor an administrator everybody is let in: that the address is this machine's own is the
 * caller's to see to. Private to master/.
 */
#ifndef MASTER_HTTP_AUTH_H
#define MASTER_HTTP_AUTH_H

#include "accounts/accounts.h"
#include "base/address.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "control/control_actor.h"
#include "ipc/ipc.h"

#include <uv.h>

struct http_auth;
struct log;

enum http_verdict {
	HTTP_REFUSED = 0, /* nobody whom we know */
	HTTP_TOO_OFTEN,   /* too many wrong passwords of late */
	HTTP_BUSY,        /* too many wait already, or the database does not answer */
	HTTP_CODE_WANTED, /* the password was right, and a one-time code must come with it */
	HTTP_FOREIGN,     /* a change over a session, without its CSRF token */
	HTTP_WELCOME,     /* the only success */
};

enum { HTTP_AUTH_WAITING_MAX = 64 };

/* What a client says about itself; copied. */
struct http_claim {
	enum ipc_http_credential kind;
	struct view user, secret, code, csrf;
	bool changes;
	struct address address;
};

struct http_auth_settings {
	uv_loop_t *loop;
	struct log *log;             /* borrowed */
	const char *path;            /* of the file, or "": there is none */
	struct admin_store *admins;  /* borrowed */
	const struct password_cost *cost; /* borrowed */
};

/* ERR_INVALID, ERR_NOT_FOUND, ... with a text when the file cannot be read or is none. */
MUST int http_auth_new(struct http_auth **out, const struct http_auth_settings *settings,
	struct failure *failure);
/* When nothing of it runs on the pool any more. */
void http_auth_free(struct http_auth **auth);

/* The actor is filled in when the verdict is HTTP_WELCOME, and lives during the call. */
typedef void http_auth_done(void *ctx, enum http_verdict verdict,
	const struct control_actor *actor);
/* `done` is called once and on the loop, maybe before this returns. */
void http_auth_ask(struct http_auth *auth, const struct http_claim *claim, http_auth_done *done,
	void *ctx);

#endif
