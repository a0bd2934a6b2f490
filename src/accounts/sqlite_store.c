#include "accounts/sqlite_store.h"

#include "accounts/sqlite_schema.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * One connection behind one lock, as SFTPGo has it: SQLite writes one transaction at a time
 * anyway, and every statement here takes microseconds.
 *
 * While the server runs the file is in write-ahead mode, where its file system can do that:
 * reading never waits for writing, also not in other programs, and dates of logins and used quota
 * need no fsync of their own (they may be lost with the power, accounts never). Closing puts back
 * the mode that was found, so that the one file is everything again and can be read from a place
 * where nothing may be written. Without write-ahead mode every write is synced.
 */
/* --- failures in words --- */

int
sqlite_store_failure(const struct sqlite_store *store, int rc, struct failure *failure)
{
	int system = store->db == NULL ? 0 : sqlite3_system_errno(store->db);

	switch (rc & 0xff) {
	case SQLITE_NOMEM: return ERR_MEMORY;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return failure_set(failure, ERR_UNAVAILABLE,
		    "the user database %s has been locked by "
		    "another program for more than %d ms; end that program, or try again",
		    store->name, store->busy_ms);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return failure_set(failure, ERR_IO,
		    "cannot open or write the user database %s as user "
		    "ID %u (%s); that user must be able to write to the file and to its directory",
		    store->name, (unsigned)geteuid(),
		    system != 0 ? strerror(system) : sqlite3_errstr(rc));
	case SQLITE_FULL:
		return failure_set(failure, ERR_IO,
		    "the disk of the user database %s is full; make "
		    "room there",
		    store->name);
	case SQLITE_NOTADB:
		return failure_set(failure, ERR_FORMAT,
		    "%s is not an SQLite database; correct "
		    "data_provider.name, or move the file away to start with a new one",
		    store->name);
	case SQLITE_CORRUPT:
		return failure_set(failure, ERR_FORMAT,
		    "the user database %s is damaged; restore it "
		    "from a backup, or try the .recover command of sqlite3",
		    store->name);
	default:
		return failure_set(failure, ERR_IO, "the user database %s: %s%s%s", store->name,
		    store->db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(store->db),
		    system != 0 ? ": " : "", system != 0 ? strerror(system) : "");
	}
}

/* --- opening --- */

/*
 * Makes the file where there is none, readable by us alone: SQLite itself would let everybody
 * read the password hashes. Sees first what SQLite would only tell in riddles.
 */
static int
prepare_file(const struct sqlite_store *store, bool writes, struct failure *failure)
{
	char *copy = strdup(store->name);
	const char *directory;
	struct stat st;
	int fd = -1, err = 0;

	if (copy == NULL)
		return ERR_MEMORY;
	directory = dirname(copy);
	if (stat(store->name, &st) == 0 && !S_ISREG(st.st_mode)) {
		err = failure_set(failure, ERR_IO,
		    "the user database %s is not a regular file; "
		    "correct data_provider.name",
		    store->name);
	} else if (access(store->name, F_OK) != 0) {
		fd = open(store->name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
		if (fd < 0)
			err = failure_set(failure, ERR_IO,
			    "cannot make the user database %s as user "
			    "ID %u: %s; make sure that its directory exists and that this user may "
			    "write there",
			    store->name, (unsigned)geteuid(), strerror(errno));
		fd_close(&fd);
	} else if (faccessat(AT_FDCWD, store->name, writes ? R_OK | W_OK : R_OK, AT_EACCESS) != 0) {
		err = failure_set(failure, ERR_IO,
		    "the user database %s cannot be opened by user "
		    "ID %u: %s; change its owner or mode",
		    store->name, (unsigned)geteuid(), strerror(errno));
	}
	if (err == 0 && writes && faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) != 0)
		err = failure_set(failure, ERR_IO,
		    "user ID %u cannot write to the directory %s, where "
		    "SQLite keeps its journal: %s; change the owner or mode of the directory",
		    (unsigned)geteuid(), directory, strerror(errno));
	free(copy);
	return err;
}

static int
open_database(
    struct sqlite_store *store, const char *connection_string, bool writes, struct failure *failure)
{
	bool is_uri = connection_string != NULL && connection_string[0] != '\0';
	int flags = SQLITE_OPEN_NOMUTEX | (is_uri ? SQLITE_OPEN_URI : 0) |
		    (!writes     ? SQLITE_OPEN_READONLY
			: is_uri ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
				 : SQLITE_OPEN_READWRITE);
	int rc, err;

