/* The driver "bolt": what SFTPGo's driver of that name does, over a file of LMDB. */
#include "accounts/lmdb_store.h"
#include "accounts/provider_ops.h"
#include "accounts/provider_pending.h"

#include <string.h>

static int
bolt_open(struct provider *provider, const struct provider_config *config, struct failure *failure)
{
	struct lmdb_store *store;
	int err = lmdb_store_open(config, &store, failure);

	provider->store = store;
	return err;
}

static void
bolt_close(struct provider *provider)
{
	struct lmdb_store *store = provider->store;

	provider->store = NULL;
	lmdb_store_close(&store);
}

/* --- reading --- */

static int
bolt_check(struct provider *provider, struct failure *failure)
{
	struct lmdb_work work;
	int err = lmdb_begin(provider->store, false, &work, failure);

	return err == 0 ? lmdb_end(&work, 0, failure) : err;
}

static int
bolt_find(
    struct provider *provider, const char *username, struct user **out, struct failure *failure)
{
	struct lmdb_work work;
	int err = lmdb_begin(provider->store, false, &work, failure);

	if (err == 0)
		err = lmdb_end(&work, lmdb_read_user(&work, username, out, failure), failure);
	return err == ERR_NOT_FOUND ? provider_no_such_name(username, failure) : err;
}

static int
read_id(struct lmdb_work *work, int64_t id, struct user **out, struct failure *failure)
{
	struct view name;
	char *username;
	int err = lmdb_read_name(work, id, &name, failure);

	if (err != 0)
		return err;
	if ((username = view_dup(name)) == NULL)
		return ERR_MEMORY;
	err = lmdb_read_user(work, username, out, failure);
	free(username);
	return err;
}

static int
bolt_find_id(struct provider *provider, int64_t id, struct user **out, struct failure *failure)
{
	struct lmdb_work work;
	int err = lmdb_begin(provider->store, false, &work, failure);

	if (err == 0)
		err = lmdb_end(&work, read_id(&work, id, out, failure), failure);
	return err == ERR_NOT_FOUND ? provider_no_such_id(id, failure) : err;
}

static int
give(void *data, struct user **user)
{
	return user_list_give(data, user);
}

static int
list_one(struct lmdb_work *work, const struct provider_query *query, struct user_list *out,
    struct failure *failure)
{
	struct user *user = NULL;
	int err;

	if (query->offset > 0)
		return 0;
	err = lmdb_read_user(work, query->username, &user, failure);
	if (err == 0)
		err = user_list_give(out, &user);
	user_free(&user);
	return err == ERR_NOT_FOUND ? 0 : err;
}

static int
bolt_list(struct provider *provider, const struct provider_query *query, struct user_list *out,
    struct failure *failure)
{
	struct lmdb_work work;
	int err;

	if (query->limit < 0)
		return 0;
	if ((err = lmdb_begin(provider->store, false, &work, failure)) != 0)
		return err;
	if (query->username != NULL && query->username[0] != '\0')
		err = list_one(&work, query, out, failure);
	else
		err = lmdb_each_user(&work, query, give, out, failure);
	return lmdb_end(&work, err, failure);
}

static int
bolt_all(struct provider *provider, struct user_list *out, struct failure *failure)
{
	const struct provider_query everything = { .limit = INT64_MAX };

	return bolt_list(provider, &everything, out, failure);
}

/* --- writing --- */

static int
bolt_taken(struct provider *provider, const char *username, struct failure *failure)
{
	(void)provider;
	return failure_set(failure, ERR_EXISTS, "username %s already exists", username);
}

static int
bolt_add(struct provider *provider, struct user *user, struct failure *failure)
{
	struct lmdb_work work;
	int err = lmdb_begin(provider->store, true, &work, failure);

	if (err == 0) {
		if ((err = lmdb_next_id(&work, &user->id, failure)) == 0)
			err = lmdb_insert_user(&work, user, failure);
		err = lmdb_end(&work, err, failure);
	}
	return err == ERR_EXISTS ? bolt_taken(provider, user->username, failure) : err;
}

static int
bolt_load(struct provider *provider, const struct user_list *users,
    const struct provider_progress *progress, struct failure *failure)
{
	struct lmdb_work work;
	const char *name = "";
	int err = lmdb_begin(provider->store, true, &work, failure);

	if (err != 0)
		return err;
	for (size_t i = 0; i < users->count && err == 0; i++) {
		provider_tell_progress(progress, i);
		name = users->items[i]->username;
		err = lmdb_insert_user(&work, users->items[i], failure);
	}
	err = lmdb_end(&work, err, failure);
	return err == ERR_EXISTS ? bolt_taken(provider, name, failure) : err;
}

