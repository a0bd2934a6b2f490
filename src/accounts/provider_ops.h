/*
 * provider_ops.h - what a driver does; provider.c decides before that whether it may be done, and
 * validates. For the drivers alone.
 *
 * Every operation may be called from several threads at once.
 */
#ifndef ACCOUNTS_PROVIDER_OPS_H
#define ACCOUNTS_PROVIDER_OPS_H

#include "accounts/provider.h"

struct provider_ops {
	const char *driver;
	/* Sets provider->store; on failure leaves it NULL. */
	int (*open)(struct provider *provider, const struct provider_config *config,
	    struct failure *failure);
	void (*close)(struct provider *provider);
	int (*check)(struct provider *provider, struct failure *failure);
	int (*find)(struct provider *provider, const char *username, struct user **out,
	    struct failure *failure);
	int (*find_id)(
	    struct provider *provider, int64_t id, struct user **out, struct failure *failure);
	int (*list)(struct provider *provider, const struct provider_query *query,
	    struct user_list *out, struct failure *failure);
	int (*all)(struct provider *provider, struct user_list *out, struct failure *failure);
	/* The user is valid and finished. */
	int (*add)(struct provider *provider, struct user *user, struct failure *failure);
	/* Stores all, as they are and under their ids, or none. */
	int (*load)(struct provider *provider, const struct user_list *users,
	    const struct provider_progress *progress, struct failure *failure);
	int (*update)(struct provider *provider, const struct user *user, struct failure *failure);
	int (*remove)(struct provider *provider, int64_t id, struct failure *failure);
	int (*touch_login)(struct provider *provider, const char *username, int64_t now_ms,
	    struct failure *failure);
	/* only_limited: leaves accounts without a quota alone, successfully. */
	int (*quota_add)(struct provider *provider, const char *username,
	    struct provider_quota delta, int64_t now_ms, bool only_limited,
	    struct failure *failure);
	int (*quota_set)(struct provider *provider, const char *username,
	    struct provider_quota used, int64_t now_ms, struct failure *failure);
	int (*reload)(struct provider *provider, struct failure *failure);
	/* Both NULL where settings only count at the opening. */
	int (*change)(struct provider *provider, const struct provider_config *config,
	    struct failure *failure);
	int (*try_change)(struct provider *provider, struct failure *failure);
	/* Writes the text for a username that is taken, and returns ERR_EXISTS. */
	int (*taken)(struct provider *provider, const char *username, struct failure *failure);
};

struct provider_pending;

struct provider {
	const struct provider_ops *ops;
	struct provider_pending *pending; /* quota that the database could not take yet */
	char *users_base_dir;
	char *credentials_path;
	struct password_cost cost;
	struct user_rules rules;
	bool manage_users;
	bool writes; /* with manage_users, or without */
	int track_quota;
	void *store; /* the driver's own */
};

extern const struct provider_ops provider_bolt_ops;
extern const struct provider_ops provider_memory_ops;
extern const struct provider_ops provider_mysql_ops;
extern const struct provider_ops provider_postgresql_ops;
extern const struct provider_ops provider_sqlite_ops;

/* True when the name has the part that is searched for, or nothing is. */
bool provider_query_has(const struct provider_query *query, struct view username);
/* Tells of one more account, where somebody wants to know. */
void provider_tell_progress(const struct provider_progress *progress, size_t done);
/* Both write the text and return ERR_NOT_FOUND. */
MUST int provider_no_such_name(const char *username, struct failure *failure);
MUST int provider_no_such_id(int64_t id, struct failure *failure);

#endif
