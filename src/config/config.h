/*
 * config.h - the typed settings: read from a file, overridden from the environment and by flags.
 *
 * One table (config_table.c) names every setting, its type, its default and its range; reading
 * the file, the environment's names, `postern check` and the test of the manual page all walk it.
 * A mistake is never passed over: an unknown key, a wrong type or an impossible value is written
 * as one line that names file, line, key, value and remedy, and the load fails. Nothing here
 * opens a listener, reads a key or logs. Called by cli/ at start, read by all of master/.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The program's own name for itself in the SSH version line when no banner is set. */
#define CONFIG_BANNER_DEFAULT "Postern_" POSTERN_VERSION

struct config_list {
	char **items; /* terminated strings, owned */
	size_t count;
};

struct config_actions {
	struct config_list execute_on;
	char *command;
	char *http_notification_url;
};

/* Every string is owned and never NULL; "" is the empty value. */
struct config {
	char *sandbox; /* "best-effort" or "require" */
	char *service_user;
	char *control_socket; /* relative to config_dir: see config_path() */
	char *admin_database; /* likewise */

	struct config_audit {
		int max_entries; /* 0: no limit */
		int max_age_days; /* 0: no limit */
	} audit;

	struct config_limits {
		int login_grace_seconds;
		int max_unauthenticated;
		int max_unauthenticated_per_address;
		int max_connections; /* 0: no limit */
		int password_hashes_at_once;
		int programs_at_once;
		int program_seconds;
		int park_after_seconds;
		int penalty_seconds; /* 0: none */
	} limits;

	struct config_bans {
		bool enabled;
		int threshold;
		int observation_minutes;
		int ban_minutes;
		int ban_minutes_max;
		int score_unknown_user;
		int score_bad_credential;
		int score_broken_protocol;
		int score_connection;
		int score_login; /* taken off */
		struct config_list allow_list;
		struct config_list block_list;
		char *state_file; /* relative to config_dir; "": none */
	} bans;

	struct config_sftpd {
		int bind_port;
		char *bind_address; /* "" or an IP address, without brackets */
		int idle_timeout;   /* minutes; 0 or less: none */
		int max_auth_tries; /* 0: six; less than 0: no limit */
		unsigned umask;
		char *banner; /* never blank after a load */
		int upload_mode;
		char *fsync; /* "none" or "on-close" */
		struct config_actions actions;
		/* files, relative to config_dir */
		struct config_list keys; /* private keys */
		struct config_list host_certificates;
		struct config_list trusted_user_ca_keys;
		char *revoked_user_certs_file;
		bool enable_scp;
		struct config_list kex_algorithms;
		struct config_list ciphers;
		struct config_list macs;
		char *algorithm_preset; /* "modern", "compatible" or "legacy" */
		char *login_banner_file;
		int setstat_mode;
		bool strict_rename;
		char *rename_across_folders; /* "refuse" or "copy" */
		struct config_list enabled_ssh_commands;
		char *keyboard_interactive_auth_program;
		int proxy_protocol; /* 0: off, 1: a header may come, 2: it has to */
		struct config_list proxy_allowed; /* empty: all */
		struct config_list allowed_addresses; /* empty: all */
		struct config_list denied_addresses;
	} sftpd;

	struct config_data_provider {
		char *driver;
		char *name;
		char *host;
		int port;
		char *username;
		char *password;
		int sslmode;
		char *connection_string;
		char *users_table;
		int manage_users;
		int track_quota;
		int pool_size;
		char *users_base_dir;
		struct config_actions actions;
		char *external_auth_program;
		int external_auth_scope;
		char *credentials_path;
		char *pre_login_program;
	} data_provider;

	struct config_httpd {
		int bind_port;
		char *bind_address;
		char *templates_path;
		char *static_files_path;
		char *backups_path;
		char *auth_user_file;
		char *certificate_file;
		char *certificate_key_file;
		struct config_list allowed_hosts;
		struct config_list proxy_allowed;
		int max_connections;
		int max_connections_per_address;
		int request_seconds;
		int idle_seconds;
	} httpd;

	char *config_dir; /* absolute */
	char *file;       /* the file that was read; "" when none was found */

	enum config_origin *origins; /* one a setting */
};

/* Where a value came from. */
enum config_origin {
	CONFIG_FROM_DEFAULT,
	CONFIG_FROM_FILE,
	CONFIG_FROM_ENVIRONMENT,
	CONFIG_FROM_FLAG,
};

/* "default", "file", "environment", "flag". */
const char *config_origin_text(enum config_origin origin);

