/*
 * postern portable
 */
#include "accounts/accounts.h"
#include "base/buf.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/number.h"
#include "master/master.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	PASSWORD_LENGTH = 8,
	PORT_FIRST = 49152,
	PORT_LAST = 64151,
	MISTAKES_MAX = 64 * 1024,
	OPTION_UNSUPPORTED = CLI_OPTION_FIRST,
};

static const char usage[] =
    "Usage: postern portable [OPTION...]\n\n"
    "Shares one directory with one user until it is interrupted. Reads no configuration.\n\n"
    "  -d, --directory DIR       what to share (default: .)\n"
    "  -s, --sftpd-port PORT     0: a random one from 49152 to 64151 (0)\n"
    "  -u, --username NAME       (user)\n"
    "  -p, --password PASSWORD   none, and no key: a random one is made\n"
    "  -k, --public-key KEY      a file with a public key, or its text; may be repeated\n"
    "  -g, --permissions LIST    (list,download)\n"
    "  -l, --log-file-path FILE  empty: no log file\n"
    "  -c, --ssh-commands LIST   kept for later versions\n"
    "  -S, --advertise-service[=BOOL]\n"
    "                            this version announces nothing on the network\n"
    "  -h, --help\n";

static const struct option options[] = {
	{ "directory", required_argument, NULL, 'd' },
	{ "sftpd-port", required_argument, NULL, 's' },
	{ "ssh-commands", required_argument, NULL, 'c' },
	{ "username", required_argument, NULL, 'u' },
	{ "password", required_argument, NULL, 'p' },
	{ "public-key", required_argument, NULL, 'k' },
	{ "permissions", required_argument, NULL, 'g' },
	{ "log-file-path", required_argument, NULL, 'l' },
	{ "advertise-service", optional_argument, NULL, 'S' },
	{ "advertise-credentials", optional_argument, NULL, 'C' },
	{ "fs-provider", required_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "s3-bucket", required_argument, NULL, OPTION_UNSUPPORTED },
	{ "s3-region", required_argument, NULL, OPTION_UNSUPPORTED },
	{ "s3-access-key", required_argument, NULL, OPTION_UNSUPPORTED },
	{ "s3-access-secret", required_argument, NULL, OPTION_UNSUPPORTED },
	{ "s3-endpoint", required_argument, NULL, OPTION_UNSUPPORTED },
	{ "s3-storage-class", required_argument, NULL, OPTION_UNSUPPORTED },
	{ "s3-key-prefix", required_argument, NULL, OPTION_UNSUPPORTED },
	{ "gcs-bucket", required_argument, NULL, OPTION_UNSUPPORTED },
	{ "gcs-credentials-file", required_argument, NULL, OPTION_UNSUPPORTED },
	{ "gcs-key-prefix", required_argument, NULL, OPTION_UNSUPPORTED },
	{ "gcs-storage-class", required_argument, NULL, OPTION_UNSUPPORTED },
	{ NULL, 0, NULL, 0 },
};

struct portable {
	const char *command;
	const char *directory, *username, *permissions, *log_path, *ssh_commands;
	/* What is told when the server is ready: the arguments are gone by then. Owned. */
	char *password;
	char *shown; /* the directory as an absolute path */
	char *granted;
	long long port;
	struct user *user;
	bool help;
};

/* A number below `bound`, every one as likely as the others. */
static unsigned
random_below(unsigned bound)
{
	unsigned number, limit = UINT32_MAX - UINT32_MAX % bound;

	do {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			bug("the kernel gives no random bytes");
	} while (number >= limit);
	return number % bound;
}

static int
replace_password(struct portable *p, const char *password)
{
	secret_free_str(p->password);
	p->password = strdup(password);
	return p->password != NULL ? CLI_DONE : CLI_FAILED;
}

