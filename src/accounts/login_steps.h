/*
 * login_steps.h - which methods a login needs, one after the other (RFC 4252 section 5.1).
 *
 * Pure bookkeeping: a method has been proved, what now? An account may require methods in an order
 * (filters.required_methods, each entry one complete way in), and one-time codes always are a step
 * of their own: asked for in a keyboard-interactive dialogue. Used by the master.
 */
#ifndef ACCOUNTS_LOGIN_STEPS_H
#define ACCOUNTS_LOGIN_STEPS_H

#include "accounts/user.h"

/* The methods of RFC 4252 and RFC 4256 that an account can be opened with. */
enum login_method { LOGIN_PUBLICKEY, LOGIN_PASSWORD, LOGIN_INTERACTIVE, LOGIN_METHODS };

enum {
	LOGIN_STEPS_MAX = LOGIN_METHODS,      /* methods in one way in */
	LOGIN_WAYS_MAX = 16,                  /* ways in that an account may list */
	LOGIN_METHODS_TEXT_MAX = 64,          /* all names with commas and a NUL */
};

/* What has been proved on a connection, for one user. */
struct login_steps {
	uint8_t methods[LOGIN_STEPS_MAX]; /* enum login_method, in their order */
	uint8_t count;
	bool code; /* a one-time code was among it */
};

enum login_step {
	LOGIN_STEP_REFUSED = 0, /* it was proved, but is not what the account needs next */
	LOGIN_STEP_DONE,        /* the only success: nothing is missing */
	LOGIN_STEP_MORE,        /* partial success: one of the methods that were told must follow */
	LOGIN_STEP_CODE,        /* the dialogue goes on: the one-time code is asked for */
};

/* "publickey", "password" or "keyboard-interactive". */
const char *login_method_name(enum login_method method);
/* LOGIN_METHODS when there is none of this name. */
enum login_method login_method_find(struct view name);

/*
 * Adds a method that was proved to the steps; `code` says that a one-time code was. With
 * LOGIN_STEP_MORE the steps hold it, and `methods_out` the names that may follow, with commas.
 * Otherwise both stay as they were.
 */
enum login_step login_steps_add(const struct user *user, struct login_steps *steps,
    enum login_method method, bool code, char methods_out[LOGIN_METHODS_TEXT_MAX]);
/*
 * Whether a keyboard-interactive dialogue begins with the one-time code, and not the password. When
 * a program holds dialogues that is only so once nothing but the code is missing.
 */
bool login_steps_code_only(
    const struct user *user, const struct login_steps *steps, bool has_program);

/*
 * For user_validate(): each way in has methods of those names, none twice, none that is denied,
 * and there are at most LOGIN_WAYS_MAX.
 */
MUST int login_steps_validate(const struct user *user, struct failure *failure);

#endif
