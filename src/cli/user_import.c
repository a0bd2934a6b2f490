/*
 * postern user import
 */
#include "cli/user_import.h"

#include "accounts/accounts.h"
#include "base/clock.h"
#include "base/fd.h"
#include "cli/cli.h"
#include "cli/number.h"
#include "cli/table.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: postern user import FORMAT [FILE...] [OPTION...]\n\n"
    "Adds the accounts of another program to the running server, and updates those that are\n"
    "there already. Passwords stay as they are: their hashes are taken over.\n\n"
    "  unix-passwd [PASSWD [SHADOW]]  the system's accounts (default: /etc/passwd /etc/shadow)\n"
    "  pure-ftpd FILE...              pure-ftpd's virtual users\n"
    "  proftpd FILE...                ProFTPD's AuthUserFile\n"
    "  sftpgo FILE...                 a dump, as SFTPGo's and our dumpdata write it\n\n"
    "      --dry-run            change nothing and ask no server: show what would be imported\n"
    "      --min-uid N, --max-uid N  only accounts with a uid in this range\n"
    "      --usernames LIST     only these, as in bob,ann\n"
    "      --force-uid N, --force-gid N  give all of them this uid or gid\n"
    "      --keep-existing      leave accounts alone that the server has already\n\n"
    CLI_COMMON_USAGE
    "      --json               print JSON\n";

enum {
	OPTION_DRY_RUN = CLI_OPTION_FIRST,
	OPTION_MIN_UID,
	OPTION_MAX_UID,
	OPTION_USERNAMES,
	OPTION_FORCE_UID,
	OPTION_FORCE_GID,
	OPTION_KEEP_EXISTING,
};

static const struct option long_options[] = {
	CLI_COMMON_LONG,
	CLI_JSON_LONG,
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ "min-uid", required_argument, NULL, OPTION_MIN_UID },
	{ "max-uid", required_argument, NULL, OPTION_MAX_UID },
	{ "usernames", required_argument, NULL, OPTION_USERNAMES },
	{ "force-uid", required_argument, NULL, OPTION_FORCE_UID },
	{ "force-gid", required_argument, NULL, OPTION_FORCE_GID },
	{ "keep-existing", no_argument, NULL, OPTION_KEEP_EXISTING },
	{ NULL, 0, NULL, 0 },
};

struct settings {
	struct cli_common common;
	struct import_choice choice;
	bool dry_run;
	bool keep_existing;
};

/* ---- reading */

static int
read_file(const char *path, struct buf *out)
{
	int err = fd_read_file(path, out);

	if (err == 0)
		return CLI_DONE;
	cli_error("%s: %s", path, err == ERR_IO ? strerror(errno) : err_text(err));
	return CLI_FAILED;
}

static int
told(int err, const char *path, const struct failure *failure)
{
	if (err == 0)
		return CLI_DONE;
	cli_error("%s: %s", path, failure->text[0] != '\0' ? failure->text : err_text(err));
	return CLI_FAILED;
}

static int
import_system(int argc, char **argv, struct import *import)
{
	static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
	const char *passwd_path = argc > 0 ? argv[0] : "/etc/passwd";
	const char *shadow_path = argc == 0 ? "/etc/shadow" : argc > 1 ? argv[1] : NULL;
	struct buf passwd = buf_init(IMPORT_BYTES_MAX), shadow = buf_init(IMPORT_BYTES_MAX);
	struct failure failure = { 0 };
	int status = read_file(passwd_path, &passwd);

	if (status == CLI_DONE && shadow_path != NULL)
		status = read_file(shadow_path, &shadow);
	if (status == CLI_DONE)
		status = told(import_unix(buf_view(&passwd), buf_view(&shadow),
				  clock_wall_ms() / day_ms, import),
		    passwd_path, &failure);
	buf_free(&passwd);
	buf_free(&shadow);
	return status;
}

static int
read_pure_ftpd(struct view text, struct import *import, struct failure *failure)
{
	(void)failure;
	return import_pure_ftpd(text, import);
}

static int
read_proftpd(struct view text, struct import *import, struct failure *failure)
{
	(void)failure;
	return import_proftpd(text, import);
}

