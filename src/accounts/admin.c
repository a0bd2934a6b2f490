#include "accounts/admin.h"

#include "accounts/user_totp.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

int
admin_new(struct admin **out)
{
	struct admin *admin = calloc(1, sizeof(*admin));

	*out = admin;
	if (admin == NULL)
		return ERR_MEMORY;
	admin->areas = json_array();
	admin->description = strdup("");
	if (admin->areas == NULL || admin->description == NULL || user_new(&admin->login) != 0) {
		admin_free(out);
		return ERR_MEMORY;
	}
	admin->login->status = USER_ACTIVE;
	return 0;
}

void
admin_free(struct admin **admin)
{
	struct admin *a = *admin;

	*admin = NULL;
	if (a == NULL)
		return;
	user_free(&a->login);
	json_decref(a->areas);
	free(a->description);
	free(a);
}

/* ---- from JSON */

static const char *
text_without_nul(const json_t *value)
{
	const char *text = json_string_value(value);

	return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

static int
take_password(struct admin *admin, const json_t *value, const struct password_cost *cost,
    struct failure *failure)
{
	const char *text = text_without_nul(value);
	char *hash = NULL;
	int err;

	if (text == NULL || strlen(text) < ADMIN_PASSWORD_MIN || strlen(text) > PASSWORD_BYTES_MAX)
		return failure_set(failure, ERR_INVALID, "a password has %d to %d bytes",
		    ADMIN_PASSWORD_MIN, PASSWORD_BYTES_MAX);
	err = password_hash(view_of(text), cost, &hash);
	if (err == 0)
		err = user_set_text(&admin->login->password, hash);
	secret_free_str(hash);
	return err;
}

static int
take_description(struct admin *admin, const json_t *value, struct failure *failure)
{
	const char *text = text_without_nul(value);

	if (text == NULL || strlen(text) > ADMIN_DESCRIPTION_MAX)
		return failure_set(failure, ERR_INVALID,
		    "the description is not a text of at most %d bytes", ADMIN_DESCRIPTION_MAX);
	return user_set_text(&admin->description, text);
}

static int
take_areas(struct admin *admin, json_t *value, struct failure *failure)
{
	if (!json_is_array(value))
		return failure_set(failure, ERR_INVALID, "\"areas\" is not a list of names");
	json_decref(admin->areas);
	admin->areas = json_incref(value);
	return 0;
}

/* One that an account has too; it knows how to read its own. */
static int
take_as_account(
    struct admin *admin, const char *name, json_t *value, struct failure *failure)
{
	json_t *object = strcmp(name, "allowed_addresses") == 0
			     ? json_pack("{s:{s:O}}", "filters", "allowed_ip", value)
			     : json_pack("{s:O}", name, value);
	int err = object == NULL ? ERR_MEMORY : user_from_json(admin->login, object, failure);

	json_decref(object);
	return err == ERR_FORMAT ? ERR_INVALID : err;
}

int
admin_from_json(struct admin *admin, const json_t *object, const struct password_cost *cost,
    struct failure *failure)
{
	const char *name;
	json_t *value;
	int err = 0;

	json_object_foreach ((json_t *)object, name, value) {
		if (strcmp(name, "password") == 0)
			err = take_password(admin, value, cost, failure);
		else if (strcmp(name, "description") == 0)
			err = take_description(admin, value, failure);
		else if (strcmp(name, "areas") == 0)
			err = take_areas(admin, value, failure);
		else if (strcmp(name, "status") == 0 || strcmp(name, "expiration_date") == 0 ||
			 strcmp(name, "allowed_addresses") == 0)
			err = take_as_account(admin, name, value, failure);
		else
			err = failure_set(failure, ERR_INVALID,
			    "an administrator has no \"%.64s\"", name);
		if (err != 0)
			return err;
	}
	return 0;
}

int
admin_validate(const struct admin *admin, struct failure *failure)
{
	const struct user *login = admin->login;
	const struct text_list *addresses = &login->filters.allowed_ip;
	struct cidr cidr;

	if (login->username[0] == '\0' || strlen(login->username) > USER_NAME_MAX)
		return failure_set(
		    failure, ERR_INVALID, "a username has 1 to %d bytes", USER_NAME_MAX);
	/* RFC 7617 section 2: the name could not be told from the password, or not be sent. */
	for (const char *p = login->username; *p != '\0'; p++) {
		if (*p == ':' || (unsigned char)*p < 0x20 || *p == 0x7f)
			return failure_set(failure, ERR_INVALID,
			    "a username has neither \":\" nor control characters");
	}
	if (login->password[0] == '\0')
		return failure_set(failure, ERR_INVALID, "an administrator needs a password");
	if (login->status != USER_DISABLED && login->status != USER_ACTIVE)
		return failure_set(failure, ERR_INVALID, "the status is not 0 or 1");
	for (size_t i = 0; i < addresses->count; i++) {
		if (cidr_parse(addresses->items[i], &cidr) != 0)
			return failure_set(failure, ERR_INVALID,
			    "\"%.64s\" is not a range of addresses in CIDR form",
			    addresses->items[i]);
	}
	return 0;
}

/* ---- to JSON */

json_t *
admin_to_json(const struct admin *admin)
{
	const struct user *login = admin->login;
	json_t *addresses = json_array();

	for (size_t i = 0; i < login->filters.allowed_ip.count; i++)
		json_array_append_new(addresses, json_string(login->filters.allowed_ip.items[i]));
	return json_pack("{s:s, s:I, s:I, s:O, s:o, s:s, s:b, s:I, s:I}", "username",
	    login->username, "status", (json_int_t)login->status, "expiration_date",
	    (json_int_t)login->expiration_date, "areas", admin->areas, "allowed_addresses",
	    addresses, "description", admin->description, "one_time_codes",
	    user_totp_is_on(login), "created", (json_int_t)admin->created, "last_login",
	    (json_int_t)login->last_login);
}
