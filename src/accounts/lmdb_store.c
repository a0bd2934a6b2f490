#include "accounts/lmdb_store.h"

#include "accounts/bbolt.h"
#include "accounts/library.h"
#include "accounts/provider_ops.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything of LMDB that is used, loaded when a configuration names the driver; see library.h. */
static struct {
	__typeof__(mdb_cursor_close) *mdb_cursor_close;
	__typeof__(mdb_cursor_get) *mdb_cursor_get;
	__typeof__(mdb_cursor_open) *mdb_cursor_open;
	__typeof__(mdb_dbi_open) *mdb_dbi_open;
	__typeof__(mdb_del) *mdb_del;
	__typeof__(mdb_env_close) *mdb_env_close;
	__typeof__(mdb_env_create) *mdb_env_create;
	__typeof__(mdb_env_open) *mdb_env_open;
	__typeof__(mdb_env_set_mapsize) *mdb_env_set_mapsize;
	__typeof__(mdb_env_set_maxdbs) *mdb_env_set_maxdbs;
	__typeof__(mdb_env_set_maxreaders) *mdb_env_set_maxreaders;
	__typeof__(mdb_get) *mdb_get;
	__typeof__(mdb_put) *mdb_put;
	__typeof__(mdb_reader_check) *mdb_reader_check;
	__typeof__(mdb_stat) *mdb_stat;
	__typeof__(mdb_strerror) *mdb_strerror;
	__typeof__(mdb_txn_abort) *mdb_txn_abort;
	__typeof__(mdb_txn_begin) *mdb_txn_begin;
	__typeof__(mdb_txn_commit) *mdb_txn_commit;
} lm;

static const struct library_symbol symbols[] = {
	LIBRARY_SYMBOL(lm, mdb_cursor_close),
	LIBRARY_SYMBOL(lm, mdb_cursor_get),
	LIBRARY_SYMBOL(lm, mdb_cursor_open),
	LIBRARY_SYMBOL(lm, mdb_dbi_open),
	LIBRARY_SYMBOL(lm, mdb_del),
	LIBRARY_SYMBOL(lm, mdb_env_close),
	LIBRARY_SYMBOL(lm, mdb_env_create),
	LIBRARY_SYMBOL(lm, mdb_env_open),
	LIBRARY_SYMBOL(lm, mdb_env_set_mapsize),
	LIBRARY_SYMBOL(lm, mdb_env_set_maxdbs),
	LIBRARY_SYMBOL(lm, mdb_env_set_maxreaders),
	LIBRARY_SYMBOL(lm, mdb_get),
	LIBRARY_SYMBOL(lm, mdb_put),
	LIBRARY_SYMBOL(lm, mdb_reader_check),
	LIBRARY_SYMBOL(lm, mdb_stat),
	LIBRARY_SYMBOL(lm, mdb_strerror),
	LIBRARY_SYMBOL(lm, mdb_txn_abort),
	LIBRARY_SYMBOL(lm, mdb_txn_begin),
	LIBRARY_SYMBOL(lm, mdb_txn_commit),
};

enum { KEY_BYTES_MAX = 511, READERS_MAX = 1024, NUMBER_BYTES_MAX = 20 };
/* Addresses only: the file is as large as what is in it. */
static const size_t map_bytes = (size_t)16 << 30;

enum table { USERS, IDS, META, TABLES };
static const char *const table_names[TABLES] = { "users", "ids", "meta" };

struct lmdb_store {
	MDB_env *env;
	MDB_dbi tables[TABLES];
	char *name;
	bool writes;
};

static int
tell(const struct lmdb_store *store, int rc, struct failure *failure)
{
	switch (rc) {
	case 0: return 0;
	case ENOMEM: return ERR_MEMORY;
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		return failure_set(failure, ERR_FORMAT,
		    "%s is not a database of the driver \"bolt\"; correct data_provider.name, or "
		    "move the file away to start with a new one",
		    store->name);
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_PANIC:
		return failure_set(failure, ERR_FORMAT,
		    "the user database %s is damaged; restore it from a backup", store->name);
	case ENOSPC:
	case MDB_MAP_FULL:
		return failure_set(failure, ERR_IO,
		    "the disk of the user database %s is full; make room there", store->name);
	case EACCES:
	case EPERM:
	case EROFS:
		return failure_set(failure, ERR_IO,
		    "the user database %s cannot be opened by user ID %u: %s; that user must be "
		    "able to write to the file and to its directory",
		    store->name, (unsigned)geteuid(), lm.mdb_strerror(rc));
	default:
		return failure_set(
		    failure, ERR_IO, "the user database %s: %s", store->name, lm.mdb_strerror(rc));
	}
}

