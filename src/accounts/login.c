#include "accounts/login.h"

#include <inttypes.h>

enum login_verdict
login_decide(const struct login_facts *facts)
{
	const struct user *user = facts->user;

	if (user == NULL)
		return LOGIN_UNKNOWN_USER;
	if (user->status != USER_ACTIVE)
		return LOGIN_DISABLED;
	/* A negative date is in the past, not "never". */
	if (user->expiration_date != 0 && user->expiration_date < facts->now_ms)
		return LOGIN_EXPIRED;
	if (!facts->credential_good)
		return LOGIN_BAD_CREDENTIAL;
	if (user->home_dir[0] != '/')
		return LOGIN_HOME_NOT_ABSOLUTE;
	if (user->max_sessions > 0 && facts->open_sessions >= (uint64_t)user->max_sessions)
		return LOGIN_TOO_MANY_SESSIONS;
	if (!user_method_allowed(user, facts->method))
		return LOGIN_METHOD_DENIED;
	if (!user_address_allowed(user, facts->address))
		return LOGIN_ADDRESS_DENIED;
	if (!user_time_allowed(user, facts->now_ms))
		return LOGIN_TIME_DENIED;
	return LOGIN_ALLOWED;
}

void
login_text(enum login_verdict verdict, const struct login_facts *facts, struct buf *out)
{
	char address[ADDRESS_TEXT_MAX];

	switch (verdict) {
	case LOGIN_ALLOWED: buf_printf(out, "user \"%s\" may log in", facts->username); return;
	case LOGIN_UNKNOWN_USER:
		buf_printf(out, "Not found: username %s does not exist", facts->username);
		return;
	case LOGIN_DISABLED: buf_printf(out, "user \"%s\" is disabled", facts->username); return;
	case LOGIN_EXPIRED:
		buf_printf(out, "user \"%s\" is expired since %" PRId64 ", now is %" PRId64,
		    facts->username, facts->user->expiration_date, facts->now_ms);
		return;
	case LOGIN_HOME_NOT_ABSOLUTE:
		buf_printf(out, "the home directory of user \"%s\" is no absolute path: \"%s\"",
		    facts->username, facts->user->home_dir);
		return;
	case LOGIN_TOO_MANY_SESSIONS:
		buf_printf(out, "user \"%s\" has too many open sessions: %" PRIu64 " of %" PRId64,
		    facts->username, facts->open_sessions, facts->user->max_sessions);
		return;
	case LOGIN_METHOD_DENIED:
		buf_printf(out, "the login method %s is denied for user \"%s\"", facts->method,
		    facts->username);
		return;
	case LOGIN_ADDRESS_DENIED:
		buf_printf(out, "user \"%s\" may not log in from %s", facts->username,
		    address_text(facts->address, address));
		return;
	case LOGIN_TIME_DENIED:
		buf_printf(out, "user \"%s\" may not log in at this hour", facts->username);
		return;
	case LOGIN_BAD_CREDENTIAL: break;
	}
	buf_text(
	    out, facts->credential_text != NULL ? facts->credential_text : "Invalid credentials");
}
