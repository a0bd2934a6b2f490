#include "accounts/provider.h"

#include "accounts/gcs_credentials.h"
#include "accounts/provider_ops.h"
#include "accounts/provider_pending.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct provider_ops *const drivers[] = { &provider_sqlite_ops,
	&provider_postgresql_ops, &provider_mysql_ops, &provider_bolt_ops, &provider_memory_ops };
enum { PROGRESS_STEP = 1000, DRIVERS = sizeof(drivers) / sizeof(drivers[0]) };

static const struct provider_ops *
driver_find(const char *name)
{
	for (size_t i = 0; i < DRIVERS; i++) {
		if (name != NULL && strcmp(drivers[i]->driver, name) == 0)
			return drivers[i];
	}
	return NULL;
}

static int
provider_new(const struct provider_config *config, struct provider **out)
{
	struct provider *p = calloc(1, sizeof(*p));

	*out = p;
	if (p == NULL)
		return ERR_MEMORY;
	p->users_base_dir = strdup(config->users_base_dir == NULL ? "" : config->users_base_dir);
	p->credentials_path =
	    strdup(config->credentials_path == NULL ? "" : config->credentials_path);
	if (p->users_base_dir == NULL || p->credentials_path == NULL ||
	    pending_new(&p->pending) != 0)
		return ERR_MEMORY;
	p->cost = config->cost.memory_kib == 0 ? password_cost_default : config->cost;
	p->manage_users = config->manage_users;
	p->writes = config->manage_users || config->programs_write;
	p->track_quota = config->track_quota;
	p->rules = (struct user_rules){ .users_base_dir = p->users_base_dir,
		.credentials_path = p->credentials_path,
		.cost = &p->cost };
	return 0;
}

static void
provider_free(struct provider *p)
{
	if (p == NULL)
		return;
	pending_free(&p->pending);
	free(p->users_base_dir);
	free(p->credentials_path);
	free(p);
}

int
provider_open(const struct provider_config *config, struct provider **out, struct failure *failure)
{
	const struct provider_ops *ops = driver_find(config->driver);
	struct provider_config opened = *config;
	struct provider *p = NULL;
	int err;

	*out = NULL;
	if (ops == NULL)
		return failure_set(failure, ERR_UNSUPPORTED,
		    "the data provider driver \"%s\" does not exist; use \"sqlite\", "
		    "\"postgresql\", "
		    "\"mysql\", \"bolt\" or \"memory\"",
		    config->driver == NULL ? "" : config->driver);
	/* for a driver it is about what may be written at all */
	opened.manage_users = config->manage_users || config->programs_write;
	if ((err = provider_new(config, &p)) == 0 && (err = ops->open(p, &opened, failure)) == 0) {
		p->ops = ops;
		*out = p;
		return 0;
	}
	provider_free(p);
	return err;
}

/*
 * Writes the quota that the database could not take. What was written to another name since, or
 * to an account that is gone, is of no more use.
 */
static void
flush_pending(struct provider *p)
{
	struct provider_quota delta;
	char *username;
	bool answers = true;
	int64_t now_ms;

	while (answers && pending_take(p->pending, &username, &delta, &now_ms)) {
		answers = p->ops->quota_add(p, username, delta, now_ms, p->track_quota == 2,
			      NULL) != ERR_UNAVAILABLE ||
			  pending_add(p->pending, username, delta, now_ms) != 0;
		free(username);
	}
}

/* Counts what is not written yet. */
static void
add_pending(struct provider *p, struct user *user)
{
	struct provider_quota delta = pending_get(p->pending, user->username);

	if (p->track_quota == 2 && user->quota_size <= 0 && user->quota_files <= 0)
		return;
	user->used_quota_size = pending_sum(user->used_quota_size, delta.bytes);
	user->used_quota_files = pending_sum(user->used_quota_files, delta.files);
}

void
provider_close(struct provider **provider)
{
	struct provider *p = *provider;

	*provider = NULL;
	if (p == NULL)
		return;
	flush_pending(p);
	p->ops->close(p);
	provider_free(p);
}