	if (!is_uri && (err = prepare_file(store, writes, failure)) != 0)
		return err;
	rc = sqlite3_open_v2(store->name, &store->db, flags, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(store->db, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(store->db, store->busy_ms);
	/* Without the right to write, SQLite opens for reading and does not say so. */
	if (rc == SQLITE_OK && writes && sqlite3_db_readonly(store->db, "main") != 0)
		rc = SQLITE_READONLY;
	return rc == SQLITE_OK ? 0 : sqlite_store_failure(store, rc, failure);
}

static int
on_journal_mode(void *data, int count, char **texts, char **names)
{
	bool *has_wal = data;

	(void)names;
	*has_wal = count > 0 && texts[0] != NULL && strcmp(texts[0], "wal") == 0;
	return 0;
}

static int
check_schema(
    const struct sqlite_store *store, const struct schema_state *state, struct failure *failure)
{
	char database[512];

	snprintf(database, sizeof(database), "the user database %s", store->name);
	return schema_check(state, store->table, database, failure);
}

/* Makes or upgrades the tables, in one transaction that keeps a second program out. */
static int
bring_up_to_date(struct sqlite_store *store, struct schema_state *state, struct failure *failure)
{
	int err = 0, rc = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite_schema_inspect(store->db, store->table, state);
	if (rc == SQLITE_OK && (err = check_schema(store, state, failure)) == 0 &&
	    schema_is_old(state)) {
		rc = sqlite_schema_upgrade(store->db, store->table, state);
		if (rc == SQLITE_OK)
			rc = sqlite_schema_inspect(store->db, store->table, state);
	}
	if (rc == SQLITE_OK && err == 0)
		rc = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		err = sqlite_store_failure(store, rc, failure);
	if (sqlite3_get_autocommit(store->db) == 0)
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

static int
choose_journal(struct sqlite_store *store, struct failure *failure)
{
	bool had_wal = false;
	int rc = sqlite3_exec(store->db, "PRAGMA journal_mode", on_journal_mode, &had_wal, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(
		    store->db, "PRAGMA journal_mode = WAL", on_journal_mode, &store->has_wal, NULL);
	store->must_restore_journal = store->has_wal && !had_wal;
	/* Another program is reading just now: the journal it uses serves us too. */
	if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY)
		rc = sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : sqlite_store_failure(store, rc, failure);
}

static int
look_only(struct sqlite_store *store, struct schema_state *state, struct failure *failure)
{
	int err, rc = sqlite_schema_inspect(store->db, store->table, state);

	if (rc != SQLITE_OK)
		return sqlite_store_failure(store, rc, failure);
	if ((err = check_schema(store, state, failure)) != 0)
		return err;
	if (!state->has_table)
		return failure_set(failure, ERR_FORMAT,
		    "the user database %s is empty, and "
		    "\"manage_users\" is 0, so that nothing can be stored in it; correct one or "
		    "the other",
		    store->name);
	return 0;
}

/* --- statements --- */

static int
prepare(struct sqlite_store *store, const struct schema_state *state, bool writes,
    struct failure *failure)
{
	unsigned count = writes ? SQL_STATEMENT_COUNT : SQL_FIRST_WRITING;
	int err = 0;

	for (unsigned i = 0; i < count && err == 0; i++) {
		struct buf sql = buf_init(SQL_STATEMENT_BYTES_MAX);
		int rc;

		sql_statement_write(SQL_SQLITE, i, store->table, state, &sql);
		if ((err = buf_error(&sql)) == 0) {
			rc = sqlite3_prepare_v3(store->db, (const char *)sql.p, (int)sql.n,
			    SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL);
			if (rc != SQLITE_OK)
				err = sqlite_store_failure(store, rc, failure);
		}
		buf_free(&sql);
	}
	return err;
}

void
sqlite_store_close(struct sqlite_store **store)
{
	struct sqlite_store *s = *store;

	*store = NULL;
	if (s == NULL)
		return;
	for (unsigned i = 0; i < SQL_STATEMENT_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	/* Fails while another program has the file open, and is then that program's affair. */
	if (s->must_restore_journal)
		(void)sqlite3_exec(s->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	sqlite3_close(s->db);
	pthread_mutex_destroy(&s->lock);
	free(s->name);
	free(s->table);
	free(s);
}

static int
store_new(const char *name, const char *table, struct sqlite_store **out, struct failure *failure)
{
	struct sqlite_store *store = calloc(1, sizeof(*store));
	int err;

	if (store == NULL)
		return ERR_MEMORY;
	pthread_mutex_init(&store->lock, NULL);
	err = schema_table_name(SQL_SQLITE, table, &store->table, failure);
	if (err == 0 && (store->name = strdup(name)) == NULL)
		err = ERR_MEMORY;
	if (err != 0)
		sqlite_store_close(&store);
	*out = store;
	return err;
}

static bool
is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

int
sqlite_store_open(
    const struct provider_config *config, struct sqlite_store **out, struct failure *failure)
{
	const char *name =
	    is_set(config->connection_string) ? config->connection_string : config->name;
	struct sqlite_store *store = NULL;
	struct schema_state state;
	int err;

	*out = NULL;
	if (!is_set(name))
		return failure_set(failure, ERR_INVALID,
		    "data_provider.name is empty; it must be "
		    "the path of the user database");
	if ((err = store_new(name, config->users_table, &store, failure)) != 0)
		return err;
	store->busy_ms = config->busy_ms > 0 ? config->busy_ms : PROVIDER_BUSY_MS;
	err = open_database(store, config->connection_string, config->manage_users, failure);
	if (err == 0)
		err = config->manage_users ? bring_up_to_date(store, &state, failure)
					   : look_only(store, &state, failure);
	if (err == 0 && config->manage_users)
		err = choose_journal(store, failure);
	if (err == 0)
		err = prepare(store, &state, config->manage_users, failure);
	if (err != 0)
		sqlite_store_close(&store);
	else
		*out = store;
	return err;
}
