#include "config/config_table.h"

#include "config/config_valid.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

static const char *const sandboxes[] = { "best-effort", "require", NULL };
static const char *const across_folders[] = { "refuse", "copy", NULL };
static const char *const presets[] = { "modern", "compatible", "legacy", NULL };
static const char *const fsyncs[] = { "none", "on-close", NULL };
static const char *const drivers[] = { "sqlite", "memory", "postgresql", "mysql", "bolt", NULL };
static const char *const file_actions[] = { "download", "upload", "delete", "rename", "ssh_cmd",
	NULL };
static const char *const user_actions[] = { "add", "update", "delete", NULL };
static const char *const commands[] = { "*", "md5sum", "sha1sum", "sha256sum", "sha384sum",
	"sha512sum", "cd", "pwd", "scp", "git-receive-pack", "git-upload-pack",
	"git-upload-archive", "rsync", NULL };

#define AT(member) .offset = offsetof(struct config, member)
#define RANGE(low, high) .min = (low), .max = (high)
#define ADDRESS .valid = config_valid_address, \
	.expected = "an IP address, or empty for all interfaces"
#define NETWORKS .valid = config_valid_range, \
	.expected = "an IP address or a range in CIDR form"
#define ABSOLUTE .valid = config_valid_absolute, .expected = "an absolute path, or empty"
#define NOT_EMPTY .valid = config_valid_not_empty, .expected = "a text that is not empty"