const char *
provider_driver(const struct provider *provider)
{
	return provider->ops->driver;
}

bool
provider_manages_users(const struct provider *provider)
{
	return provider->manage_users;
}

int
provider_track_quota(const struct provider *provider)
{
	return provider->track_quota;
}

const struct user_rules *
provider_rules(const struct provider *provider)
{
	return &provider->rules;
}

int
provider_no_such_name(const char *username, struct failure *failure)
{
	return failure_set(
	    failure, ERR_NOT_FOUND, "Not found: username %s does not exist", username);
}

int
provider_no_such_id(int64_t id, struct failure *failure)
{
	return failure_set(
	    failure, ERR_NOT_FOUND, "Not found: user with ID %" PRId64 " does not exist", id);
}

/* --- reading --- */

int
provider_check(struct provider *provider, struct failure *failure)
{
	int err = provider->ops->check(provider, failure);

	if (err == 0)
		flush_pending(provider);
	return err;
}

int
provider_find(
    struct provider *provider, const char *username, struct user **out, struct failure *failure)
{
	int err;

	*out = NULL;
	if ((err = provider->ops->find(provider, username, out, failure)) == 0)
		add_pending(provider, *out);
	return err;
}

int
provider_find_id(struct provider *provider, int64_t id, struct user **out, struct failure *failure)
{
	*out = NULL;
	return provider->ops->find_id(provider, id, out, failure);
}

bool
provider_query_has(const struct provider_query *query, struct view username)
{
	struct view part = view_of(query->search == NULL ? "" : query->search);

	for (size_t i = 0; i + part.n <= username.n; i++) {
		if (strncasecmp((const char *)username.p + i, (const char *)part.p, part.n) == 0)
			return true;
	}
	return false;
}

int
provider_list(struct provider *provider, const struct provider_query *query, struct user_list *out,
    struct failure *failure)
{
	int err;

	*out = (struct user_list){ 0 };
	if (query->limit == 0)
		return 0;
	if ((err = provider->ops->list(provider, query, out, failure)) != 0)
		user_list_free(out);
	return err;
}

int
provider_dump(struct provider *provider, struct user_list *out, struct failure *failure)
{
	int err;

	*out = (struct user_list){ 0 };
	err = provider->ops->all(provider, out, failure);
	for (size_t i = 0; i < out->count && err == 0; i++) {
		if (out->items[i]->filesystem.provider == USER_FILESYSTEM_GCS)
			err = gcs_credentials_load(
			    out->items[i], provider->credentials_path, failure);
	}
	if (err != 0)
		user_list_free(out);
	return err;
}

/* --- writing --- */

static int
check_manage_users(const struct provider *provider, struct failure *failure)
{
	if (provider->manage_users)
		return 0;
	return failure_set(failure, ERR_DENIED,
	    "Method disabled error: users cannot be changed "
	    "while \"manage_users\" is 0 in the data_provider section of the configuration");
}

static int
check_track_quota(const struct provider *provider, struct failure *failure)
{
	if (provider->track_quota != 0)
		return 0;
	return failure_set(failure, ERR_DENIED,
	    "Method disabled error: used quota is not kept "
	    "while \"track_quota\" is 0 in the data_provider section of the configuration");
}

static int
add(struct provider *provider, struct user *user, struct failure *failure)
{
	struct user *other = NULL;
	int err;

	if ((err = user_validate_check(user, &provider->rules, failure)) != 0)
		return err;
	/* Before finishing, which is slow and would write over the other one's credentials. */
	err = provider->ops->find(provider, user->username, &other, failure);
	user_free(&other);
	if (err == 0)
		return provider->ops->taken(provider, user->username, failure);
	if (err != ERR_NOT_FOUND)
		return err;
	if ((err = user_validate_finish(user, &provider->rules, failure)) != 0)
		return err;
	return provider->ops->add(provider, user, failure);
}

static int
update(struct provider *provider, struct user *user, struct failure *failure)
{
	int err = user_validate(user, &provider->rules, failure);

	return err == 0 ? provider->ops->update(provider, user, failure) : err;
}

