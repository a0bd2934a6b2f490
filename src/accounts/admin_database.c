#include "accounts/admin_database.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCHEMA = 1, BUSY_MS = 5000 };

/*
 * The triggers make what is said of the audit log true: what was written stays as it is. Old
 * entries are deleted when there are too many.
 */
static const char schema_sql[] =
    "CREATE TABLE administrators ("
    " username TEXT PRIMARY KEY NOT NULL, login TEXT NOT NULL, areas TEXT NOT NULL,"
    " description TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE keys ("
    " username TEXT NOT NULL REFERENCES administrators ON DELETE CASCADE, name TEXT NOT NULL,"
    " digest BLOB NOT NULL UNIQUE, areas TEXT NOT NULL, created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, PRIMARY KEY (username, name)) WITHOUT ROWID;"
    "CREATE TABLE sessions ("
    " digest BLOB PRIMARY KEY NOT NULL,"
    " username TEXT NOT NULL REFERENCES administrators ON DELETE CASCADE,"
    " expires INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX sessions_by_username ON sessions (username);"
    "CREATE TABLE audit ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, kind TEXT NOT NULL,"
    " actor TEXT NOT NULL, origin TEXT NOT NULL, resource TEXT NOT NULL, verb TEXT NOT NULL,"
    " subject TEXT NOT NULL, status INTEGER NOT NULL, message TEXT NOT NULL,"
    " before TEXT, after TEXT);"
    "CREATE INDEX audit_by_time ON audit (time);"
    "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log cannot be changed'); END;"
    "PRAGMA user_version = 1;";

int
admin_failure(const struct admin_store *store, int rc, struct failure *failure)
{
	int system = store->db != NULL ? sqlite3_system_errno(store->db) : 0;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE: return 0;
	case SQLITE_NOMEM: return ERR_MEMORY;
	case SQLITE_CONSTRAINT: return ERR_EXISTS;
	case SQLITE_BUSY:
		return failure_set(failure, ERR_UNAVAILABLE,
		    "%s has been locked by another program for more than %d ms; end that program, "
		    "or try again",
		    store->path, BUSY_MS);
	case SQLITE_NOTADB:
		return failure_set(failure, ERR_FORMAT,
		    "%s is not an SQLite database; set admin_database to another path",
		    store->path);
	default: break;
	}
	return failure_set(failure, ERR_IO,
	    "%s: %s%s%s; user ID %u must be able to write to the file and to its directory",
	    store->path, store->db != NULL ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc),
	    system != 0 ? ": " : "", system != 0 ? strerror(system) : "", (unsigned)geteuid());
}

/* ---- statements */

struct admin_statement
admin_begin(struct admin_store *store, const char *sql)
{
	struct admin_statement s = { .store = store };

	pthread_mutex_lock(&store->lock);
	s.rc = sqlite3_prepare_v2(store->db, sql, -1, &s.statement, NULL);
	return s;
}

void
admin_bind_text(struct admin_statement *s, const char *text)
{
	if (s->rc == SQLITE_OK)
		s->rc = sqlite3_bind_text(s->statement, ++s->parameters, text, -1,
		    SQLITE_TRANSIENT);
}

void
admin_bind_bytes(struct admin_statement *s, const void *bytes, size_t n)
{
	if (s->rc == SQLITE_OK)
		s->rc = sqlite3_bind_blob64(s->statement, ++s->parameters, bytes, n,
		    SQLITE_TRANSIENT);
}

void
admin_bind_number(struct admin_statement *s, int64_t number)
{
	if (s->rc == SQLITE_OK)
		s->rc = sqlite3_bind_int64(s->statement, ++s->parameters, number);
}

bool
admin_step(struct admin_statement *s)
{
	if (s->rc == SQLITE_OK || s->rc == SQLITE_ROW)
		s->rc = sqlite3_step(s->statement);
	return s->rc == SQLITE_ROW;
}

const char *
admin_text(const struct admin_statement *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s->statement, column);

	return text != NULL ? text : "";
}

int64_t
admin_number(const struct admin_statement *s, int column)
{
	return sqlite3_column_int64(s->statement, column);
}

int
admin_end(struct admin_statement *s, int *changed_out, struct failure *failure)
{
	struct admin_store *store = s->store;
	int err;

	while (admin_step(s))
		continue;
	err = admin_failure(store, s->rc, failure);
	if (changed_out != NULL)
		*changed_out = err == 0 ? sqlite3_changes(store->db) : 0;
	sqlite3_finalize(s->statement);
	s->statement = NULL;
	pthread_mutex_unlock(&store->lock);
	return err;
}

/* ---- opening */

/* SQLite itself would let everybody read the hashes. */
static int
make_file(const char *path, struct failure *failure)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0)
		return failure_set(failure, ERR_IO,
		    "cannot open or make %s as user ID %u: %s; make sure that its directory exists "
		    "and that this user may write there, or set admin_database to another path",
		    path, (unsigned)geteuid(), strerror(errno));
	fd_close(&fd);
	return 0;
}

static int
schema_version(struct admin_store *store, int64_t *out, struct failure *failure)
{
	struct admin_statement s = admin_begin(store, "PRAGMA user_version");

	*out = admin_step(&s) ? admin_number(&s, 0) : 0;
	return admin_end(&s, NULL, failure);
}

static int
prepare(struct admin_store *store, struct failure *failure)
{
	int64_t version;
	int err, rc;

	rc = sqlite3_exec(store->db,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
	    "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return admin_failure(store, rc, failure);
	if ((err = schema_version(store, &version, failure)) != 0)
		return err;
	if (version > SCHEMA)
		return failure_set(failure, ERR_FORMAT,
		    "%s was made by a later version of this program; set admin_database to another "
		    "path, or use that version",
		    store->path);
	if (version == 0)
		rc = sqlite3_exec(store->db, schema_sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
	return admin_failure(store, rc, failure);
}

int
admin_store_open(const char *path, struct admin_store **out, struct failure *failure)
{
	struct admin_store *store = calloc(1, sizeof(*store));
	int err, rc;

	*out = NULL;
	if (store == NULL)
		return ERR_MEMORY;
	pthread_mutex_init(&store->lock, NULL);
	store->path = strdup(path);
	err = store->path == NULL ? ERR_MEMORY : make_file(path, failure);
	if (err == 0) {
		rc = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		    NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_busy_timeout(store->db, BUSY_MS);
		err = admin_failure(store, rc, failure);
	}
	if (err == 0)
		err = prepare(store, failure);
	if (err == 0)
		*out = store;
	else
		admin_store_close(&store);
	return err;
}

void
admin_store_close(struct admin_store **store)
{
	struct admin_store *s = *store;

	*store = NULL;
	if (s == NULL)
		return;
	sqlite3_close(s->db);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}