static int
make_password(struct portable *p)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" "abcdefghijklmnopqrstuvwxyz"
				      "0123456789";
	char password[PASSWORD_LENGTH + 1] = "";
	int status;

	for (size_t i = 0; i < PASSWORD_LENGTH; i++)
		password[i] = letters[random_below(sizeof(letters) - 1)];
	status = replace_password(p, password);
	secret_wipe(password, sizeof(password));
	return status;
}

static int
add_key(struct portable *p, const char *argument)
{
	char *key = cli_read_key(argument);
	int status = CLI_FAILED;

	if (key != NULL && text_list_add(&p->user->public_keys, key) == 0)
		status = CLI_DONE;
	free(key);
	return status;
}

static int
unsupported(const struct portable *p, const char *what)
{
	return cli_usage_error(p->command, "%s: not in this version", what);
}

static int
take_advertise(const struct portable *p, const char *name)
{
	bool on;

	if (!cli_bool(p->command, name, optarg != NULL ? optarg : "true", &on))
		return CLI_USAGE;
	if (on)
		cli_error("%s: this version announces nothing on the network", name);
	return CLI_DONE;
}

static int
take_option(struct portable *p, int option)
{
	switch (option) {
	case 'd':
		p->directory = optarg;
		return CLI_DONE;
	case 's':
		return cli_number(p->command, "sftpd-port", optarg, 0, 65535, &p->port) ? CLI_DONE
		    : CLI_USAGE;
	case 'c':
		p->ssh_commands = optarg;
		return CLI_DONE;
	case 'u':
		p->username = optarg;
		return CLI_DONE;
	case 'p':
		return replace_password(p, optarg);
	case 'k':
		return add_key(p, optarg);
	case 'g':
		p->permissions = optarg;
		return CLI_DONE;
	case 'l':
		p->log_path = optarg;
		return CLI_DONE;
	case 'S':
		return take_advertise(p, "advertise-service");
	case 'C':
		return take_advertise(p, "advertise-credentials");
	case 'f':
		return strcmp(optarg, "0") == 0 ? CLI_DONE : unsupported(p, "fs-provider");
	case 'h':
		p->help = true;
		return CLI_DONE;
	case OPTION_UNSUPPORTED:
		return unsupported(p, "S3 and Google Cloud Storage");
	default:
		return cli_usage_error(p->command, "stopped at a wrong option");
	}
}

static int
add_permissions(struct portable *p)
{
	char *copy = strdup(p->permissions), *rest = copy, *name;
	int err = copy != NULL ? 0 : ERR_MEMORY;

	while (err == 0 && (name = strsep(&rest, ",")) != NULL)
		err = user_permission_add_name(p->user, "/", name);
	free(copy);
	return err;
}

static int
fill_user(struct portable *p)
{
	struct user *user = p->user;
	int err;

	if ((p->granted = strdup(p->permissions)) == NULL)
		return CLI_FAILED;
	if ((p->shown = realpath(p->directory, NULL)) == NULL) {
		cli_error("%s: %s", p->directory, strerror(errno));
		return CLI_FAILED;
	}
	if (p->username[0] == '\0')
		p->username = "user";
	if (p->password == NULL || p->password[0] == '\0') {
		if (replace_password(p, "") != CLI_DONE ||
		    (user->public_keys.count == 0 && make_password(p) != CLI_DONE))
			return CLI_FAILED;
	}
	user->status = USER_ACTIVE;
	err = add_permissions(p);
	if (err == 0)
		err = user_set_text(&user->username, p->username);
	if (err == 0)
		err = user_set_text(&user->password, p->password);
	if (err == 0)
		err = user_set_text(&user->home_dir, p->shown);
	if (err != 0)
		cli_error("%s", err_text(err));
	return err == 0 ? CLI_DONE : CLI_FAILED;
}

/*
 * Who the server becomes when root starts it: whoever became root by sudo, else the usual user,
 * else the one that owns nothing.
 */
