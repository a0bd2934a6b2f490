/* Accounts in an array, ordered by the bytes of the username. Nothing is ever written to a file. */
#include "accounts/dump.h"
#include "accounts/provider_ops.h"
#include "accounts/provider_pending.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct memory_store {
	pthread_mutex_t lock; /* over users */
	struct user_list users;
	char *file; /* "" for none */
};

/* Where the username is, or would be. */
static size_t
position(const struct user_list *users, const char *username, bool *found_out)
{
	size_t low = 0, high = users->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(users->items[middle]->username, username);

		if (order == 0) {
			*found_out = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found_out = false;
	return low;
}

static struct user *
lookup(const struct user_list *users, const char *username)
{
	bool found;
	size_t at = position(users, username, &found);

	return found ? users->items[at] : NULL;
}

static int64_t
highest_id(const struct user_list *users)
{
	int64_t highest = 0;

	for (size_t i = 0; i < users->count; i++) {
		if (users->items[i]->id > highest)
			highest = users->items[i]->id;
	}
	return highest;
}

/* Takes *user to its place; the username is new. */
static int
insert(struct user_list *users, struct user **user)
{
	bool found;
	size_t at = position(users, (*user)->username, &found);
	struct user *moved;
	int err = user_list_give(users, user);

	if (err != 0)
		return err;
	moved = users->items[users->count - 1];
	memmove(users->items + at + 1, users->items + at,
	    (users->count - 1 - at) * sizeof(*users->items));
	users->items[at] = moved;
	return 0;
}

/* --- loading --- */

/* Takes one account of the file: a new one, or in place of the one that has its name. */
static int
load_one(struct user_list *users, int64_t *last_id, struct user **user)
{
	bool found;
	size_t at = position(users, (*user)->username, &found);

	(*user)->used_quota_size = 0;
	(*user)->used_quota_files = 0;
	(*user)->last_quota_update = 0;
	(*user)->last_login = 0;
	if (!found) {
		(*user)->id = ++*last_id;
		return insert(users, user);
	}
	(*user)->id = users->items[at]->id;
	user_free(&users->items[at]);
	users->items[at] = *user;
	*user = NULL;
	return 0;
}

static int
load(const char *file, const struct user_rules *rules, struct user_list *out,
    struct failure *failure)
{
	struct user_list given;
	struct failure inner = { 0 };
	int64_t last_id = 0;
	int err = dump_load(file, &given, failure);

	*out = (struct user_list){ 0 };
	for (size_t i = 0; i < given.count && err == 0; i++) {
		err = user_validate(given.items[i], rules, &inner);
		if (err == 0)
			err = load_one(out, &last_id, &given.items[i]);
		else if (err != ERR_MEMORY)
			err = failure_set(failure, err, "user \"%s\" of the dump %s is refused: %s",
			    given.items[i]->username, file, inner.text);
	}
	user_list_free(&given);
	if (err != 0)
		user_list_free(out);
	return err;
}

static int
memory_reload(struct provider *provider, struct failure *failure)
{
	struct memory_store *store = provider->store;
	struct user_list loaded, old;
	int err;

	if (store->file[0] == '\0')
		return 0;
	/* Hashing plain passwords takes long: the lock is only for the exchange. */
	if ((err = load(store->file, &provider->rules, &loaded, failure)) != 0)
		return err;
	pthread_mutex_lock(&store->lock);
	old = store->users;
	store->users = loaded;
	pthread_mutex_unlock(&store->lock);
	user_list_free(&old);
	return 0;
}

static void
memory_close(struct provider *provider)
{
	struct memory_store *store = provider->store;

	provider->store = NULL;
	user_list_free(&store->users);
	pthread_mutex_destroy(&store->lock);
	free(store->file);
	free(store);
}

static int
memory_open(
    struct provider *provider, const struct provider_config *config, struct failure *failure)
{
	struct memory_store *store = calloc(1, sizeof(*store));
	int err;

	if (store == NULL)
		return ERR_MEMORY;
	if ((store->file = strdup(config->name == NULL ? "" : config->name)) == NULL) {
		free(store);
		return ERR_MEMORY;
	}
	pthread_mutex_init(&store->lock, NULL);
	provider->store = store;
	if ((err = memory_reload(provider, failure)) != 0)
		memory_close(provider);
	return err;
}

/* --- reading --- */

static int
memory_check(struct provider *provider, struct failure *failure)
{
	(void)provider;
	(void)failure;
	return 0;
}

static int
memory_find(
    struct provider *provider, const char *username, struct user **out, struct failure *failure)
{
	struct memory_store *store = provider->store;
	const struct user *user;
	int err = ERR_NOT_FOUND;

	pthread_mutex_lock(&store->lock);
	if ((user = lookup(&store->users, username)) != NULL)
		err = user_copy(user, out);
	pthread_mutex_unlock(&store->lock);
	return err == ERR_NOT_FOUND ? provider_no_such_name(username, failure) : err;
}

static int
memory_find_id(struct provider *provider, int64_t id, struct user **out, struct failure *failure)
{
	struct memory_store *store = provider->store;
	int err = ERR_NOT_FOUND;

	pthread_mutex_lock(&store->lock);
	for (size_t i = 0; i < store->users.count && err == ERR_NOT_FOUND; i++) {
		if (store->users.items[i]->id == id)
			err = user_copy(store->users.items[i], out);
	}
	pthread_mutex_unlock(&store->lock);
	return err == ERR_NOT_FOUND ? provider_no_such_id(id, failure) : err;
}

static int
give_copy(struct user_list *out, const struct user *user)
{
	struct user *copy;
	int err = user_copy(user, &copy);

	if (err == 0)
		err = user_list_give(out, &copy);
	user_free(&copy);
	return err;
}

static int
copy_range(const struct user_list *users, const struct provider_query *query, struct user_list *out)
{
	int64_t skip = query->offset > 0 ? query->offset : 0;
	int err = 0;

	for (size_t i = 0; i < users->count && err == 0; i++) {
		size_t at = query->descending ? users->count - 1 - i : i;

		if ((int64_t)out->count >= query->limit)
			break;
		if (provider_query_has(query, view_of(users->items[at]->username)) && skip-- <= 0)
			err = give_copy(out, users->items[at]);
	}
	return err;
}

static int
memory_list(struct provider *provider, const struct provider_query *query, struct user_list *out,
    struct failure *failure)
{
	struct memory_store *store = provider->store;
	const struct user *user;
	int err = 0;

	(void)failure;
	if (query->limit < 0)
		return 0;
	pthread_mutex_lock(&store->lock);
	if (query->username == NULL || query->username[0] == '\0')
		err = copy_range(&store->users, query, out);
	else if (query->offset <= 0 && (user = lookup(&store->users, query->username)) != NULL)
		err = give_copy(out, user);
	pthread_mutex_unlock(&store->lock);
	return err;
}

static int
memory_all(struct provider *provider, struct user_list *out, struct failure *failure)
{
	const struct provider_query everything = { .limit = INT64_MAX };

	return memory_list(provider, &everything, out, failure);
}

/* --- writing --- */

static int
memory_taken(struct provider *provider, const char *username, struct failure *failure)
{
	(void)provider;
	return failure_set(failure, ERR_EXISTS, "username %s already exists", username);
}

static int
memory_add(struct provider *provider, struct user *user, struct failure *failure)
{
	struct memory_store *store = provider->store;
	struct user *copy;
	int err = user_copy(user, &copy);

	if (err != 0)
		return err;
	pthread_mutex_lock(&store->lock);
	if (lookup(&store->users, user->username) != NULL) {
		err = ERR_EXISTS;
	} else {
		user->id = copy->id = highest_id(&store->users) + 1;
		err = insert(&store->users, &copy);
	}
	pthread_mutex_unlock(&store->lock);
	user_free(&copy);
	return err == ERR_EXISTS ? memory_taken(provider, user->username, failure) : err;
}

static int
memory_load(struct provider *provider, const struct user_list *users,
    const struct provider_progress *progress, struct failure *failure)
{
	(void)progress;
	(void)provider;
	(void)users;
	return failure_set(failure, ERR_UNSUPPORTED,
	    "the data provider driver \"memory\" keeps nothing: what it starts with is a dump");
}

static int
memory_update(struct provider *provider, const struct user *user, struct failure *failure)
{
	struct memory_store *store = provider->store;
	struct user *copy;
	bool found;
	size_t at;
	int err = user_copy(user, &copy);

	if (err != 0)
		return err;
	pthread_mutex_lock(&store->lock);
	at = position(&store->users, user->username, &found);
	if (found) {
		struct user *old = store->users.items[at];

		copy->id = old->id;
		store->users.items[at] = copy;
		copy = old;
	}
	pthread_mutex_unlock(&store->lock);
	user_free(&copy);
	return found ? 0 : provider_no_such_name(user->username, failure);
}

static int
memory_remove(struct provider *provider, int64_t id, struct failure *failure)
{
	struct memory_store *store = provider->store;
	struct user_list *users = &store->users;
	struct user *gone = NULL;

	pthread_mutex_lock(&store->lock);
	for (size_t i = 0; i < users->count && gone == NULL; i++) {
		if (users->items[i]->id != id)
			continue;
		gone = users->items[i];
		memmove(users->items + i, users->items + i + 1,
		    (users->count - 1 - i) * sizeof(*users->items));
		users->count--;
	}
	pthread_mutex_unlock(&store->lock);
	if (gone == NULL)
		return provider_no_such_id(id, failure);
	user_free(&gone);
	return 0;
}

static int
memory_touch_login(
    struct provider *provider, const char *username, int64_t now_ms, struct failure *failure)
{
	struct memory_store *store = provider->store;
	struct user *user;

	pthread_mutex_lock(&store->lock);
	if ((user = lookup(&store->users, username)) != NULL)
		user->last_login = now_ms;
	pthread_mutex_unlock(&store->lock);
	return user != NULL ? 0 : provider_no_such_name(username, failure);
}

static int
memory_quota_add(struct provider *provider, const char *username, struct provider_quota delta,
    int64_t now_ms, bool only_limited, struct failure *failure)
{
	struct memory_store *store = provider->store;
	struct user *user;

	pthread_mutex_lock(&store->lock);
	user = lookup(&store->users, username);
	if (user != NULL && (!only_limited || user->quota_size > 0 || user->quota_files > 0)) {
		user->used_quota_size = pending_sum(user->used_quota_size, delta.bytes);
		user->used_quota_files = pending_sum(user->used_quota_files, delta.files);
		user->last_quota_update = now_ms;
	}
	pthread_mutex_unlock(&store->lock);
	return user != NULL ? 0 : provider_no_such_name(username, failure);
}

static int
memory_quota_set(struct provider *provider, const char *username, struct provider_quota used,
    int64_t now_ms, struct failure *failure)
{
	struct memory_store *store = provider->store;
	struct user *user;

	pthread_mutex_lock(&store->lock);
	if ((user = lookup(&store->users, username)) != NULL) {
		user->used_quota_size = used.bytes;
		user->used_quota_files = used.files;
		user->last_quota_update = now_ms;
	}
	pthread_mutex_unlock(&store->lock);
	return user != NULL ? 0 : provider_no_such_name(username, failure);
}

const struct provider_ops provider_memory_ops = {
	.driver = "memory",
	.open = memory_open,
	.close = memory_close,
	.check = memory_check,
	.find = memory_find,
	.find_id = memory_find_id,
	.list = memory_list,
	.all = memory_all,
	.add = memory_add,
	.load = memory_load,
	.update = memory_update,
	.remove = memory_remove,
	.touch_login = memory_touch_login,
	.quota_add = memory_quota_add,
	.quota_set = memory_quota_set,
	.reload = memory_reload,
	.taken = memory_taken,
};
