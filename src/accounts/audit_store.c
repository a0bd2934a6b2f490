#include "accounts/audit_store.h"

#include "accounts/admin_database.h"

static int
insert(struct admin_store *store, const struct audit_entry *entry, struct failure *failure)
{
	struct admin_statement s = admin_begin(store,
	    "INSERT INTO audit (time, kind, actor, origin, resource, verb, subject, status, message,"
	    " before, after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	admin_bind_number(&s, entry->time);
	admin_bind_text(&s, entry->kind);
	admin_bind_text(&s, entry->actor);
	admin_bind_text(&s, entry->origin);
	admin_bind_text(&s, entry->resource);
	admin_bind_text(&s, entry->verb);
	admin_bind_text(&s, entry->subject);
	admin_bind_number(&s, entry->status);
	admin_bind_text(&s, entry->message);
	admin_bind_text(&s, entry->before); /* NULL binds NULL */
	admin_bind_text(&s, entry->after);
	return admin_end(&s, NULL, failure);
}

static int
drop(struct admin_store *store, const char *sql, int64_t limit, struct failure *failure)
{
	struct admin_statement s = admin_begin(store, sql);

	admin_bind_number(&s, limit);
	return admin_end(&s, NULL, failure);
}

int
audit_store_add(struct admin_store *store, const struct audit_entry *entry,
    const struct audit_limits *limits, struct failure *failure)
{
	int err = insert(store, entry, failure);

	/* Ids have no holes but at the beginning, so that the highest tells the number. */
	if (err == 0 && limits->entries > 0)
		err = drop(store,
		    "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?",
		    limits->entries, failure);
	if (err == 0 && limits->age_ms > 0)
		err = drop(store, "DELETE FROM audit WHERE time < ?", entry->time - limits->age_ms,
		    failure);
	return err;
}

static const char *
text_or_null(const struct admin_statement *s, int column)
{
	return (const char *)sqlite3_column_text(s->statement, column);
}

int
audit_store_each(struct admin_store *store, const struct audit_query *query,
    int (*each)(void *data, const struct audit_entry *entry), void *data, struct failure *failure)
{
	struct admin_statement s = admin_begin(store,
	    "SELECT id, time, kind, actor, origin, resource, verb, subject, status, message, before,"
	    " after FROM audit WHERE (?1 = '' OR actor = ?1) AND (?2 = '' OR resource = ?2)"
	    " AND (?3 = '' OR verb = ?3) AND (?4 = '' OR subject = ?4) AND time >= ?5"
	    " AND (?6 = 0 OR time < ?6) ORDER BY id DESC LIMIT ?7 OFFSET ?8");
	int err = 0, ended;

	admin_bind_text(&s, query->actor);
	admin_bind_text(&s, query->resource);
	admin_bind_text(&s, query->verb);
	admin_bind_text(&s, query->subject);
	admin_bind_number(&s, query->since);
	admin_bind_number(&s, query->until);
	admin_bind_number(&s, query->limit);
	admin_bind_number(&s, query->offset);
	while (err == 0 && admin_step(&s))
		err = each(data, &(struct audit_entry){ .id = admin_number(&s, 0),
			.time = admin_number(&s, 1), .kind = admin_text(&s, 2),
			.actor = admin_text(&s, 3), .origin = admin_text(&s, 4),
			.resource = admin_text(&s, 5), .verb = admin_text(&s, 6),
			.subject = admin_text(&s, 7), .status = admin_number(&s, 8),
			.message = admin_text(&s, 9), .before = text_or_null(&s, 10),
			.after = text_or_null(&s, 11) });
	ended = admin_end(&s, NULL, failure);
	return err != 0 ? err : ended;
}