static MDB_val
value_of(struct view bytes)
{
	return (MDB_val){ .mv_size = bytes.n, .mv_data = (void *)bytes.p };
}

static struct view
bytes_of(MDB_val value)
{
	return (struct view){ .p = value.mv_data, .n = value.mv_size };
}

/* LMDB has no key of that size, so nothing is stored under it. */
static bool
is_possible_key(struct view key)
{
	return key.n > 0 && key.n <= KEY_BYTES_MAX;
}

/* ERR_NOT_FOUND without a text. */
static int
get(struct lmdb_work *work, enum table table, struct view key, struct view *out,
    struct failure *failure)
{
	MDB_val key_value = value_of(key), value = { 0 };
	int rc = MDB_NOTFOUND;

	*out = (struct view){ 0 };
	if (is_possible_key(key))
		rc = lm.mdb_get(work->transaction, work->store->tables[table], &key_value, &value);
	if (rc == MDB_NOTFOUND)
		return ERR_NOT_FOUND;
	*out = bytes_of(value);
	return tell(work->store, rc, failure);
}

/* ERR_EXISTS without a text when `is_new` and the key is there. */
static int
put(struct lmdb_work *work, enum table table, struct view key, struct view value, bool is_new,
    struct failure *failure)
{
	MDB_val key_value = value_of(key), data = value_of(value);
	int rc;

	if (!is_possible_key(key))
		return failure_invalid(
		    failure, "the username is empty or longer than %d bytes", KEY_BYTES_MAX);
	rc = lm.mdb_put(work->transaction, work->store->tables[table], &key_value, &data,
	    is_new ? MDB_NOOVERWRITE : 0);
	return rc == MDB_KEYEXIST ? ERR_EXISTS : tell(work->store, rc, failure);
}

/* --- numbers in the table of such --- */

static int
get_number(struct lmdb_work *work, const char *name, int64_t *out, struct failure *failure)
{
	struct view text;
	int err = get(work, META, view_of(name), &text, failure);

	*out = 0;
	if (err == ERR_NOT_FOUND)
		return 0;
	for (size_t i = 0; i < text.n && err == 0; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || __builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, text.p[i] - '0', out))
			err = failure_set(failure, ERR_FORMAT,
			    "the user database %s is damaged: \"%s\" is no number; restore it "
			    "from a backup",
			    work->store->name, name);
	}
	return err;
}

static int
put_number(struct lmdb_work *work, const char *name, int64_t number, struct failure *failure)
{
	char text[NUMBER_BYTES_MAX + 1];

	snprintf(text, sizeof(text), "%" PRId64, number);
	return put(work, META, view_of(name), view_of(text), false, failure);
}

/* --- transactions --- */

int
lmdb_begin(struct lmdb_store *store, bool writes, struct lmdb_work *out, struct failure *failure)
{
	int rc = lm.mdb_txn_begin(store->env, NULL, writes ? 0 : MDB_RDONLY, &out->transaction);

	/* Programs that were killed while they read leave their places taken. */
	if (rc == MDB_READERS_FULL) {
		int dead;

		if (lm.mdb_reader_check(store->env, &dead) == 0)
			rc = lm.mdb_txn_begin(
			    store->env, NULL, writes ? 0 : MDB_RDONLY, &out->transaction);
	}
	out->store = store;
	out->writes = writes;
	return tell(store, rc, failure);
}

int
lmdb_end(struct lmdb_work *work, int err, struct failure *failure)
{
	MDB_txn *transaction = work->transaction;

	work->transaction = NULL;
	if (err == 0 && work->writes)
		return tell(work->store, lm.mdb_txn_commit(transaction), failure);
	lm.mdb_txn_abort(transaction);
	return err;
}

/* --- users --- */

static void
id_key(int64_t id, uint8_t key[8])
{
	put_u64(key, (uint64_t)id);
}

static int
parse_user(const struct lmdb_store *store, struct view name, struct view text, struct user **out,
    struct failure *failure)
{
	struct failure inner = { 0 };
	int err = user_new(out);

	if (err == 0 && (err = user_from_text(*out, text, &inner)) != 0) {
		user_free(out);
		if (err != ERR_MEMORY)
			err = failure_set(failure, ERR_FORMAT,
			    "the stored user \"%.*s\" of %s cannot be read: %s", (int)name.n,
			    (const char *)name.p, store->name, inner.text);
	}
	return err;
}

