/*
 * user_members.h - single members of the user JSON, for providers that store them apart.
 */
#ifndef ACCOUNTS_USER_MEMBERS_H
#define ACCOUNTS_USER_MEMBERS_H

#include "accounts/user.h"

/* The member's value ("filters") in the dump form; NULL when memory is short. */
json_t *user_member_to_json(const struct user *user, const char *name);
/*
 * Decodes one member as user_from_json() does. In addition "permissions" may be a plain list, which
 * is what old databases hold for "/".
 */
MUST int user_member_from_json(
    struct user *user, const char *name, const json_t *value, struct failure *failure);
/* `to` is empty before; on ERR_MEMORY it holds a part, to be cleared by its owner. */
MUST int user_permissions_copy(const struct user_permissions *from, struct user_permissions *to);
void user_folders_clear(struct user_virtual_folders *list);
void user_extensions_clear(struct user_extensions_list *list);
/* Parses one JSON value; see user_from_text(). The caller drops the reference. */
MUST int accounts_json_parse(struct view text, size_t max, json_t **out, struct failure *failure);

#endif
