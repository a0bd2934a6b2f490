/*
 * postern provider
 */
#include "accounts/accounts.h"
#include "base/fd.h"
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "master/open_provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "Usage: postern provider convert --from FORMAT:WHERE --to FORMAT:WHERE [OPTION...]\n"
    "       postern provider check [OPTION...]\n\n"
    "check asks the running server whether its accounts' database answers.\n\n"
    "convert moves all accounts with everything in them, then reads them back and compares. The\n"
    "target must have no accounts; either all of them arrive or none. Neither server may be\n"
    "running.\n\n"
    "  sqlite:FILE         the driver \"sqlite\"\n"
    "  bolt:FILE           the driver \"bolt\" of Postern\n"
    "  bbolt:FILE          the driver \"bolt\" of SFTPGo; only --from\n"
    "  dump:FILE           JSON, as dumpdata writes it and the driver \"memory\" reads it\n"
    "  postgresql:STRING   a connection string of libpq\n"
    "  mysql:STRING        user:password@tcp(host:port)/name?tls=true\n"
    "  config:             the data_provider of the configuration\n\n"
    CLI_COMMON_USAGE
    "      --users-table NAME   of SQL databases (users)\n";

enum { OPTION_FROM = CLI_OPTION_FIRST, OPTION_TO, OPTION_USERS_TABLE };

static const struct option options[] = {
	CLI_COMMON_LONG,
	{ "from", required_argument, NULL, OPTION_FROM },
	{ "to", required_argument, NULL, OPTION_TO },
	{ "users-table", required_argument, NULL, OPTION_USERS_TABLE },
	{ NULL, 0, NULL, 0 },
};

enum format { FORMAT_DRIVER, FORMAT_CONFIG, FORMAT_BBOLT, FORMAT_DUMP };

/* Where accounts come from, or go to. */
struct place {
	enum format format;
	const char *argument; /* as it was given */
	const char *driver;   /* of FORMAT_DRIVER */
	bool is_string;       /* `where` is a connection string, with a password in it */
	const char *where;
};

struct conversion {
	struct cli_common common;
	struct place from, to;
	const char *users_table;
	struct config *config;
	char *credentials_path;
	struct user_list users;
	bool is_terminal;
};

static bool
parse_place(const char *argument, struct place *out)
{
	static const struct {
		const char *prefix;
		struct place place;
	} formats[] = {
		{ "sqlite:", { .format = FORMAT_DRIVER, .driver = "sqlite" } },
		{ "bolt:", { .format = FORMAT_DRIVER, .driver = "bolt" } },
		{ "postgresql:", { .format = FORMAT_DRIVER, .driver = "postgresql",
				     .is_string = true } },
		{ "mysql:", { .format = FORMAT_DRIVER, .driver = "mysql", .is_string = true } },
		{ "bbolt:", { .format = FORMAT_BBOLT } },
		{ "dump:", { .format = FORMAT_DUMP } },
		{ "config:", { .format = FORMAT_CONFIG } },
	};

	*out = (struct place){ 0 };
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		size_t n = strlen(formats[i].prefix);

		if (strncmp(argument, formats[i].prefix, n) != 0)
			continue;
		*out = formats[i].place;
		out->argument = argument;
		out->where = argument + n;
		return (out->where[0] == '\0') == (out->format == FORMAT_CONFIG);
	}
	return false;
}

/* So much of what is no place can be shown: behind the format there may be a password. */
static int
shown_length(const char *argument)
{
	return (int)strcspn(argument, ":");
}

/* What is shown of a place: never a password. */
static const char *
shown(const struct place *place)
{
	return place->is_string ? place->driver
	    : place->format == FORMAT_CONFIG ? "the configured provider" : place->argument;
}

static int
told(int err, const struct place *place, const struct failure *failure)
{
	if (err != 0)
		cli_error("%s: %s", shown(place),
		    failure->text[0] != '\0' ? failure->text : err_text(err));
	return err;
}

/* --- reading --- */

static int
open_place(const struct conversion *c, const struct place *place, bool writes,
    struct provider **out, struct failure *failure)
{
	struct provider_config settings = { .driver = place->driver, .name = place->where,
		.users_table = c->users_table, .credentials_path = c->credentials_path,
		.manage_users = writes, .track_quota = 1 };

	if (place->format == FORMAT_CONFIG)
		return open_provider(c->config, out, failure);
	if (place->is_string)
		settings.connection_string = place->where;
	return provider_open(&settings, out, failure);
}

static int
read_provider(const struct conversion *c, const struct place *place, struct user_list *out,
    struct failure *failure)
{
	struct provider *provider = NULL;
	int err = open_place(c, place, false, &provider, failure);