static const struct {
	const char *name;
	int (*read)(struct view text, struct import *import, struct failure *failure);
} formats[] = {
	{ "unix-passwd", NULL }, /* two files that belong together */
	{ "pure-ftpd", read_pure_ftpd },
	{ "proftpd", read_proftpd },
	{ "sftpgo", import_dump },
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

static int
import_files(size_t format, int argc, char **argv, struct import *import)
{
	int status = CLI_DONE;

	for (int i = 0; i < argc && status == CLI_DONE; i++) {
		struct buf text = buf_init(IMPORT_BYTES_MAX);
		struct failure failure = { 0 };

		status = read_file(argv[i], &text);
		if (status == CLI_DONE)
			status = told(formats[format].read(buf_view(&text), import, &failure),
			    argv[i], &failure);
		buf_free(&text);
	}
	return status;
}

static int
read_accounts(const char *command, int argc, char **argv, struct import *import)
{
	size_t format = 0;

	if (argc == 0)
		return cli_usage_error(command, "say which format the accounts are in");
	while (format < FORMATS && strcmp(formats[format].name, argv[0]) != 0)
		format++;
	if (format == FORMATS)
		return cli_usage_error(command, "\"%s\" is not a format", argv[0]);
	if (formats[format].read == NULL && argc > 3)
		return cli_usage_error(command, "%s takes a passwd and a shadow file", argv[0]);
	if (formats[format].read == NULL)
		return import_system(argc - 1, argv + 1, import);
	if (argc == 1)
		return cli_usage_error(command, "say which file the accounts are in");
	return import_files(format, argc - 1, argv + 1, import);
}

/* ---- asking the server */

/* What becomes of an account that can be imported; text for people and programs. */
static const char *const added = "added", *const updated = "updated", *const kept = "kept",
			 *const failed = "failed", *const left_out = "left out",
			 *const to_import = "to import";

static int
exists(const struct cli_common *common, const char *name, bool *out)
{
	json_t *found = NULL;
	int status = cli_ask(
	    common, "user", "list", json_pack("{s:s, s:i}", "username", name, "limit", 1), &found);

	*out = json_array_size(found) > 0;
	json_decref(found);
	return status;
}

static int
store(const struct settings *settings, const struct user *user, const char **result_out)
{
	json_t *body = user_to_json(user, USER_FORM_DUMP);
	bool there;
	int status = exists(&settings->common, user->username, &there);

	/* The server numbers its accounts itself. */
	json_object_del(body, "id");
	*result_out = there ? updated : added;
	if (status == CLI_DONE && there && settings->keep_existing)
		*result_out = kept;
	else if (status == CLI_DONE && there)
		status = cli_ask(&settings->common, "user", "update",
		    json_pack("{s:s, s:O}", "username", user->username, "changes", body), NULL);
	else if (status == CLI_DONE)
		status = cli_ask(&settings->common, "user", "add", json_incref(body), NULL);
	json_decref(body);
	if (status != CLI_DONE) {
		*result_out = failed;
		cli_error("user \"%s\" was not imported", user->username);
	}
	return status;
}

/* ---- showing */

static json_t *
row_json(const struct import_row *row, const char *result)
{
	json_t *object = row->user != NULL ? user_to_json(row->user, USER_FORM_PUBLIC)
					   : json_object();
	json_t *name = json_string(row->name);

	json_object_del(object, "id");
	/* A name that is no text has no other form. */
	json_object_set_new(object, "username", name != NULL ? name : json_string("?"));
	json_object_set_new(object, "result", json_string(result));
	if (row->note[0] != '\0')
		json_object_set_new(object, "note", json_string(row->note));
	return object;
}

static void
number_of(const json_t *row, const char *key, char out[24])
{
	const json_t *number = json_object_get(row, key);

	out[0] = '\0';
	if (number != NULL)
		snprintf(out, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
}

static void
add_row(struct table *table, const json_t *row)
{
	const json_t *expires = json_object_get(row, "expiration_date");
	const json_t *status = json_object_get(row, "status");
	char uid[24], gid[24], date[32] = "", result[IMPORT_NOTE_MAX + 32];
	const char *note = cli_text_of(row, "note");

	number_of(row, "uid", uid);
	number_of(row, "gid", gid);
	if (expires != NULL)
		table_time(json_integer_value(expires), date, sizeof(date));
	snprintf(result, sizeof(result), "%s%s%s", cli_text_of(row, "result"),
	    note[0] != '\0' ? ": " : "", note);
	table_row(table, cli_text_of(row, "username"), uid, gid,
	    status == NULL			? ""
	    : json_integer_value(status) == 1 ? "active"
					      : "disabled",
	    date, cli_text_of(row, "home_dir"), result);
}

static void
print_rows(const json_t *list)
{
	struct table *table = table_new(7);
	const json_t *row;
	size_t i;

	table_row(table, "USER", "UID", "GID", "STATUS", "EXPIRES", "HOME", "RESULT");
	json_array_foreach (list, i, row)
		add_row(table, row);
	table_print(&table);
}

static void
warn_of_missing(const struct import *import, const struct text_list *names)
{
	for (size_t i = 0; i < names->count; i++) {
		bool found = false;

		for (size_t k = 0; k < import->count && !found; k++)
			found = strcmp(import->rows[k].name, names->items[i]) == 0;
		if (!found)
			cli_error("there is no account \"%s\" to import", names->items[i]);
	}
}

/* Each account in turn; one that fails does not keep the others out. */
static int
import_rows(const struct settings *settings, const struct import *import)
{
	json_t *list = json_array();
	int status = CLI_DONE;

	for (size_t i = 0; i < import->count && status != CLI_NO_SERVER; i++) {
		const struct import_row *row = &import->rows[i];
		const char *result = row->user != NULL ? to_import : left_out;
		int one = CLI_DONE;

		if (row->user != NULL && !settings->dry_run)
			one = store(settings, row->user, &result);
		if (one != CLI_DONE)
			status = one;
		json_array_append_new(list, row_json(row, result));
	}
	if (settings->common.json)
		cli_print_json(list);
	else if (json_array_size(list) == 0)
		printf("There are no accounts to import.\n");
	else
		print_rows(list);
	json_decref(list);
	return status;
}

/* ---- options */

static int
take_names(struct text_list *names, char *list)
{
	const char *name;

	while ((name = strsep(&list, ",")) != NULL) {
		if (name[0] != '\0' && text_list_add(names, name) != 0) {
			cli_error("%s", err_text(ERR_MEMORY));
			return CLI_FAILED;
		}
	}
	return CLI_DONE;
}

static int
take_option(struct settings *settings, const char *command, int option)
{
	const struct {
		int option;
		const char *name;
		int64_t *value;
	} numbers[] = {
		{ OPTION_MIN_UID, "min-uid", &settings->choice.min_uid },
		{ OPTION_MAX_UID, "max-uid", &settings->choice.max_uid },
		{ OPTION_FORCE_UID, "force-uid", &settings->choice.force_uid },
		{ OPTION_FORCE_GID, "force-gid", &settings->choice.force_gid },
	};
	long long value;

	switch (option) {
	case OPTION_DRY_RUN: settings->dry_run = true; return CLI_DONE;
	case OPTION_KEEP_EXISTING: settings->keep_existing = true; return CLI_DONE;
	case OPTION_USERNAMES: return take_names(&settings->choice.usernames, optarg);
	default: break;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].option != option)
			continue;
		if (!cli_number(command, numbers[i].name, optarg, 0, INT_MAX, &value))
			return CLI_USAGE;
		*numbers[i].value = value;
		return CLI_DONE;
	}
	return cli_usage_error(command, "stopped at a wrong option");
}