/* What a configuration file can be written in. */
enum config_format {
	CONFIG_JSON,
	CONFIG_TOML,
	CONFIG_YAML,
	CONFIG_PROPERTIES,
	CONFIG_HCL,
	CONFIG_ENV,
	CONFIG_INI,
};

/* "json", ... */
const char *config_format_text(enum config_format format);
/* The extensions in the order of the search; NULL past the end. */
const char *config_format_extension(size_t number);
/* The format of files with this extension ("yml"), or of this file; ERR_NOT_FOUND. */
MUST int config_format_of_extension(const char *extension, enum config_format *out);
MUST int config_format_of_path(const char *path, enum config_format *out);

/* What to load. */
struct config_request {
	const char *config_dir;  /* searched first, and the base of relative paths */
	const char *config_file; /* base name, no extension; NULL is "postern", then "sftpgo" */
	const char *path;        /* this very file, and no search; NULL: search */
	const char *home;        /* $HOME, or NULL */
	const char *const *environment; /* as environ; NULL reads no override */
};

/* The largest file that is read. */
enum { CONFIG_FILE_MAX = 1024 * 1024 };

/* All defaults, nothing searched or overridden; config_dir must exist. ERR_MEMORY, ERR_IO. */
MUST int config_new(struct config **out, const char *config_dir);
/*
 * Searches the file, reads it, applies the environment, checks. A missing file is no mistake:
 * config->file is then "". ERR_INVALID when there were mistakes: `mistakes` then holds one line
 * for each, ended by '\n', and *out holds the values that were good (for `postern check`);
 * ERR_MEMORY and ERR_IO leave *out NULL. Frees with config_free().
 */
MUST int config_load(struct config **out, const struct config_request *request,
	struct buf *mistakes);
/*
 * Appends the settings of the file that is found, or of request->path, in another format; the
 * environment is not asked. Secrets are in it. ERR_INVALID with lines in `mistakes`, ERR_NOT_FOUND
 * when there is no file, ERR_UNSUPPORTED for INI, ERR_IO, ERR_MEMORY; `out` is then of no use.
 */
MUST int config_convert(const struct config_request *request, enum config_format to,
	struct buf *out, struct buf *mistakes);
/*
 * Sets one value from text, as the environment would ("sftpd.bind_port", "2022"). ERR_INVALID
 * adds a line to `mistakes`; ERR_NOT_FOUND for a name that is none.
 */
MUST int config_set(struct config *config, const char *name, const char *text,
	enum config_origin origin, struct buf *mistakes);
/*
 * Checks what one value alone cannot show. config_load() ends with it; after config_set() it is
 * the caller's to call. 0 or ERR_INVALID with lines in `mistakes`.
 */
MUST int config_check(struct config *config, struct buf *mistakes);
/*
 * Whether the programs that it names are there and may be executed by this process. For a server,
 * once it has its final user. 0 or ERR_INVALID with lines in `mistakes`.
 */
MUST int config_check_programs(const struct config *config, struct buf *mistakes);
/*
 * Lines about settings that are set but have no effect in this version, or that weaken others, for
 * the start of the log.
 */
void config_notes(const struct config *config, struct buf *notes);
void config_free(struct config **config);

/* What config_take() did: lines for the log, each ended by '\n', and how many. */
struct config_changes {
	struct buf made, later;
	unsigned made_count, later_count;
};

/*
 * Takes over from newly loaded settings those that can change while the server runs; the others
 * stay as they are. `from` holds what was replaced afterwards, and is the caller's to free: no
 * pointer into a setting that can change may be kept past this. `changes` is the caller's, with
 * its buffers initialised.
 */
void config_take(struct config *config, struct config *from, struct config_changes *changes);

/*
 * An absolute path for a value that is relative to config_dir; "" stays "". Caller frees; NULL
 * when memory is short.
 */
char *config_path(const struct config *config, const char *value);

/* The table, for whoever walks it: numbers from 0 to config_setting_count() - 1. */
size_t config_setting_count(void);
/* "sftpd.bind_port". */
const char *config_setting_name(size_t number);
enum config_origin config_setting_origin(const struct config *config, size_t number);
/* The value as JSON; a secret that is set shows as "(set)". */
void config_setting_value(const struct config *config, size_t number, struct buf *out);
/*
 * All of them: {"file":..., "settings":[{"name","value","from","variable"}, ...]}, without secrets.
 * A new reference; NULL when memory is short.
 */
json_t *config_to_json(const struct config *config);
/* The environment variable that overrides it: "SFTPGO_SFTPD__BIND_PORT". */
void config_setting_variable(size_t number, struct buf *out);

#endif
