/*
 * admin.h - an administrator: who may use the control API other than by being on the host, and for
 * what.
 *
 * An administrator logs in as an account does, so the record of the login is that of an account
 * (user.h), of which name, password, status, expiration, allowed addresses and one-time codes are
 * used and nothing else. Areas are names that only master/ knows the meaning of.
 */
#ifndef ACCOUNTS_ADMIN_H
#define ACCOUNTS_ADMIN_H

#include "accounts/failure.h"
#include "accounts/password.h"
#include "accounts/user.h"

#include <jansson.h>

enum { ADMIN_PASSWORD_MIN = 8, ADMIN_DESCRIPTION_MAX = 1024 };

struct admin {
	struct user *login;
	json_t *areas; /* a list of names */
	char *description;
	int64_t created; /* wall clock, ms */
};

/* An active administrator without name, password and areas. ERR_MEMORY. */
MUST int admin_new(struct admin **out);
/* *admin may be NULL, and is NULL afterwards. */
void admin_free(struct admin **admin);

/*
 * Takes the members of an object: password, status, expiration_date, areas, allowed_addresses and
 * description; absent ones keep their value, any other is refused. A password is always plain text
 * here, and hashed (slow, needs the memory of the cost). ERR_INVALID with a text; the administrator
 * is then half changed and to be thrown away. That the areas exist is the caller's to see to.
 */
MUST int admin_from_json(struct admin *admin, const json_t *object,
    const struct password_cost *cost, struct failure *failure);
/* ERR_INVALID when name, password or areas are missing, or something else is impossible. */
MUST int admin_validate(const struct admin *admin, struct failure *failure);
/* For people and programs: no secret is in it. NULL when memory is short. */
json_t *admin_to_json(const struct admin *admin);

#endif