static int
run(const struct settings *settings, const char *command, int argc, char **argv)
{
	struct import import = { 0 };
	int status = read_accounts(command, argc, argv, &import);

	if (status == CLI_DONE && import_choose(&import, &settings->choice) != 0) {
		cli_error("%s", err_text(ERR_MEMORY));
		status = CLI_FAILED;
	}
	if (status == CLI_DONE) {
		warn_of_missing(&import, &settings->choice.usernames);
		status = import_rows(settings, &import);
	}
	import_free(&import);
	return status;
}

int
cli_user_import(int argc, char **argv)
{
	struct settings settings = { .common = cli_common_init(),
		.choice = { .min_uid = -1, .max_uid = -1, .force_uid = -1, .force_gid = -1 } };
	int option, status = CLI_DONE;

	while (status == CLI_DONE &&
	       (option = getopt_long(argc, argv, CLI_COMMON_SHORT, long_options, NULL)) != -1) {
		if (!cli_common_option(&settings.common, option))
			status = take_option(&settings, argv[0], option);
	}
	if (status == CLI_DONE && settings.common.help) {
		printf("%s", usage);
	} else if (status == CLI_DONE && crypto_init() != 0) {
		cli_error("libcrypto cannot be used");
		status = CLI_FAILED;
	} else if (status == CLI_DONE) {
		status = run(&settings, argv[0], argc - optind, argv + optind);
	}
	text_list_clear(&settings.choice.usernames);
	return status;
}