	if (err == 0)
		err = provider_dump(provider, out, failure);
	provider_close(&provider);
	return err;
}

static int
read_place(const struct conversion *c, const struct place *place, struct user_list *out)
{
	struct failure failure = { 0 };
	int err;

	*out = (struct user_list){ 0 };
	switch (place->format) {
	case FORMAT_BBOLT: err = bbolt_load(place->where, out, &failure); break;
	case FORMAT_DUMP: err = dump_load_whole(place->where, out, &failure); break;
	default: err = read_provider(c, place, out, &failure); break;
	}
	return told(err, place, &failure);
}

/* --- in between --- */

static int
compare_ids(const void *a, const void *b)
{
	const struct user *const *left = a, *const *right = b;

	return ((*left)->id > (*right)->id) - ((*left)->id < (*right)->id);
}

/* Ids stay where each has one of its own that every database can hold; else all are new. */
static void
settle_ids(struct user_list *users)
{
	bool is_good = true;

	if (users->count > 0)
		qsort(users->items, users->count, sizeof(*users->items), compare_ids);
	for (size_t i = 0; i < users->count; i++) {
		int64_t id = users->items[i]->id;

		is_good = is_good && id > (i == 0 ? 0 : users->items[i - 1]->id) && id <= INT32_MAX;
	}
	for (size_t i = 0; i < users->count && !is_good; i++)
		users->items[i]->id = (int64_t)i + 1;
}

/*
 * A dump may have been written by hand, with passwords as they are typed: it has to pass what an
 * account of the REST API has to. What stands in a database passed already, and a password there
 * is a hash even if it does not look like one.
 */
static int
settle_users(const struct conversion *c)
{
	static const struct password_cost *const usual = &password_cost_default;
	const struct user_rules rules = { .users_base_dir = c->config->data_provider.users_base_dir,
		.credentials_path = c->credentials_path, .cost = usual };

	for (size_t i = 0; c->from.format == FORMAT_DUMP && i < c->users.count; i++) {
		struct user *user = c->users.items[i];
		struct failure failure = { 0 };
		int err = user_validate(user, &rules, &failure);

		if (err != 0) {
			cli_error("%s: user \"%s\": %s", shown(&c->from), user->username,
			    failure.text[0] != '\0' ? failure.text : err_text(err));
			return err;
		}
	}
	return 0;
}

/* Keys of cloud accounts lie in files beside the database, which stay where they are. */
static void
drop_credentials(struct user_list *users)
{
	for (size_t i = 0; i < users->count; i++) {
		char *credentials = users->items[i]->filesystem.gcs.credentials;

		explicit_bzero(credentials, strlen(credentials));
	}
}

/* --- writing --- */

static void
show_progress(void *data, size_t done)
{
	const struct conversion *c = data;

	if (c->is_terminal) {
		printf("\rwriting: %zu of %zu accounts", done, c->users.count);
		fflush(stdout);
	}
}

static int
write_provider(struct conversion *c, struct failure *failure)
{
	const struct provider_query first = { .limit = 1 };
	const struct provider_progress progress = { .tell = show_progress, .data = c };
	struct provider *provider = NULL;
	struct user_list there = { 0 };
	int err = open_place(c, &c->to, true, &provider, failure);

	if (err == 0)
		err = provider_list(provider, &first, &there, failure);
	if (err == 0 && there.count > 0) {
		err = ERR_EXISTS;
		snprintf(failure->text, sizeof(failure->text),
		    "it has accounts already; name a database without any");
	}
	if (err == 0)
		err = provider_load(provider, &c->users, &progress, failure);
	if (c->is_terminal)
		printf("\r\033[K");
	user_list_free(&there);
	provider_close(&provider);
	return err;
}

static int
write_dump(const struct conversion *c, struct failure *failure)
{
	struct buf text = buf_init(DUMP_WHOLE_BYTES_MAX);
	int err = ERR_EXISTS;

	if (access(c->to.where, F_OK) == 0) {
		snprintf(failure->text, sizeof(failure->text), "the file is there already");
	} else {
		dump_write(&c->users, true, &text);
		err = buf_error(&text);
		if (err == 0 && (err = fd_write_file(c->to.where, 0600, buf_view(&text))) != 0)
			snprintf(failure->text, sizeof(failure->text), "cannot write it: %m");
	}
	buf_free(&text);
	return err;
}

static int
write_place(struct conversion *c)
{
	struct failure failure = { 0 };
	int err;

	if (c->to.format == FORMAT_DUMP) {
		err = write_dump(c, &failure);
	} else {
		drop_credentials(&c->users);
		err = write_provider(c, &failure);
	}
	return told(err, &c->to, &failure);
}