int
lmdb_read_user(
    struct lmdb_work *work, const char *username, struct user **out, struct failure *failure)
{
	struct view text;
	int err = get(work, USERS, view_of(username), &text, failure);

	return err == 0 ? parse_user(work->store, view_of(username), text, out, failure) : err;
}

int
lmdb_read_name(struct lmdb_work *work, int64_t id, struct view *name_out, struct failure *failure)
{
	uint8_t key[8];

	id_key(id, key);
	return get(work, IDS, (struct view){ .p = key, .n = sizeof(key) }, name_out, failure);
}

static int
put_user(struct lmdb_work *work, const struct user *user, bool is_new, struct failure *failure)
{
	struct buf text = buf_init(2 * USER_JSON_MAX);
	json_t *json = user_to_json(user, USER_FORM_DUMP);
	int err = ERR_MEMORY;

	if (json != NULL) {
		accounts_json_write(json, false, &text);
		err = buf_error(&text);
	}
	if (err == 0)
		err = put(work, USERS, view_of(user->username), buf_view(&text), is_new, failure);
	json_decref(json);
	buf_free(&text);
	return err;
}

int
lmdb_write_user(struct lmdb_work *work, const struct user *user, struct failure *failure)
{
	return put_user(work, user, false, failure);
}

int
lmdb_next_id(struct lmdb_work *work, int64_t *out, struct failure *failure)
{
	int err = get_number(work, "last_id", out, failure);

	if (err == 0 && *out == INT64_MAX)
		return failure_set(
		    failure, ERR_IO, "the user database %s has no more ids", work->store->name);
	++*out;
	return err;
}

int
lmdb_insert_user(struct lmdb_work *work, const struct user *user, struct failure *failure)
{
	uint8_t key[8];
	int64_t last;
	int err = put_user(work, user, true, failure);

	id_key(user->id, key);
	if (err == 0)
		err = put(work, IDS, (struct view){ .p = key, .n = sizeof(key) },
		    view_of(user->username), true, failure);
	if (err == 0 && (err = get_number(work, "last_id", &last, failure)) == 0 && last < user->id)
		err = put_number(work, "last_id", user->id, failure);
	return err;
}

int
lmdb_delete_user(struct lmdb_work *work, int64_t id, struct view username, struct failure *failure)
{
	uint8_t bytes[8];
	MDB_val key = value_of((struct view){ .p = bytes, .n = sizeof(bytes) });
	MDB_val name = value_of(username);
	int rc;

	id_key(id, bytes);
	/* The name lies in the entry that goes with the id: it comes last. */
	rc = lm.mdb_del(work->transaction, work->store->tables[USERS], &name, NULL);
	if (rc == 0 || rc == MDB_NOTFOUND)
		rc = lm.mdb_del(work->transaction, work->store->tables[IDS], &key, NULL);
	return tell(work->store, rc, failure);
}

int
lmdb_each_user(struct lmdb_work *work, const struct provider_query *query,
    int (*seen)(void *data, struct user **user), void *data, struct failure *failure)
{
	MDB_cursor_op next = query->descending ? MDB_PREV : MDB_NEXT;
	int64_t skip = query->offset > 0 ? query->offset : 0, left = query->limit;
	MDB_val key, value;
	MDB_cursor *cursor;
	MDB_stat stat;
	int err = 0;
	int rc = lm.mdb_stat(work->transaction, work->store->tables[USERS], &stat);

	if (rc != 0 || (uint64_t)skip >= stat.ms_entries)
		return tell(work->store, rc, failure);
	rc = lm.mdb_cursor_open(work->transaction, work->store->tables[USERS], &cursor);
	if (rc != 0)
		return tell(work->store, rc, failure);
	rc = lm.mdb_cursor_get(cursor, &key, &value, query->descending ? MDB_LAST : MDB_FIRST);
	for (; rc == 0 && left > 0; rc = lm.mdb_cursor_get(cursor, &key, &value, next)) {
		struct user *user = NULL;

		if (!provider_query_has(query, bytes_of(key)) || skip-- > 0)
			continue;
		err = parse_user(work->store, bytes_of(key), bytes_of(value), &user, failure);
		if (err == 0)
			err = seen(data, &user);
		user_free(&user);
		if (err != 0)
			break;
		left--;
	}
	lm.mdb_cursor_close(cursor);
	if (err == 0 && rc != 0 && rc != MDB_NOTFOUND)
		err = tell(work->store, rc, failure);
	return err;
}

/* --- opening --- */