/* In the order in which they are shown. */
const struct setting settings[] = {
	{ "sandbox", SETTING_TEXT, AT(sandbox), "best-effort", .choices = sandboxes },
	{ "service_user", SETTING_TEXT, AT(service_user), "postern",
	    .valid = config_valid_user, .expected = "the name of a system user" },
	{ "control_socket", SETTING_TEXT, AT(control_socket), "postern.sock", NOT_EMPTY },
	{ "admin_database", SETTING_TEXT, AT(admin_database), "postern-admin.db", NOT_EMPTY },

	{ "audit.max_entries", SETTING_INT, AT(audit.max_entries), "100000", RANGE(0, INT_MAX) },
	{ "audit.max_age_days", SETTING_INT, AT(audit.max_age_days), "365", RANGE(0, 36500) },

	{ "limits.login_grace_seconds", SETTING_INT, AT(limits.login_grace_seconds), "120",
	    SETTING_LIVE, RANGE(1, 3600) },
	{ "limits.max_unauthenticated", SETTING_INT, AT(limits.max_unauthenticated), "500",
	    SETTING_LIVE, RANGE(1, 100000) },
	{ "limits.max_unauthenticated_per_address", SETTING_INT,
	    AT(limits.max_unauthenticated_per_address), "50", SETTING_LIVE, RANGE(1, 100000) },
	{ "limits.max_connections", SETTING_INT, AT(limits.max_connections), "20000", SETTING_LIVE,
	    RANGE(0, 1000000) },
	{ "limits.password_hashes_at_once", SETTING_INT, AT(limits.password_hashes_at_once), "2",
	    SETTING_LIVE, RANGE(1, 64) },
	{ "limits.programs_at_once", SETTING_INT, AT(limits.programs_at_once), "32", SETTING_LIVE,
	    RANGE(1, 1024) },
	{ "limits.program_seconds", SETTING_INT, AT(limits.program_seconds), "60", SETTING_LIVE,
	    RANGE(1, 600) },
	{ "limits.park_after_seconds", SETTING_INT, AT(limits.park_after_seconds), "30",
	    SETTING_LIVE, RANGE(0, 86400) },
	{ "limits.penalty_seconds", SETTING_INT, AT(limits.penalty_seconds), "10", SETTING_LIVE,
	    RANGE(0, 3600) },

	{ "bans.enabled", SETTING_BOOL, AT(bans.enabled), "false", SETTING_LIVE },
	{ "bans.threshold", SETTING_INT, AT(bans.threshold), "1000", SETTING_LIVE,
	    RANGE(1, 100000) },
	{ "bans.observation_minutes", SETTING_INT, AT(bans.observation_minutes), "30",
	    SETTING_LIVE, RANGE(1, 1440) },
	{ "bans.ban_minutes", SETTING_INT, AT(bans.ban_minutes), "30", SETTING_LIVE,
	    RANGE(1, 525600) },
	{ "bans.ban_minutes_max", SETTING_INT, AT(bans.ban_minutes_max), "1440", SETTING_LIVE,
	    RANGE(1, 525600) },
	{ "bans.score_unknown_user", SETTING_INT, AT(bans.score_unknown_user), "150",
	    SETTING_LIVE, RANGE(0, 100000) },
	{ "bans.score_bad_credential", SETTING_INT, AT(bans.score_bad_credential), "80",
	    SETTING_LIVE, RANGE(0, 100000) },
	{ "bans.score_broken_protocol", SETTING_INT, AT(bans.score_broken_protocol), "50",
	    SETTING_LIVE, RANGE(0, 100000) },
	{ "bans.score_connection", SETTING_INT, AT(bans.score_connection), "1", SETTING_LIVE,
	    RANGE(0, 100000) },
	{ "bans.score_login", SETTING_INT, AT(bans.score_login), "2", SETTING_LIVE,
	    RANGE(0, 100000) },
	{ "bans.allow_list", SETTING_LIST, AT(bans.allow_list), "", SETTING_LIVE, NETWORKS },
	{ "bans.block_list", SETTING_LIST, AT(bans.block_list), "", SETTING_LIVE, NETWORKS },
	{ "bans.state_file", SETTING_TEXT, AT(bans.state_file), "bans.json" },

	{ "sftpd.bind_port", SETTING_INT, AT(sftpd.bind_port), "2022", RANGE(0, 65535) },
	{ "sftpd.bind_address", SETTING_TEXT, AT(sftpd.bind_address), "", ADDRESS },
	{ "sftpd.idle_timeout", SETTING_INT, AT(sftpd.idle_timeout), "15", SETTING_LIVE,
	    RANGE(INT_MIN, INT_MAX) },
	{ "sftpd.max_auth_tries", SETTING_INT, AT(sftpd.max_auth_tries), "0", SETTING_LIVE,
	    RANGE(INT_MIN, INT_MAX) },
	{ "sftpd.umask", SETTING_OCTAL, AT(sftpd.umask), "0022", SETTING_LIVE },
	{ "sftpd.banner", SETTING_TEXT, AT(sftpd.banner), CONFIG_BANNER_DEFAULT, SETTING_LIVE,
	    .valid = config_valid_banner,
	    .expected = "at most 200 printable ASCII characters" },
	{ "sftpd.upload_mode", SETTING_INT, AT(sftpd.upload_mode), "0", SETTING_LIVE,
	    RANGE(0, 2) },
	{ "sftpd.fsync", SETTING_TEXT, AT(sftpd.fsync), "none", SETTING_LIVE, .choices = fsyncs },
	{ "sftpd.actions.execute_on", SETTING_LIST, AT(sftpd.actions.execute_on), "",
	    SETTING_LATER, .choices = file_actions },
	{ "sftpd.actions.command", SETTING_TEXT, AT(sftpd.actions.command), "", SETTING_LATER,
	    ABSOLUTE },
	{ "sftpd.actions.http_notification_url", SETTING_TEXT,
	    AT(sftpd.actions.http_notification_url), "", SETTING_LATER },
	{ "sftpd.keys", SETTING_KEYS, AT(sftpd.keys), "", SETTING_LIVE, NOT_EMPTY },
	{ "sftpd.host_certificates", SETTING_LIST, AT(sftpd.host_certificates), "", SETTING_LIVE,
	    NOT_EMPTY },
	{ "sftpd.trusted_user_ca_keys", SETTING_LIST, AT(sftpd.trusted_user_ca_keys), "",
	    SETTING_LIVE, NOT_EMPTY },
	{ "sftpd.revoked_user_certs_file", SETTING_TEXT, AT(sftpd.revoked_user_certs_file), "",
	    SETTING_LIVE },
	{ "sftpd.enable_scp", SETTING_BOOL, AT(sftpd.enable_scp), "false", SETTING_LATER },
	{ "sftpd.kex_algorithms", SETTING_LIST, AT(sftpd.kex_algorithms), "", SETTING_LIVE },
	{ "sftpd.ciphers", SETTING_LIST, AT(sftpd.ciphers), "", SETTING_LIVE },
	{ "sftpd.macs", SETTING_LIST, AT(sftpd.macs), "", SETTING_LIVE },
	{ "sftpd.algorithm_preset", SETTING_TEXT, AT(sftpd.algorithm_preset), "compatible",
	    SETTING_LIVE, .choices = presets },
	{ "sftpd.login_banner_file", SETTING_TEXT, AT(sftpd.login_banner_file), "", SETTING_LIVE },
	{ "sftpd.setstat_mode", SETTING_INT, AT(sftpd.setstat_mode), "0",
	    SETTING_LIVE, RANGE(INT_MIN, INT_MAX) },
	{ "sftpd.strict_rename", SETTING_BOOL, AT(sftpd.strict_rename), "false", SETTING_LIVE },
	{ "sftpd.rename_across_folders", SETTING_TEXT, AT(sftpd.rename_across_folders), "refuse",
	    SETTING_LIVE, .choices = across_folders },
	{ "sftpd.enabled_ssh_commands", SETTING_LIST, AT(sftpd.enabled_ssh_commands),
	    "md5sum,sha1sum,cd,pwd", SETTING_LATER, .choices = commands },
	{ "sftpd.keyboard_interactive_auth_program", SETTING_TEXT,
	    AT(sftpd.keyboard_interactive_auth_program), "", SETTING_LIVE, ABSOLUTE },
	{ "sftpd.proxy_protocol", SETTING_INT, AT(sftpd.proxy_protocol), "0", SETTING_LIVE,
	    RANGE(0, 2) },
	{ "sftpd.proxy_allowed", SETTING_LIST, AT(sftpd.proxy_allowed), "", SETTING_LIVE,
	    NETWORKS },
	{ "sftpd.allowed_addresses", SETTING_LIST, AT(sftpd.allowed_addresses), "", SETTING_LIVE,
	    NETWORKS },
	{ "sftpd.denied_addresses", SETTING_LIST, AT(sftpd.denied_addresses), "", SETTING_LIVE,
	    NETWORKS },

	{ "data_provider.driver", SETTING_TEXT, AT(data_provider.driver), "sqlite",
	    .choices = drivers },
	{ "data_provider.name", SETTING_TEXT, AT(data_provider.name), "sftpgo.db" },
	{ "data_provider.host", SETTING_TEXT, AT(data_provider.host), "", SETTING_LIVE },
	{ "data_provider.port", SETTING_INT, AT(data_provider.port), "5432", SETTING_LIVE,
	    RANGE(0, 65535) },
	{ "data_provider.username", SETTING_TEXT, AT(data_provider.username), "", SETTING_LIVE },
	{ "data_provider.password", SETTING_TEXT, AT(data_provider.password), "",
	    SETTING_SECRET | SETTING_LIVE },
	{ "data_provider.sslmode", SETTING_INT, AT(data_provider.sslmode), "0", SETTING_LIVE,
	    RANGE(0, 3) },
	{ "data_provider.connection_string", SETTING_TEXT, AT(data_provider.connection_string), "",
	    SETTING_SECRET | SETTING_LIVE },
	{ "data_provider.users_table", SETTING_TEXT, AT(data_provider.users_table), "users",
	    .valid = config_valid_table,
	    .expected = "a table name of letters, digits, '_' and '.'" },
	{ "data_provider.manage_users", SETTING_INT, AT(data_provider.manage_users), "1",
	    RANGE(INT_MIN, INT_MAX) },
	{ "data_provider.track_quota", SETTING_INT, AT(data_provider.track_quota), "1",
	    RANGE(0, 2) },
	{ "data_provider.pool_size", SETTING_INT, AT(data_provider.pool_size), "0", SETTING_LIVE,
	    RANGE(0, 10000) },
	{ "data_provider.users_base_dir", SETTING_TEXT, AT(data_provider.users_base_dir), "",
	    ABSOLUTE },
	{ "data_provider.actions.execute_on", SETTING_LIST, AT(data_provider.actions.execute_on),
	    "", SETTING_LATER, .choices = user_actions },
	{ "data_provider.actions.command", SETTING_TEXT, AT(data_provider.actions.command), "",
	    SETTING_LATER, ABSOLUTE },
	{ "data_provider.actions.http_notification_url", SETTING_TEXT,
	    AT(data_provider.actions.http_notification_url), "", SETTING_LATER },
	{ "data_provider.external_auth_program", SETTING_TEXT,
	    AT(data_provider.external_auth_program), "", SETTING_LIVE, ABSOLUTE },
	{ "data_provider.external_auth_scope", SETTING_INT, AT(data_provider.external_auth_scope),
	    "0", SETTING_LIVE, RANGE(0, 7) },
	{ "data_provider.credentials_path", SETTING_TEXT, AT(data_provider.credentials_path),
	    "credentials", NOT_EMPTY },
	{ "data_provider.pre_login_program", SETTING_TEXT, AT(data_provider.pre_login_program), "",
	    SETTING_LIVE, ABSOLUTE },

	{ "httpd.bind_port", SETTING_INT, AT(httpd.bind_port), "8080", RANGE(INT_MIN, 65535) },
	{ "httpd.bind_address", SETTING_TEXT, AT(httpd.bind_address), "127.0.0.1", ADDRESS },
	{ "httpd.templates_path", SETTING_TEXT, AT(httpd.templates_path), "templates",
	    SETTING_LATER },
	{ "httpd.static_files_path", SETTING_TEXT, AT(httpd.static_files_path), "static",
	    SETTING_LATER },
	{ "httpd.backups_path", SETTING_TEXT, AT(httpd.backups_path), "backups", NOT_EMPTY },
	{ "httpd.auth_user_file", SETTING_TEXT, AT(httpd.auth_user_file), "" },
	{ "httpd.certificate_file", SETTING_TEXT, AT(httpd.certificate_file), "" },
	{ "httpd.certificate_key_file", SETTING_TEXT, AT(httpd.certificate_key_file), "" },
	{ "httpd.allowed_hosts", SETTING_LIST, AT(httpd.allowed_hosts), "", NOT_EMPTY },
	{ "httpd.proxy_allowed", SETTING_LIST, AT(httpd.proxy_allowed), "",
	    .valid = config_valid_range, .expected = "an IP address or a range in CIDR form" },
	{ "httpd.max_connections", SETTING_INT, AT(httpd.max_connections), "1000",
	    RANGE(1, 100000) },
	{ "httpd.max_connections_per_address", SETTING_INT,
	    AT(httpd.max_connections_per_address), "300", RANGE(1, 100000) },
	{ "httpd.request_seconds", SETTING_INT, AT(httpd.request_seconds), "60", RANGE(1, 3600) },
	{ "httpd.idle_seconds", SETTING_INT, AT(httpd.idle_seconds), "120", RANGE(1, 3600) },
};