/* --- comparing --- */

static int
verify(const struct conversion *c)
{
	struct user_list back;
	size_t same = 0;
	int err = read_place(c, &c->to, &back);

	if (err != 0)
		return err;
	if (c->to.format != FORMAT_DUMP)
		drop_credentials(&back);
	if (back.count > 0)
		qsort(back.items, back.count, sizeof(*back.items), compare_ids);
	for (size_t i = 0; i < back.count && i < c->users.count; i++) {
		json_t *a = user_to_json(back.items[i], USER_FORM_DUMP);
		json_t *b = user_to_json(c->users.items[i], USER_FORM_DUMP);

		same += a != NULL && json_equal(a, b);
		json_decref(a);
		json_decref(b);
	}
	if (same != c->users.count || back.count != c->users.count) {
		cli_error("%zu accounts were written, %zu are there, %zu are as they were; do not use "
			  "the target", c->users.count, back.count, same);
		err = ERR_FORMAT;
	}
	user_list_free(&back);
	return err;
}

/* Files that are only read may be readable by root alone, so that comes before. */
static int
read_source(struct conversion *c)
{
	bool is_file = c->from.format == FORMAT_BBOLT || c->from.format == FORMAT_DUMP;
	int err = is_file ? read_place(c, &c->from, &c->users) : 0;

	if (err == 0 && !cli_become_service_user(c->config->service_user))
		err = ERR_DENIED;
	if (err == 0 && !is_file)
		err = read_place(c, &c->from, &c->users);
	return err;
}

static int
convert(struct conversion *c)
{
	int err;

	if ((err = read_source(c)) != 0)
		return err;
	printf("read: %zu accounts from %s\n", c->users.count, shown(&c->from));
	settle_ids(&c->users);
	if ((err = settle_users(c)) != 0 || (err = write_place(c)) != 0)
		return err;
	printf("written: %zu accounts to %s\n", c->users.count, shown(&c->to));
	if ((err = verify(c)) == 0)
		printf("compared: all %zu accounts are the same\n", c->users.count);
	return err;
}

static int
run_convert(struct conversion *c)
{
	int status = CLI_FAILED;

	if ((c->config = cli_load_config(&c->common, false)) == NULL)
		return CLI_FAILED;
	c->credentials_path = config_path(c->config, c->config->data_provider.credentials_path);
	c->is_terminal = isatty(STDOUT_FILENO) != 0;
	if (crypto_init() != 0)
		cli_error("libcrypto lacks an algorithm that the server needs");
	else if (c->credentials_path == NULL)
		cli_error("%s", err_text(ERR_MEMORY));
	else if (convert(c) == 0)
		status = CLI_DONE;
	user_list_free(&c->users);
	free(c->credentials_path);
	config_free(&c->config);
	return status;
}

static bool
take_option(struct conversion *c, int option, const char **from, const char **to)
{
	switch (option) {
	case OPTION_FROM: *from = optarg; return true;
	case OPTION_TO: *to = optarg; return true;
	case OPTION_USERS_TABLE: c->users_table = optarg; return true;
	default: return cli_common_option(&c->common, option);
	}
}

static int
check(const struct cli_common *common)
{
	int status = cli_ask(common, "provider", "check", json_object(), NULL);

	if (status == CLI_DONE)
		printf("The accounts' database answers.\n");
	return status;
}

int
cli_provider(int argc, char **argv)
{
	struct conversion c = { .common = cli_common_init() };
	const char *from = NULL, *to = NULL;
	int option;

	while ((option = getopt_long(argc, argv, CLI_COMMON_SHORT, options, NULL)) != -1) {
		if (!take_option(&c, option, &from, &to))
			return cli_usage_error(argv[0], "stopped at a wrong option");
	}
	if (c.common.help) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	if (optind + 1 == argc && strcmp(argv[optind], "check") == 0)
		return check(&c.common);
	if (optind + 1 != argc || strcmp(argv[optind], "convert") != 0)
		return cli_usage_error(argv[0], "say what to do: convert, or check");
	if (from == NULL || to == NULL)
		return cli_usage_error(argv[0], "--from and --to must say where the accounts are, "
		    "and where they are to be");
	if (!parse_place(from, &c.from))
		return cli_usage_error(argv[0], "--from: \"%.*s\" is not FORMAT:WHERE",
		    shown_length(from), from);
	if (!parse_place(to, &c.to) || c.to.format == FORMAT_BBOLT)
		return cli_usage_error(argv[0], "--to: \"%.*s\" is not a FORMAT:WHERE that can be "
		    "written", shown_length(to), to);
	return run_convert(&c);
}
