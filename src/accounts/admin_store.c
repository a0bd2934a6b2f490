#include "accounts/admin_database.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS "username, login, areas, description, created"

/* The administrator of a row of COLUMNS. */
static int
read_row(const struct admin_statement *s, struct admin **out, struct failure *failure)
{
	int err = admin_new(out);

	if (err != 0)
		return err;
	json_decref((*out)->areas);
	(*out)->areas = json_loads(admin_text(s, 2), 0, NULL);
	(*out)->created = admin_number(s, 4);
	err = user_from_text((*out)->login, view_of(admin_text(s, 1)), failure);
	if (err == 0)
		err = user_set_text(&(*out)->login->username, admin_text(s, 0));
	if (err == 0)
		err = user_set_text(&(*out)->description, admin_text(s, 3));
	if (err == 0 && !json_is_array((*out)->areas))
		err = failure_set(failure, ERR_FORMAT,
		    "what is stored of the administrator \"%s\" cannot be read", admin_text(s, 0));
	if (err != 0)
		admin_free(out);
	return err;
}

static int
no_such_name(const char *username, struct failure *failure)
{
	return failure_set(
	    failure, ERR_NOT_FOUND, "there is no administrator \"%s\"", username);
}

int
admin_store_find(struct admin_store *store, const char *username, struct admin **out,
    struct failure *failure)
{
	struct admin_statement s = admin_begin(
	    store, "SELECT " COLUMNS " FROM administrators WHERE username = ?");
	int err = 0, ended;

	*out = NULL;
	admin_bind_text(&s, username);
	if (admin_step(&s))
		err = read_row(&s, out, failure);
	ended = admin_end(&s, NULL, failure);
	if (err == 0 && ended == 0)
		return *out != NULL ? 0 : no_such_name(username, failure);
	admin_free(out);
	return err != 0 ? err : ended;
}

int
admin_store_each(struct admin_store *store, int (*each)(void *data, const struct admin *admin),
    void *data, struct failure *failure)
{
	struct admin_statement s = admin_begin(
	    store, "SELECT " COLUMNS " FROM administrators ORDER BY username");
	int err = 0, ended;

	while (err == 0 && admin_step(&s)) {
		struct admin *admin = NULL;

		if ((err = read_row(&s, &admin, failure)) == 0)
			err = each(data, admin);
		admin_free(&admin);
	}
	ended = admin_end(&s, NULL, failure);
	return err != 0 ? err : ended;
}

/* The columns but for the first, in the order of COLUMNS. Takes nothing of it. */
static void
bind_row(struct admin_statement *s, const struct admin *admin)
{
	json_t *login = user_to_json(admin->login, USER_FORM_DUMP);
	char *login_text = json_dumps(login, JSON_COMPACT);
	char *areas = json_dumps(admin->areas, JSON_COMPACT);

	if (login_text == NULL || areas == NULL)
		s->rc = SQLITE_NOMEM;
	admin_bind_text(s, login_text);
	admin_bind_text(s, areas);
	admin_bind_text(s, admin->description);
	admin_bind_number(s, admin->created);
	json_decref(login);
	free(login_text);
	free(areas);
}

int
admin_store_add(struct admin_store *store, const struct admin *admin, struct failure *failure)
{
	struct admin_statement s = admin_begin(
	    store, "INSERT INTO administrators (" COLUMNS ") VALUES (?, ?, ?, ?, ?)");
	int err;

	admin_bind_text(&s, admin->login->username);
	bind_row(&s, admin);
	err = admin_end(&s, NULL, failure);
	return err == ERR_EXISTS ? failure_set(failure, ERR_EXISTS,
				       "there is an administrator \"%s\" already",
				       admin->login->username)
				 : err;
}

int
admin_store_update(struct admin_store *store, const struct admin *admin, struct failure *failure)
{
	struct admin_statement s = admin_begin(store,
	    "UPDATE administrators SET login = ?, areas = ?, description = ?, created = ?"
	    " WHERE username = ?");
	int err, changed;

	bind_row(&s, admin);
	admin_bind_text(&s, admin->login->username);
	err = admin_end(&s, &changed, failure);
	return err == 0 && changed == 0 ? no_such_name(admin->login->username, failure) : err;
}

int
admin_store_remove(struct admin_store *store, const char *username, struct failure *failure)
{
	struct admin_statement s =
	    admin_begin(store, "DELETE FROM administrators WHERE username = ?");
	int err, changed;

	admin_bind_text(&s, username);
	err = admin_end(&s, &changed, failure);
	return err == 0 && changed == 0 ? no_such_name(username, failure) : err;
}
