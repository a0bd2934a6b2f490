/*
 * admin_database.h - the file that holds administrators, their keys and sessions, and the audit
 * log. For admin_store.c, admin_token.c and audit_store.c alone.
 *
 * A file of our own beside the accounts, because it must be there with every data provider, also
 * with one that may only be read. One connection behind one lock; every statement takes
 * microseconds.
 */
#ifndef ACCOUNTS_ADMIN_DATABASE_H
#define ACCOUNTS_ADMIN_DATABASE_H

#include "accounts/admin_store.h"

#include <pthread.h>
#include <sqlite3.h>

struct admin_store {
	pthread_mutex_t lock; /* over db */
	sqlite3 *db;
	char *path; /* for messages */
};

/* What SQLite's result means, as a code with a text; SQLITE_OK, _ROW and _DONE are 0. */
MUST int admin_failure(const struct admin_store *store, int rc, struct failure *failure);

/*
 * A statement that runs: takes the lock, and holds it until admin_end(). Parameters are bound one
 * after the other; what fails is remembered, and later calls do nothing.
 */
struct admin_statement {
	struct admin_store *store;
	sqlite3_stmt *statement; /* NULL when it could not be prepared */
	int rc;
	int parameters;
};

/* The text is a constant of the program, never one that was put together. */
struct admin_statement admin_begin(struct admin_store *store, const char *sql);
void admin_bind_text(struct admin_statement *s, const char *text);
void admin_bind_bytes(struct admin_statement *s, const void *bytes, size_t n);
void admin_bind_number(struct admin_statement *s, int64_t number);
/* True when there is a row, whose columns may then be read. */
bool admin_step(struct admin_statement *s);
/* A column of the row as text, "" for NULL; valid until the next step. */
const char *admin_text(const struct admin_statement *s, int column);
int64_t admin_number(const struct admin_statement *s, int column);
/* Runs it to its end, frees it and lets go of the lock. *changed_out may be NULL. */
MUST int admin_end(struct admin_statement *s, int *changed_out, struct failure *failure);

#endif