int
provider_add(struct provider *provider, struct user *user, struct failure *failure)
{
	int err = check_manage_users(provider, failure);

	return err == 0 ? add(provider, user, failure) : err;
}

int
provider_store(
    struct provider *provider, struct user *user, bool is_new, struct failure *failure)
{
	if (!provider->writes)
		return failure_set(failure, ERR_DENIED,
		    "the accounts were opened for reading only, since \"manage_users\" is 0 and no "
		    "program was configured at the start; restart");
	return is_new ? add(provider, user, failure) : update(provider, user, failure);
}

int
provider_load(struct provider *provider, const struct user_list *users,
    const struct provider_progress *progress, struct failure *failure)
{
	int err = check_manage_users(provider, failure);

	return err == 0 ? provider->ops->load(provider, users, progress, failure) : err;
}

void
provider_tell_progress(const struct provider_progress *progress, size_t done)
{
	if (progress != NULL && done % PROGRESS_STEP == 0)
		progress->tell(progress->data, done);
}

int
provider_update(struct provider *provider, struct user *user, struct failure *failure)
{
	int err = check_manage_users(provider, failure);

	return err == 0 ? update(provider, user, failure) : err;
}

int
provider_delete(struct provider *provider, int64_t id, struct failure *failure)
{
	int err = check_manage_users(provider, failure);

	return err == 0 ? provider->ops->remove(provider, id, failure) : err;
}

int
provider_touch_login(
    struct provider *provider, const char *username, int64_t now_ms, struct failure *failure)
{
	if (!provider->manage_users)
		return 0;
	return provider->ops->touch_login(provider, username, now_ms, failure);
}

int
provider_quota_add(struct provider *provider, const char *username, struct provider_quota delta,
    int64_t now_ms, struct failure *failure)
{
	int err;

	if ((err = check_track_quota(provider, failure)) != 0 ||
	    (err = check_manage_users(provider, failure)) != 0)
		return err;
	flush_pending(provider);
	err = provider->ops->quota_add(
	    provider, username, delta, now_ms, provider->track_quota == 2, failure);
	if (err == ERR_UNAVAILABLE && pending_add(provider->pending, username, delta, now_ms) != 0)
		err = failure_set(failure, ERR_MEMORY,
		    "the quota used by %s could not be written and not be kept either", username);
	return err;
}

int
provider_quota_set(struct provider *provider, const char *username, struct provider_quota used,
    int64_t now_ms, struct failure *failure)
{
	int err;

	if ((err = check_track_quota(provider, failure)) != 0 ||
	    (err = check_manage_users(provider, failure)) != 0)
		return err;
	err = provider->ops->quota_set(provider, username, used, now_ms, failure);
	if (err == 0)
		pending_drop(provider->pending, username);
	return err;
}

int
provider_quota_get(struct provider *provider, const char *username, struct provider_quota *out,
    struct failure *failure)
{
	struct user *user = NULL;
	int err;

	*out = (struct provider_quota){ 0 };
	if ((err = check_track_quota(provider, failure)) != 0 ||
	    (err = provider_find(provider, username, &user, failure)) != 0)
		return err;
	*out = (struct provider_quota){ .files = user->used_quota_files,
		.bytes = user->used_quota_size };
	user_free(&user);
	return 0;
}

int
provider_reload(struct provider *provider, struct failure *failure)
{
	return provider->ops->reload(provider, failure);
}

int
provider_change(
    struct provider *provider, const struct provider_config *config, struct failure *failure)
{
	struct provider_config changed = *config;

	if (provider->ops->change == NULL)
		return failure_set(failure, ERR_UNSUPPORTED,
		    "the driver \"%s\" takes other settings over at a start only",
		    provider->ops->driver);
	changed.manage_users = provider->writes;
	return provider->ops->change(provider, &changed, failure);
}

int
provider_try_change(struct provider *provider, struct failure *failure)
{
	return provider->ops->try_change == NULL
		   ? failure_set(failure, ERR_NOT_FOUND, "no other settings wait")
		   : provider->ops->try_change(provider, failure);
}
