/*
 * user_authorities.h - whose certificates let users in, and which keys do no more: the files of
 * sftpd.trusted_user_ca_keys and sftpd.revoked_user_certs_file, read.
 *
 * Never changes once it is read; a reload reads another one. Private to master/.
 */
#ifndef MASTER_USER_AUTHORITIES_H
#define MASTER_USER_AUTHORITIES_H

#include "accounts/accounts.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>

struct config;
struct user_authorities;

/*
 * Reads the files. One that is missing, unreadable or not understood whole is ERR_INVALID with a
 * line in `mistakes` that names file and remedy; ERR_MEMORY. Frees with user_authorities_free().
 */
MUST int user_authorities_load(
    struct user_authorities **out, const struct config *config, struct buf *mistakes);
void user_authorities_free(struct user_authorities **authorities);
/* One more owner, who has to free them too; on the master's loop only. */
struct user_authorities *user_authorities_ref(struct user_authorities *authorities);

/* On any thread: whether the configuration trusts the key of this blob; what is revoked. */
bool user_authorities_trust(const struct user_authorities *authorities, struct view blob);
const struct revoked_keys *user_authorities_revoked(const struct user_authorities *authorities);
size_t user_authorities_count(const struct user_authorities *authorities);

#endif
