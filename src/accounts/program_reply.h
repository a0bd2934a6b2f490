/*
 * program_reply.h - what the programs of the administrator say of an account, put into effect.
 *
 * The external authentication program gives an account whole, the program before a login a part of
 * it. Both blocks like any other change of an account, and may make a password hash. What a program
 * said wrong is ERR_DENIED with the words for the log; other codes are those of provider.h. Used by
 * the master; starts no program itself.
 */
#ifndef ACCOUNTS_PROGRAM_REPLY_H
#define ACCOUNTS_PROGRAM_REPLY_H

#include "accounts/provider.h"

/* What was offered by the client, and that the program did not refuse. */
struct external_login {
	const char *username;
	struct view password; /* empty: none */
	const char *key_line; /* in the form of authorized_keys; NULL: none */
};

/*
 * Stores the account of the reply, one user JSON: with the offered password and key in it; added,
 * or in place of the one that has the login's name, of which id, used quota, last login, and what
 * such programs cannot know of (one-time codes, required methods) unless they name it, are kept. A
 * reply without a username refuses the login; one with another username is a fault.
 */
MUST int external_reply_store(struct provider *provider, const struct external_login *login,
    struct view reply, struct failure *failure);

/*
 * Changes the stored account as the members in the reply say; they are merged as those of an update
 * are. An empty reply, or one of blanks, changes nothing. Name, id, used quota and last login stay.
 */
MUST int pre_login_reply_store(struct provider *provider, const char *username, struct view reply,
    struct failure *failure);

#endif