/* SFTPGo's own file is told from a damaged one of ours. */
static int
refuse_bbolt(const struct lmdb_store *store, struct failure *failure)
{
	uint8_t head[BBOLT_HEAD_BYTES];
	int fd = open(store->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));

	fd_close(&fd);
	if (n != (ssize_t)sizeof(head) || !bbolt_is((struct view){ .p = head, .n = sizeof(head) }))
		return 0;
	return failure_set(failure, ERR_FORMAT,
	    "%s is a file of SFTPGo's bolt provider, which is not written here; make one that is "
	    "with \"postern provider convert --from bbolt:%s --to bolt:%s.lmdb\" and set "
	    "data_provider.name to it",
	    store->name, store->name, store->name);
}

static int
open_tables(struct lmdb_work *work, struct failure *failure)
{
	int rc = 0;

	for (unsigned i = 0; i < TABLES && rc == 0; i++)
		rc = lm.mdb_dbi_open(work->transaction, table_names[i],
		    work->writes ? MDB_CREATE : 0, &work->store->tables[i]);
	if (rc == MDB_NOTFOUND)
		return failure_set(failure, ERR_FORMAT,
		    "the user database %s is empty, and \"manage_users\" is 0, so that nothing "
		    "can be stored in it; correct one or the other",
		    work->store->name);
	return tell(work->store, rc, failure);
}

/* A fresh file gets the version; an old one would be brought up to date here. */
static int
see_to_version(struct lmdb_work *work, struct failure *failure)
{
	int64_t version;
	int err = get_number(work, "version", &version, failure);

	if (err == 0 && version > LMDB_STORE_VERSION)
		return failure_set(failure, ERR_FORMAT,
		    "the user database %s has version %" PRId64
		    "; this program knows versions up to %d",
		    work->store->name, version, LMDB_STORE_VERSION);
	if (err == 0 && version < LMDB_STORE_VERSION && work->writes)
		err = put_number(work, "version", LMDB_STORE_VERSION, failure);
	return err;
}

static int
open_env(struct lmdb_store *store, struct failure *failure)
{
	unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (store->writes ? 0 : MDB_RDONLY);
	int dead, rc = lm.mdb_env_create(&store->env);

	if (rc == 0)
		rc = lm.mdb_env_set_maxdbs(store->env, TABLES);
	if (rc == 0)
		rc = lm.mdb_env_set_maxreaders(store->env, READERS_MAX);
	if (rc == 0)
		rc = lm.mdb_env_set_mapsize(store->env, map_bytes);
	if (rc == 0)
		rc = lm.mdb_env_open(store->env, store->name, flags, 0600);
	if (rc == 0)
		rc = lm.mdb_reader_check(store->env, &dead);
	return tell(store, rc, failure);
}

static int
open_store(struct lmdb_store *store, struct failure *failure)
{
	struct lmdb_work work;
	int err = refuse_bbolt(store, failure);

	if (err == 0)
		err = library_load("liblmdb.so.0", "liblmdb0", symbols,
		    sizeof(symbols) / sizeof(symbols[0]), failure);
	if (err != 0 || (err = open_env(store, failure)) != 0 ||
	    (err = lmdb_begin(store, store->writes, &work, failure)) != 0)
		return err;
	if ((err = open_tables(&work, failure)) == 0)
		err = see_to_version(&work, failure);
	/* Handles of tables are only kept when their transaction ends well, writing or not. */
	if (err == 0 && !work.writes)
		return tell(store, lm.mdb_txn_commit(work.transaction), failure);
	return lmdb_end(&work, err, failure);
}

int
lmdb_store_open(
    const struct provider_config *config, struct lmdb_store **out, struct failure *failure)
{
	struct lmdb_store *store;
	int err;

	*out = NULL;
	if (config->name == NULL || config->name[0] == '\0')
		return failure_set(failure, ERR_INVALID,
		    "data_provider.name is empty; it must be the path of the user database");
	if ((store = calloc(1, sizeof(*store))) == NULL)
		return ERR_MEMORY;
	store->writes = config->manage_users;
	store->name = strdup(config->name);
	err = store->name == NULL ? ERR_MEMORY : open_store(store, failure);
	if (err != 0)
		lmdb_store_close(&store);
	*out = store;
	return err;
}

void
lmdb_store_close(struct lmdb_store **store)
{
	struct lmdb_store *s = *store;

	*store = NULL;
	if (s == NULL)
		return;
	if (s->env != NULL)
		lm.mdb_env_close(s->env);
	free(s->name);
	free(s);
}