static const char *
service_user(const struct config *config)
{
	const char *sudo_user = getenv("SUDO_USER");
	const struct passwd *entry = sudo_user != NULL ? getpwnam(sudo_user) : NULL;

	if (geteuid() == 0 && entry != NULL && entry->pw_uid != 0)
		return sudo_user;
	if (geteuid() == 0 && getpwnam(config->service_user) == NULL)
		return "nobody";
	return config->service_user;
}

static int
fill_config(const struct portable *p, struct config *config)
{
	struct buf mistakes = buf_init(MISTAKES_MAX);
	long long port = p->port != 0 ? p->port
	    : PORT_FIRST + random_below(PORT_LAST - PORT_FIRST + 1);
	char port_text[16];
	int err;

	snprintf(port_text, sizeof(port_text), "%lld", port);
	err = config_set(config, "sftpd.bind_port", port_text, CONFIG_FROM_FLAG, &mistakes);
	if (err == 0)
		err = config_set(config, "sftpd.max_auth_tries", "12", CONFIG_FROM_FLAG,
		    &mistakes);
	if (err == 0)
		err = config_set(config, "sftpd.enabled_ssh_commands", p->ssh_commands,
		    CONFIG_FROM_FLAG, &mistakes);
	if (err == 0)
		err = config_set(config, "httpd.bind_port", "0", CONFIG_FROM_FLAG, &mistakes);
	if (err == 0)
		err = config_set(config, "data_provider.driver", "memory", CONFIG_FROM_FLAG,
		    &mistakes);
	if (err == 0)
		err = config_set(config, "service_user", service_user(config), CONFIG_FROM_FLAG,
		    &mistakes);
	if (err == 0)
		err = config_check(config, &mistakes);
	cli_error_lines(&mistakes);
	buf_free(&mistakes);
	return err == 0 ? CLI_DONE : CLI_FAILED;
}

static void
tell_ready(void *ctx, uint16_t port)
{
	const struct portable *p = ctx;

	printf("Sharing %s on port %u, user %s", p->shown, port, p->user->username);
	if (p->password[0] != '\0')
		printf(", password %s", p->password);
	if (p->user->public_keys.count > 0)
		printf(", %zu public keys", p->user->public_keys.count);
	printf(", permissions %s\n", p->granted);
	fflush(stdout);
}

static int
share(struct portable *p)
{
	struct config *config = NULL;
	struct master_options master = { .portable_user = p->user, .started = tell_ready,
		.ctx = p };
	int err = config_new(&config, "."), status;

	if (err != 0) {
		cli_error("the working directory: %s",
		    err == ERR_IO ? strerror(errno) : err_text(err));
		return CLI_FAILED;
	}
	status = fill_config(p, config);
	if (status == CLI_DONE) {
		master.config = config;
		master.log = (struct log_settings){ .path = p->log_path, .verbose = true,
			.destination = p->log_path[0] != '\0' ? LOG_TO_FILE : LOG_TO_NOTHING };
		status = master_run(&master);
	}
	config_free(&config);
	return status;
}

int
cli_portable(int argc, char **argv)
{
	struct portable p = { .command = argv[0], .directory = ".", .username = "",
		.permissions = "list,download", .log_path = "",
		.ssh_commands = "md5sum,sha1sum,cd,pwd" };
	int option, status = CLI_DONE;

	if (user_new(&p.user) != 0) {
		cli_error("%s", err_text(ERR_MEMORY));
		return CLI_FAILED;
	}
	while (status == CLI_DONE &&
	    (option = getopt_long(argc, argv, "d:s:c:u:p:k:g:l:SCf:h", options, NULL)) != -1)
		status = take_option(&p, option);
	if (status == CLI_DONE && !p.help && optind < argc)
		status = cli_usage_error(p.command, "\"%s\" is no option", argv[optind]);
	if (status == CLI_DONE && p.help) {
		fputs(usage, stdout);
	} else if (status == CLI_DONE) {
		status = fill_user(&p);
		if (status == CLI_DONE)
			status = share(&p);
	}
	user_free(&p.user);
	secret_free_str(p.password);
	free(p.shown);
	free(p.granted);
	return status;
}