/* Takes `change` to the account of that name, in one transaction. */
static int
change(struct provider *provider, const char *username,
    void (*apply)(struct user *user, const void *data), const void *data, struct failure *failure)
{
	struct lmdb_work work;
	struct user *user = NULL;
	int err = lmdb_begin(provider->store, true, &work, failure);

	if (err == 0) {
		if ((err = lmdb_read_user(&work, username, &user, failure)) == 0) {
			apply(user, data);
			err = lmdb_write_user(&work, user, failure);
		}
		err = lmdb_end(&work, err, failure);
	}
	user_free(&user);
	return err == ERR_NOT_FOUND ? provider_no_such_name(username, failure) : err;
}

static int
bolt_update(struct provider *provider, const struct user *user, struct failure *failure)
{
	struct lmdb_work work;
	struct user *old = NULL, *copy = NULL;
	int err = user_copy(user, &copy);

	if (err == 0 && (err = lmdb_begin(provider->store, true, &work, failure)) == 0) {
		if ((err = lmdb_read_user(&work, user->username, &old, failure)) == 0) {
			copy->id = old->id;
			err = lmdb_write_user(&work, copy, failure);
		}
		err = lmdb_end(&work, err, failure);
	}
	user_free(&old);
	user_free(&copy);
	return err == ERR_NOT_FOUND ? provider_no_such_name(user->username, failure) : err;
}

static int
bolt_remove(struct provider *provider, int64_t id, struct failure *failure)
{
	struct lmdb_work work;
	struct view name;
	int err = lmdb_begin(provider->store, true, &work, failure);

	if (err == 0) {
		if ((err = lmdb_read_name(&work, id, &name, failure)) == 0)
			err = lmdb_delete_user(&work, id, name, failure);
		err = lmdb_end(&work, err, failure);
	}
	return err == ERR_NOT_FOUND ? provider_no_such_id(id, failure) : err;
}

static void
apply_login(struct user *user, const void *data)
{
	const int64_t *now_ms = data;

	user->last_login = *now_ms;
}

static int
bolt_touch_login(
    struct provider *provider, const char *username, int64_t now_ms, struct failure *failure)
{
	return change(provider, username, apply_login, &now_ms, failure);
}

struct quota_change {
	struct provider_quota quota;
	int64_t now_ms;
	bool only_limited;
};

static void
apply_quota_add(struct user *user, const void *data)
{
	const struct quota_change *c = data;

	if (c->only_limited && user->quota_size <= 0 && user->quota_files <= 0)
		return;
	user->used_quota_size = pending_sum(user->used_quota_size, c->quota.bytes);
	user->used_quota_files = pending_sum(user->used_quota_files, c->quota.files);
	user->last_quota_update = c->now_ms;
}

static int
bolt_quota_add(struct provider *provider, const char *username, struct provider_quota delta,
    int64_t now_ms, bool only_limited, struct failure *failure)
{
	const struct quota_change c = {
		.quota = delta, .now_ms = now_ms, .only_limited = only_limited
	};

	return change(provider, username, apply_quota_add, &c, failure);
}

static void
apply_quota_set(struct user *user, const void *data)
{
	const struct quota_change *c = data;

	user->used_quota_size = c->quota.bytes;
	user->used_quota_files = c->quota.files;
	user->last_quota_update = c->now_ms;
}

static int
bolt_quota_set(struct provider *provider, const char *username, struct provider_quota used,
    int64_t now_ms, struct failure *failure)
{
	const struct quota_change c = { .quota = used, .now_ms = now_ms };

	return change(provider, username, apply_quota_set, &c, failure);
}

static int
bolt_reload(struct provider *provider, struct failure *failure)
{
	(void)provider;
	(void)failure;
	return 0;
}

const struct provider_ops provider_bolt_ops = {
	.driver = "bolt",
	.open = bolt_open,
	.close = bolt_close,
	.check = bolt_check,
	.find = bolt_find,
	.find_id = bolt_find_id,
	.list = bolt_list,
	.all = bolt_all,
	.add = bolt_add,
	.load = bolt_load,
	.update = bolt_update,
	.remove = bolt_remove,
	.touch_login = bolt_touch_login,
	.quota_add = bolt_quota_add,
	.quota_set = bolt_quota_set,
	.reload = bolt_reload,
	.taken = bolt_taken,
};