/* The objects that settings stand in. */
static const char *const groups[] = { "audit", "limits", "bans", "sftpd", "sftpd.actions",
	"data_provider", "data_provider.actions", "httpd" };

const size_t setting_count = sizeof(settings) / sizeof(settings[0]);

const struct setting *
setting_find(const char *name)
{
	for (size_t i = 0; i < setting_count; i++) {
		if (strcasecmp(settings[i].name, name) == 0)
			return &settings[i];
	}
	return NULL;
}

bool
setting_is_group(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (strcasecmp(groups[i], name) == 0)
			return true;
	}
	return false;
}

size_t
setting_number(const struct setting *setting)
{
	return (size_t)(setting - settings);
}

enum { NAME_MAX_COMPARED = 64 };

/* Levenshtein's distance; names longer than the row count as far apart. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_COMPARED + 1], a_length = strlen(a), b_length = strlen(b);

	if (a_length > NAME_MAX_COMPARED || b_length > NAME_MAX_COMPARED)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_length];
}

const char *
setting_suggest(const char *name)
{
	const char *best = NULL;
	size_t best_distance = 4; /* further than this is a guess, not a slip */
	const char *last = strrchr(name, '.') != NULL ? strrchr(name, '.') + 1 : name;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		size_t d = distance(name, groups[i]);

		if (d < best_distance) {
			best_distance = d;
			best = groups[i];
		}
	}
	for (size_t i = 0; i < setting_count; i++) {
		const char *candidate = settings[i].name;
		const char *candidate_last = strrchr(candidate, '.');
		size_t d = distance(name, candidate);

		if (d < best_distance) {
			best_distance = d;
			best = candidate;
		}
		/* The right name in the wrong section. */
		if (candidate_last != NULL && strcasecmp(candidate_last + 1, last) == 0 &&
		    best == NULL)
			best = candidate;
	}
	return best;
}
