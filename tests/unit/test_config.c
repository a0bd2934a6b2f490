/* The settings: defaults, file, environment, and every kind of mistake. */
#include "base/fd.h"
#include "config/config.h"
#include "config/config_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT_MAX = 256 * 1024 };

/* Every setting: its default, another value as JSON and as text, and how that is shown. */
struct sample {
	const char *name;
	const char *preset;
	const char *json;
	const char *text;
	const char *shown;
};

static const struct sample samples[] = {
	{ "sandbox", "\"best-effort\"", "\"require\"", "require", "\"require\"" },
	{ "service_user", "\"postern\"", "\"ftp_1\"", "ftp_1", "\"ftp_1\"" },
	{ "control_socket", "\"postern.sock\"", "\"/run/p.sock\"", "/run/p.sock",
	    "\"/run/p.sock\"" },
	{ "admin_database", "\"postern-admin.db\"", "\"/var/a.db\"", "/var/a.db",
	    "\"/var/a.db\"" },
	{ "audit.max_entries", "100000", "0", "0", "0" },
	{ "audit.max_age_days", "365", "36500", "36500", "36500" },
	{ "limits.login_grace_seconds", "120", "3600", "3600", "3600" },
	{ "limits.max_unauthenticated", "500", "1", "1", "1" },
	{ "limits.max_unauthenticated_per_address", "50", "7", "7", "7" },
	{ "limits.max_connections", "20000", "0", "0", "0" },
	{ "limits.password_hashes_at_once", "2", "64", "64", "64" },
	{ "limits.programs_at_once", "32", "1024", "1024", "1024" },
	{ "limits.program_seconds", "60", "600", "600", "600" },
	{ "limits.park_after_seconds", "30", "86400", "86400", "86400" },
	{ "limits.penalty_seconds", "10", "0", "0", "0" },
	{ "bans.enabled", "false", "true", "1", "true" },
	{ "bans.threshold", "1000", "100000", "100000", "100000" },
	{ "bans.observation_minutes", "30", "1440", "1440", "1440" },
	{ "bans.ban_minutes", "30", "1", "1", "1" },
	{ "bans.ban_minutes_max", "1440", "525600", "525600", "525600" },
	{ "bans.score_unknown_user", "150", "0", "0", "0" },
	{ "bans.score_bad_credential", "80", "81", "81", "81" },
	{ "bans.score_broken_protocol", "50", "0", "0", "0" },
	{ "bans.score_connection", "1", "0", "0", "0" },
	{ "bans.score_login", "2", "5", "5", "5" },
	{ "bans.allow_list", "[]", "[\"192.0.2.0/24\"]", "192.0.2.0/24", "[\"192.0.2.0/24\"]" },
	{ "bans.block_list", "[]", "[\"2001:db8::1\"]", "2001:db8::1", "[\"2001:db8::1\"]" },
	{ "bans.state_file", "\"bans.json\"", "\"/var/b\"", "/var/b", "\"/var/b\"" },
	{ "sftpd.bind_port", "2022", "65535", "65535", "65535" },
	{ "sftpd.bind_address", "\"\"", "\"192.0.2.1\"", "192.0.2.1", "\"192.0.2.1\"" },
	{ "sftpd.idle_timeout", "15", "-1", "-1", "-1" },
	{ "sftpd.max_auth_tries", "0", "12", "12", "12" },
	{ "sftpd.umask", "\"0022\"", "\"0377\"", "0377", "\"0377\"" },
	{ "sftpd.banner", "\"Postern_" POSTERN_VERSION "\"", "\"SFTP\"", "SFTP", "\"SFTP\"" },
	{ "sftpd.upload_mode", "0", "2", "2", "2" },
	{ "sftpd.fsync", "\"none\"", "\"on-close\"", "on-close", "\"on-close\"" },
	{ "sftpd.actions.execute_on", "[]", "[\"download\",\"ssh_cmd\"]", "download,ssh_cmd",
	    "[\"download\", \"ssh_cmd\"]" },
	{ "sftpd.actions.command", "\"\"", "\"/bin/x\"", "/bin/x", "\"/bin/x\"" },
	{ "sftpd.actions.http_notification_url", "\"\"", "\"http://x/\"", "http://x/",
	    "\"http://x/\"" },
	{ "sftpd.keys", "[]", "[{\"private_key\":\"id_a\"},{\"PRIVATE_KEY\":\"/b\"}]", "id_a,/b",
	    "[\"id_a\", \"/b\"]" },
	{ "sftpd.host_certificates", "[]", "[\"a-cert.pub\",\"/b\"]", "a-cert.pub,/b",
	    "[\"a-cert.pub\", \"/b\"]" },
	{ "sftpd.trusted_user_ca_keys", "[]", "[\"ca.pub\",\"/b\"]", "ca.pub,/b",
	    "[\"ca.pub\", \"/b\"]" },
	{ "sftpd.revoked_user_certs_file", "\"\"", "\"r\"", "r", "\"r\"" },
	{ "sftpd.enable_scp", "false", "true", "1", "true" },
	{ "sftpd.kex_algorithms", "[]", "[\"curve25519-sha256\"]", "curve25519-sha256",
	    "[\"curve25519-sha256\"]" },
	{ "sftpd.ciphers", "[]", "[\"aes256-ctr\"]", "aes256-ctr", "[\"aes256-ctr\"]" },
	{ "sftpd.macs", "[]", "[\"hmac-sha2-512\"]", "hmac-sha2-512", "[\"hmac-sha2-512\"]" },
	{ "sftpd.algorithm_preset", "\"compatible\"", "\"modern\"", "modern", "\"modern\"" },
	{ "sftpd.login_banner_file", "\"\"", "\"b.txt\"", "b.txt", "\"b.txt\"" },
	{ "sftpd.setstat_mode", "0", "1", "1", "1" },
	{ "sftpd.strict_rename", "false", "true", "1", "true" },
	{ "sftpd.rename_across_folders", "\"refuse\"", "\"copy\"", "copy", "\"copy\"" },
	{ "sftpd.enabled_ssh_commands", "[\"md5sum\", \"sha1sum\", \"cd\", \"pwd\"]",
	    "[\"scp\"]", "scp", "[\"scp\"]" },
	{ "sftpd.keyboard_interactive_auth_program", "\"\"", "\"/bin/k\"", "/bin/k", "\"/bin/k\"" },
	{ "sftpd.proxy_protocol", "0", "2", "2", "2" },
	{ "sftpd.proxy_allowed", "[]", "[\"192.0.2.0/24\",\"::1\"]", "192.0.2.0/24,::1",
	    "[\"192.0.2.0/24\", \"::1\"]" },
	{ "sftpd.allowed_addresses", "[]", "[\"2001:db8::/32\"]", "2001:db8::/32",
	    "[\"2001:db8::/32\"]" },
	{ "sftpd.denied_addresses", "[]", "[\"198.51.100.9\",\"192.0.2.0/24\"]",
	    "198.51.100.9,192.0.2.0/24", "[\"198.51.100.9\", \"192.0.2.0/24\"]" },
	{ "data_provider.driver", "\"sqlite\"", "\"memory\"", "memory", "\"memory\"" },
	{ "data_provider.name", "\"sftpgo.db\"", "\"x.db\"", "x.db", "\"x.db\"" },
	{ "data_provider.host", "\"\"", "\"db\"", "db", "\"db\"" },
	{ "data_provider.port", "5432", "3306", "3306", "3306" },
	{ "data_provider.username", "\"\"", "\"u\"", "u", "\"u\"" },
	{ "data_provider.password", "\"\"", "\"p\"", "p", "\"(set)\"" },
	{ "data_provider.sslmode", "0", "3", "3", "3" },
	{ "data_provider.connection_string", "\"\"", "\"a=b\"", "a=b", "\"(set)\"" },
	{ "data_provider.users_table", "\"users\"", "\"a.u_1\"", "a.u_1", "\"a.u_1\"" },
	{ "data_provider.manage_users", "1", "0", "0", "0" },
	{ "data_provider.track_quota", "1", "2", "2", "2" },
	{ "data_provider.pool_size", "0", "10", "10", "10" },
	{ "data_provider.users_base_dir", "\"\"", "\"/srv\"", "/srv", "\"/srv\"" },
	{ "data_provider.actions.execute_on", "[]", "[\"add\"]", "add", "[\"add\"]" },
	{ "data_provider.actions.command", "\"\"", "\"/bin/x\"", "/bin/x", "\"/bin/x\"" },
	{ "data_provider.actions.http_notification_url", "\"\"", "\"http://x/\"", "http://x/",
	    "\"http://x/\"" },
	{ "data_provider.external_auth_program", "\"\"", "\"/bin/e\"", "/bin/e", "\"/bin/e\"" },
	{ "data_provider.external_auth_scope", "0", "7", "7", "7" },
	{ "data_provider.credentials_path", "\"credentials\"", "\"c\"", "c", "\"c\"" },
	{ "data_provider.pre_login_program", "\"\"", "\"/bin/p\"", "/bin/p", "\"/bin/p\"" },
	{ "httpd.bind_port", "8080", "-5", "-5", "-5" },
	{ "httpd.bind_address", "\"127.0.0.1\"", "\"\"", "", "\"\"" },
	{ "httpd.templates_path", "\"templates\"", "\"t\"", "t", "\"t\"" },
	{ "httpd.static_files_path", "\"static\"", "\"s\"", "s", "\"s\"" },
	{ "httpd.backups_path", "\"backups\"", "\"b\"", "b", "\"b\"" },
	{ "httpd.auth_user_file", "\"\"", "\"a\"", "a", "\"a\"" },
	{ "httpd.certificate_file", "\"\"", "\"c.pem\"", "c.pem", "\"c.pem\"" },
	{ "httpd.certificate_key_file", "\"\"", "\"k.pem\"", "k.pem", "\"k.pem\"" },
	{ "httpd.allowed_hosts", "[]", "[\"files.example\"]", "files.example",
	    "[\"files.example\"]" },
	{ "httpd.proxy_allowed", "[]", "[\"192.0.2.1\"]", "192.0.2.1", "[\"192.0.2.1\"]" },
	{ "httpd.max_connections", "1000", "2", "2", "2" },
	{ "httpd.max_connections_per_address", "300", "1", "1", "1" },
	{ "httpd.request_seconds", "60", "1", "1", "1" },
	{ "httpd.idle_seconds", "120", "1", "1", "1" },
};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

/* ---- a directory to search in */

static char directory[] = "/tmp/postern-test-config-XXXXXX";

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL || chdir(directory) != 0)
		return -1;
	return mkdir("config", 0700) | mkdir("home", 0700) | mkdir("home/.config", 0700) |
	    mkdir("home/.config/sftpgo", 0700) | mkdir("home/.config/postern", 0700);
}

static int
tear_down(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

static void
write_text(const char *path, const char *text)
{
	assert_int_equal(fd_write_file(path, 0600, view_of(text)), 0);
}

static int
load(const char *const *environment, const char *file, struct config **out, struct buf *mistakes)
{
	struct config_request request = { .config_dir = "config", .config_file = file,
		.home = "home", .environment = environment };

	*mistakes = buf_init(TEXT_MAX);
	return config_load(out, &request, mistakes);
}

/* The settings from one text in config/sftpgo.json, which must be good. */
static struct config *
load_good(const char *json, const char *const *environment)
{
	struct config *config;
	struct buf mistakes;

	if (json != NULL)
		write_text("config/sftpgo.json", json);
	if (load(environment, NULL, &config, &mistakes) != 0)
		fail_msg("%.*s", (int)mistakes.n, mistakes.p);
	assert_int_equal(mistakes.n, 0);
	buf_free(&mistakes);
	unlink("config/sftpgo.json");
	return config;
}

static void
expect_mistake(const char *json, const char *const *environment, const char *wanted)
{
	struct config *config;
	struct buf mistakes;

	if (json != NULL)
		write_text("config/sftpgo.json", json);
	assert_int_equal(load(environment, NULL, &config, &mistakes), ERR_INVALID);
	assert_non_null(config);
	buf_u8(&mistakes, 0);
	if (strstr((char *)mistakes.p, wanted) == NULL)
		fail_msg("\"%s\" is not in: %s", wanted, mistakes.p);
	assert_int_equal(mistakes.p[mistakes.n - 2], '\n');
	buf_free(&mistakes);
	config_free(&config);
	unlink("config/sftpgo.json");
}

static size_t
number_of(const char *name)
{
	for (size_t i = 0; i < config_setting_count(); i++) {
		if (strcmp(config_setting_name(i), name) == 0)
			return i;
	}
	fail_msg("%s is no setting", name);
	return 0;
}

static void
expect_setting(const struct config *config, const char *name, const char *shown,
	enum config_origin origin)
{
	struct buf value = buf_init(TEXT_MAX);

	config_setting_value(config, number_of(name), &value);
	buf_u8(&value, 0);
	if (strcmp((char *)value.p, shown) != 0)
		fail_msg("%s is %s, not %s", name, value.p, shown);
	assert_int_equal(config_setting_origin(config, number_of(name)), origin);
	buf_free(&value);
}

/* {"a":{"b":VALUE}} for "a.b". */
static void
nest(const char *name, const char *value, char *out, size_t size)
{
	char copy[100], *rest = copy, *part;
	size_t n = 0, depth = 0;

	snprintf(copy, sizeof(copy), "%s", name);
	while ((part = strsep(&rest, ".")) != NULL) {
		n += (size_t)snprintf(out + n, size - n, "{\"%s\":", part);
		depth++;
	}
	n += (size_t)snprintf(out + n, size - n, "%s", value);
	while (depth-- > 0)
		n += (size_t)snprintf(out + n, size - n, "}");
}

/* ---- values */

static void
test_samples_are_all(void **state)
{
	(void)state;
	assert_int_equal(config_setting_count(), SAMPLES);
	for (size_t i = 0; i < SAMPLES; i++)
		number_of(samples[i].name);
}

static void
test_defaults(void **state)
{
	struct config *config = load_good(NULL, NULL);

	(void)state;
	assert_string_equal(config->file, "");
	for (size_t i = 0; i < SAMPLES; i++)
		expect_setting(config, samples[i].name, samples[i].preset, CONFIG_FROM_DEFAULT);
	assert_int_equal(config->sftpd.umask, 022);
	config_free(&config);
}

static void
test_each_from_file(void **state)
{
	char json[400];

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct config *config;

		nest(samples[i].name, samples[i].json, json, sizeof(json));
		config = load_good(json, NULL);
		expect_setting(config, samples[i].name, samples[i].shown, CONFIG_FROM_FILE);
		assert_non_null(strstr(config->file, "/config/sftpgo.json"));
		config_free(&config);
	}
}

static void
test_each_from_environment(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct buf entry = buf_init(400);
		const char *environment[] = { "PATH=/bin", NULL, "SFTPGO_CONFIG_DIR=x", NULL };
		struct config *config;

		config_setting_variable(number_of(samples[i].name), &entry);
		buf_printf(&entry, "=%s", samples[i].text);
		buf_u8(&entry, 0);
		environment[1] = (char *)entry.p;
		/* The key need not be in the file, nor need there be a file. */
		config = load_good(NULL, environment);
		expect_setting(config, samples[i].name, samples[i].shown, CONFIG_FROM_ENVIRONMENT);
		config_free(&config);
		/* And it wins over the file. */
		config = load_good("{\"sftpd\":{\"bind_port\":1}}", environment);
		expect_setting(config, samples[i].name, samples[i].shown, CONFIG_FROM_ENVIRONMENT);
		config_free(&config);
		buf_free(&entry);
	}
}

static void
test_names_of_variables(void **state)
{
	struct buf name = buf_init(100);

	(void)state;
	config_setting_variable(number_of("sftpd.actions.execute_on"), &name);
	assert_true(view_is(buf_view(&name), "SFTPGO_SFTPD__ACTIONS__EXECUTE_ON"));
	buf_free(&name);
	config_setting_variable(number_of("sandbox"), &name);
	assert_true(view_is(buf_view(&name), "SFTPGO_SANDBOX"));
	buf_free(&name);
}

static void
test_keys_in_any_case(void **state)
{
	struct config *config = load_good("{\"SFTPD\":{\"Bind_Port\":5,\"ACTIONS\":{\"Command\":"
					  "\"/c\"}}}", NULL);

	(void)state;
	assert_int_equal(config->sftpd.bind_port, 5);
	assert_string_equal(config->sftpd.actions.command, "/c");
	config_free(&config);
}

static void
test_weak_types(void **state)
{
	struct config *config = load_good("{\"sftpd\":{\"bind_port\":\"0x10\",\"umask\":27,"
					  "\"enable_scp\":1,\"banner\":7,"
					  "\"enabled_ssh_commands\":\"cd,pwd\"}}", NULL);

	(void)state;
	expect_setting(config, "sftpd.bind_port", "16", CONFIG_FROM_FILE);
	expect_setting(config, "sftpd.umask", "\"0027\"", CONFIG_FROM_FILE);
	expect_setting(config, "sftpd.enable_scp", "true", CONFIG_FROM_FILE);
	expect_setting(config, "sftpd.banner", "\"7\"", CONFIG_FROM_FILE);
	expect_setting(config, "sftpd.enabled_ssh_commands", "[\"cd\", \"pwd\"]", CONFIG_FROM_FILE);
	config_free(&config);
}

/* A list replaces the default: nothing of a longer default survives behind it. */
static void
test_short_lists(void **state)
{
	const char *empty[] = { "SFTPGO_SFTPD__ENABLED_SSH_COMMANDS=", NULL };
	struct config *config = load_good("{\"sftpd\":{\"enabled_ssh_commands\":[]}}", NULL);

	(void)state;
	assert_int_equal(config->sftpd.enabled_ssh_commands.count, 0);
	config_free(&config);
	config = load_good(NULL, empty);
	assert_int_equal(config->sftpd.enabled_ssh_commands.count, 0);
	config_free(&config);
}

/* What is shown is JSON, whatever a variable holds, and has no bytes that move a terminal. */
static void
test_shown_texts(void **state)
{
	static const struct {
		const char *value, *shown;
	} cases[] = {
		{ "a \"b\" \\ \t\n", "\"a \\\"b\\\" \\\\ \\t\\n\"" },
		{ "\xff\xc3(\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\"" },
		{ "\x1b\xc2\x9b\xc3\xa9", "\"\\u001b\\u009b\xc3\xa9\"" },
		{ "${x}", "\"${x}\"" },
	};
	char entry[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *environment[] = { entry, NULL };
		struct config *config;

		snprintf(entry, sizeof(entry), "SFTPGO_DATA_PROVIDER__USERNAME=%s", cases[i].value);
		config = load_good(NULL, environment);
		expect_setting(config, "data_provider.username", cases[i].shown,
		    CONFIG_FROM_ENVIRONMENT);
		config_free(&config);
	}
}

static void
test_empty_variables(void **state)
{
	const char *environment[] = { "SFTPGO_DATA_PROVIDER__CREDENTIALS_PATH=x",
		"SFTPGO_SFTPD__ENABLE_SCP=", "SFTPGO_HTTPD__TEMPLATES_PATH=", NULL };
	struct config *config = load_good("{\"sftpd\":{\"enable_scp\":true}}", environment);

	(void)state;
	assert_false(config->sftpd.enable_scp);
	assert_string_equal(config->httpd.templates_path, "");
	config_free(&config);
	environment[0] = "SFTPGO_SFTPD__BIND_PORT=";
	environment[1] = NULL;
	expect_mistake(NULL, environment, "SFTPGO_SFTPD__BIND_PORT: sftpd.bind_port: \"\" is not");
}

static void
test_keys_as_json_in_a_variable(void **state)
{
	const char *environment[] = { "SFTPGO_SFTPD__KEYS=[{\"private_key\":\"a,b\"}]", NULL };
	struct config *config = load_good(NULL, environment);

	(void)state;
	assert_int_equal(config->sftpd.keys.count, 1);
	assert_string_equal(config->sftpd.keys.items[0], "a,b");
	config_free(&config);
	environment[0] = "SFTPGO_SFTPD__KEYS=[{\"private_key\":1}]";
	expect_mistake(NULL, environment, "sftpd.keys: an item is not an object");
	environment[0] = "SFTPGO_SFTPD__KEYS=[broken";
	expect_mistake(NULL, environment, "sftpd.keys: the value begins as a JSON list");
}

static void
test_addresses(void **state)
{
	struct config *config = load_good("{\"sftpd\":{\"bind_address\":\"[2001:db8::1]\"}}", NULL);

	(void)state;
	assert_string_equal(config->sftpd.bind_address, "2001:db8::1");
	config_free(&config);
	config = load_good("{\"sftpd\":{\"bind_address\":\"::\"}}", NULL);
	assert_string_equal(config->sftpd.bind_address, "::");
	config_free(&config);
}

static void
test_blank_banner(void **state)
{
	struct config *config = load_good("{\"sftpd\":{\"banner\":\"  \"}}", NULL);

	(void)state;
	assert_string_equal(config->sftpd.banner, CONFIG_BANNER_DEFAULT);
	config_free(&config);
}

/* ---- limits, at n and one beyond */

static void
test_ranges(void **state)
{
	static const struct {
		const char *name, *least, *below, *most, *above;
	} ranges[] = {
		{ "limits.login_grace_seconds", "1", "0", "3600", "3601" },
		{ "limits.max_unauthenticated", "1", "0", "100000", "100001" },
		{ "limits.max_connections", "0", "-1", "1000000", "1000001" },
		{ "limits.password_hashes_at_once", "1", "0", "64", "65" },
		{ "limits.programs_at_once", "1", "0", "1024", "1025" },
		{ "limits.program_seconds", "1", "0", "600", "601" },
		{ "limits.park_after_seconds", "0", "-1", "86400", "86401" },
		{ "limits.penalty_seconds", "0", "-1", "3600", "3601" },
		{ "sftpd.bind_port", "0", "-1", "65535", "65536" },
		{ "sftpd.upload_mode", "0", "-1", "2", "3" },
		{ "sftpd.idle_timeout", "-2147483648", "-2147483649", "2147483647", "2147483648" },
		{ "sftpd.umask", "\"0\"", "\"-1\"", "\"0377\"", "\"0400\"" },
		{ "data_provider.sslmode", "0", "-1", "3", "4" },
		{ "data_provider.track_quota", "0", "-1", "2", "3" },
		{ "data_provider.external_auth_scope", "0", "-1", "7", "8" },
	};
	char json[200];

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const char *good[] = { ranges[i].least, ranges[i].most };
		const char *bad[] = { ranges[i].below, ranges[i].above };

		for (size_t j = 0; j < 2; j++) {
			struct config *config;

			nest(ranges[i].name, good[j], json, sizeof(json));
			config = load_good(json, NULL);
			config_free(&config);
			nest(ranges[i].name, bad[j], json, sizeof(json));
			expect_mistake(json, NULL, ranges[i].name);
		}
	}
}

static void
test_banner_length(void **state)
{
	char json[300], banner[202];
	struct config *config;

	(void)state;
	memset(banner, 'x', sizeof(banner));
	snprintf(json, sizeof(json), "{\"sftpd\":{\"banner\":\"%.200s\"}}", banner);
	config = load_good(json, NULL);
	config_free(&config);
	snprintf(json, sizeof(json), "{\"sftpd\":{\"banner\":\"%.201s\"}}", banner);
	expect_mistake(json, NULL, "sftpd.banner");
}

/* ---- mistakes */

static void
test_mistakes_in_a_file(void **state)
{
	static const struct {
		const char *json, *wanted;
	} cases[] = {
		{ "", "config/sftpgo.json:1: this is not JSON" },
		{ "{\n\"sftpd\": {,}}", "config/sftpgo.json:2: this is not JSON" },
		{ "{\"sandbox\":\"require\",\"sandbox\":\"require\"}",
		    "this is not JSON: duplicate" },
		{ "[]", "the file must hold one object" },
		{ "{\n\n\"sftpdd\":{}}", ":3: sftpdd: unknown key; did you mean" },
		{ "{\"x\":1}", "sftpgo.json:1: x: unknown key; remove it" },
		{ "{\"sftpd\":{\n\"bind_prot\":1}}",
		    ":2: sftpd.bind_prot: unknown key; did you mean sftpd.bind_port?" },
		{ "{\"httpd\":{\"umask\":\"0\"}}",
		    "httpd.umask: unknown key; did you mean sftpd.umask?" },
		{ "{\"sftpd\":7}", "sftpd: this is a section" },
		{ "{\"sftpd\":{\"actions\":[]}}", "sftpd.actions: this is a section" },
		{ "{\"sandbox\":\"require\",\"SANDBOX\":\"require\"}", "sandbox: given twice" },
		{ "{\"sftpd\":{\"bind_port\":{}}}",
		    "sftpd.bind_port: an object is not a whole number from 0 to 65535" },
		{ "{\"sftpd\":{\"bind_port\":1.5}}", "sftpd.bind_port: 1.5 is not" },
		{ "{\"sftpd\":{\"bind_port\":null}}", "sftpd.bind_port: null is not" },
		{ "{\"sftpd\":{\"bind_port\":true}}", "sftpd.bind_port: true is not" },
		{ "{\"sftpd\":{\"bind_port\":\" 1\"}}", "\" 1\" is not a whole number" },
		{ "{\"sftpd\":{\"bind_port\":\"1x\"}}", "\"1x\" is not a whole number" },
		{ "{\"httpd\":{\"bind_port\":65536}}", "is not a whole number up to 65535" },
		{ "{\"sftpd\":{\"enable_scp\":\"maybe\"}}", "\"maybe\" is not true or false" },
		{ "{\"sftpd\":{\"umask\":\"0o22\"}}",
		    "sftpd.umask: \"0o22\" is not an octal number" },
		{ "{\"sftpd\":{\"umask\":\"8\"}}", "\"8\" is not an octal number" },
		{ "{\"sftpd\":{\"banner\":[]}}", "sftpd.banner: a list is not at most 200" },
		{ "{\"sftpd\":{\"banner\":\"a\\nb\"}}", "\"a\\nb\" is not at most 200" },
		{ "{\"sftpd\":{\"banner\":\"a\\u0000b\"}}", "not JSON" },
		{ "{\"sftpd\":{\"macs\":[1]}}",
		    "sftpd.macs: 1 is not a list of texts" },
		{ "{\"sftpd\":{\"macs\":7}}", "sftpd.macs: 7 is not" },
		{ "{\"sftpd\":{\"keys\":[\"id_rsa\"]}}", "sftpd.keys: an item is not an object" },
		{ "{\"sftpd\":{\"keys\":[{}]}}", "sftpd.keys: an item is not an object" },
		{ "{\"sftpd\":{\"keys\":[{\"private_key\":\"\"}]}}", "sftpd.keys: \"\" is not" },
		{ "{\"sftpd\":{\"keys\":[{\"private_key\":\"a\",\"x\":1}]}}", "an item is not" },
		{ "{\"sftpd\":{\"keys\":\"id_rsa\"}}",
		    "sftpd.keys: a text is not a list of objects" },
		{ "{\"sftpd\":{\"enabled_ssh_commands\":[\"rm\"]}}",
		    "\"rm\" is not one of *, md5sum" },
		{ "{\"sftpd\":{\"enabled_ssh_commands\":\"cd, pwd\"}}", "\" pwd\" is not one of" },
		{ "{\"sftpd\":{\"actions\":{\"command\":\"x\"}}}",
		    "\"x\" is not an absolute path" },
		{ "{\"sftpd\":{\"algorithm_preset\":\"best\"}}",
		    "is not one of modern, compatible" },
		{ "{\"sftpd\":{\"bind_address\":\"localhost\"}}", "is not an IP address" },
		{ "{\"sftpd\":{\"bind_address\":\"[::1\"}}", "is not an IP address" },
		{ "{\"sftpd\":{\"bind_address\":\"[127.0.0.1]\"}}", "is not an IP address" },
		{ "{\"bans\":{\"ban_minutes\":1441}}", "bans.ban_minutes: 1441 is more than bans."
							"ban_minutes_max (1440)" },
		{ "{\"bans\":{\"threshold\":0}}", "is not a whole number from 1 to 100000" },
		{ "{\"bans\":{\"threshold\":100001}}", "is not a whole number from 1 to 100000" },
		{ "{\"bans\":{\"observation_minutes\":1441}}", "from 1 to 1440" },
		{ "{\"bans\":{\"block_list\":[\"x\"]}}", "is not an IP address or a range" },
		{ "{\"sftpd\":{\"proxy_protocol\":-1}}",
		    "sftpd.proxy_protocol: \"-1\" is not a whole number from 0 to 2" },
		{ "{\"sftpd\":{\"proxy_protocol\":3}}",
		    "sftpd.proxy_protocol: \"3\" is not a whole number from 0 to 2" },
		{ "{\"sftpd\":{\"proxy_allowed\":[\"x\"]}}",
		    "\"x\" is not an IP address or a range" },
		{ "{\"sftpd\":{\"kex_algorithms\":[\"curve25519-sha256\",\"nope\"]}}",
		    "sftpd.kex_algorithms: \"nope\" is not an algorithm of this server; known" },
		{ "{\"sftpd\":{\"ciphers\":[\"3des-cbc\"]}}", "sftpd.ciphers: \"3des-cbc\"" },
		{ "{\"sftpd\":{\"macs\":[\"\"]}}", "sftpd.macs: " },
		{ "{\"service_user\":\"0day\"}", "is not the name of a system user" },
		{ "{\"service_user\":\"\"}", "is not the name of a system user" },
		{ "{\"control_socket\":\"\"}",
		    "control_socket: \"\" is not a text that is not empty" },
		{ "{\"data_provider\":{\"driver\":\"oracle\"}}", "is not one of sqlite, memory" },
		{ "{\"data_provider\":{\"driver\":\"bolt\",\"name\":\"\"}}",
		    "is not the file name that the driver \"bolt\" needs" },
		{ "{\"data_provider\":{\"name\":\"\"}}",
		    "data_provider.name: \"\" is not the file" },
		{ "{\"data_provider\":{\"users_table\":\"u;drop\"}}", "is not a table name" },
		{ "{\"data_provider\":{\"users_table\":\"1\"}}", "is not a table name" },
		{ "{\"data_provider\":{\"pre_login_program\":\"x\"}}", "an absolute path" },
		{ "{\"data_provider\":{\"port\":-5}}", "-5\" is not a whole number" },
		{ "{\"data_provider\":{\"password\":[\"hush\"]}}",
		    "password: a list is not a text" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_mistake(cases[i].json, NULL, cases[i].wanted);
}

static void
test_every_mistake_is_told(void **state)
{
	const char *environment[] = { "SFTPGO_SFTPD__UMASK=9", NULL };
	struct config *config;
	struct buf mistakes;
	size_t lines = 0;

	(void)state;
	write_text("config/sftpgo.json",
	    "{\"a\":1,\"sftpd\":{\"bind_port\":-1,\"banner\":\"ok\"}}");
	assert_int_equal(load(environment, NULL, &config, &mistakes), ERR_INVALID);
	for (size_t i = 0; i < mistakes.n; i++)
		lines += mistakes.p[i] == '\n';
	assert_int_equal(lines, 3);
	assert_string_equal(config->sftpd.banner, "ok"); /* the good values are there to be shown */
	config_free(&config);
	buf_free(&mistakes);
	unlink("config/sftpgo.json");
}

/* However wrong a file is, what is told about it fits. */
static void
test_thousands_of_mistakes(void **state)
{
	char *json = malloc(CONFIG_FILE_MAX), *long_key = malloc(200001);
	size_t n = 1;

	(void)state;
	json[0] = '{';
	for (int i = 0; i < 5000; i++)
		n += (size_t)snprintf(json + n, CONFIG_FILE_MAX - n, "\"key%d\":1,", i);
	snprintf(json + n, CONFIG_FILE_MAX - n, "\"z\":1}");
	expect_mistake(json, NULL, "key49: unknown key");
	expect_mistake(json, NULL, "what follows was not looked at");
	memset(long_key, 'k', 200000);
	long_key[200000] = '\0';
	snprintf(json, CONFIG_FILE_MAX, "{\"%s\":1}", long_key);
	expect_mistake(json, NULL, ": unknown key");
	free(json);
	free(long_key);
}

static void
test_unknown_variables(void **state)
{
	const char *unknown[] = { "SFTPGO_SFTPD__BIND_PROT=1", NULL };
	const char *foreign[] = { "SFTPGO_ACTION=x", "SFTPGO_SFTPD=1", "SFTPGO_", "SFTPGO_X__Y=1",
		"sftpgo_sftpd__bind_port=1", NULL };
	struct config *config = load_good(NULL, foreign);

	(void)state;
	config_free(&config);
	expect_mistake(NULL, unknown, "SFTPGO_SFTPD__BIND_PROT: no such setting");
}

static void
test_secrets_stay_secret(void **state)
{
	const char *environment[] = { "SFTPGO_DATA_PROVIDER__PASSWORD=hush", NULL };
	struct config *config = load_good(NULL, environment);
	struct buf value = buf_init(100);

	(void)state;
	assert_string_equal(config->data_provider.password, "hush");
	config_setting_value(config, number_of("data_provider.password"), &value);
	assert_true(view_is(buf_view(&value), "\"(set)\""));
	buf_free(&value);
	config_free(&config);
}

/* ---- the search */

static void
expect_file(const char *name, const char *wanted)
{
	struct config *config;
	struct buf mistakes;

	assert_int_equal(load(NULL, name, &config, &mistakes), 0);
	if (strstr(config->file, wanted) == NULL)
		fail_msg("%s was read, not %s", config->file, wanted);
	buf_free(&mistakes);
	config_free(&config);
}

static void
test_search_order(void **state)
{
	static const char *const order[] = { "config/postern.json", "config/sftpgo.json",
		"home/.config/postern/sftpgo.json", "home/.config/sftpgo/sftpgo.json",
		"./postern.json", "./sftpgo.json" };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		write_text(order[i], "{}");
	for (size_t i = 0; i < 6; i++) {
		expect_file(NULL, order[i]);
		unlink(order[i]);
	}
	write_text("config/my.json", "{}");
	expect_file("my", "config/my.json");
	/* The name has no extension: one in it is part of the name. */
	expect_file("my.json", "");
	unlink("config/my.json");
	mkdir("config/sftpgo.json", 0700);
	expect_file(NULL, "");
	rmdir("config/sftpgo.json");
}

/* Every extension is found, in this order, and one file is read. */
static void
test_every_extension(void **state)
{
	static const struct {
		const char *extension, *text;
	} files[] = {
		{ "json", "{\"sftpd\":{\"bind_port\":1}}" },
		{ "toml", "sftpd.bind_port = 2" },
		{ "yaml", "sftpd:\n  bind_port: 3" },
		{ "yml", "sftpd: {bind_port: 4}" },
		{ "properties", "sftpd.bind_port=5" },
		{ "props", "sftpd.bind_port:6" },
		{ "prop", "sftpd.bind_port 7" },
		{ "hcl", "sftpd { bind_port = 8 }" },
		{ "dotenv", "SFTPGO_SFTPD__BIND_PORT=9" },
		{ "env", "SFTPD__BIND_PORT=10" },
		{ "ini", "[sftpd]\nbind_port=11" },
	};
	enum { FILES = sizeof(files) / sizeof(files[0]) };
	char path[64];

	(void)state;
	for (size_t i = 0; i < FILES; i++) {
		assert_string_equal(config_format_extension(i), files[i].extension);
		snprintf(path, sizeof(path), "config/sftpgo.%s", files[i].extension);
		write_text(path, files[i].text);
	}
	assert_null(config_format_extension(FILES));
	for (size_t i = 0; i < FILES; i++) {
		struct config *config = load_good(NULL, NULL);

		snprintf(path, sizeof(path), "config/sftpgo.%s", files[i].extension);
		assert_int_equal(config->sftpd.bind_port, (int)i + 1);
		config_free(&config);
		unlink(path);
	}
}

static void
test_files_that_cannot_be_read(void **state)
{
	struct config *config;
	struct buf mistakes;
	struct config_request request = { .config_dir = "missing" };
	char *big = malloc(CONFIG_FILE_MAX + 2);

	(void)state;
	assert_int_equal(mkfifo("config/sftpgo.json", 0600), 0);
	expect_mistake(NULL, NULL, "config/sftpgo.json: cannot be read");
	memset(big, ' ', CONFIG_FILE_MAX + 1);
	memcpy(big, "{}", 2);
	big[CONFIG_FILE_MAX] = '\0';
	config = load_good(big, NULL);
	config_free(&config);
	big[CONFIG_FILE_MAX] = ' ';
	big[CONFIG_FILE_MAX + 1] = '\0';
	expect_mistake(big, NULL, "cannot be read: a value is above its limit");
	free(big);
	mistakes = buf_init(TEXT_MAX);
	assert_int_equal(config_load(&config, &request, &mistakes), ERR_IO);
	assert_null(config);
	buf_free(&mistakes);
}

/* ---- hostile bytes */

static const char whole[] =
    "{\"sandbox\":\"require\",\n\"sftpd\":{\"bind_port\":22,"
    "\"keys\":[{\"private_key\":\"a\\\"b\"}],"
    "\n\"actions\":{\"execute_on\":[\"upload\"]},\"enable_scp\":true},"
    "\"httpd\":{\"bind_port\":-1}}";

static int
parse(const void *text, size_t n)
{
	struct config *config;
	struct buf mistakes = buf_init(TEXT_MAX);
	int err;

	assert_int_equal(config_new(&config, "."), 0);
	err = config_file_parse(config, "x.json", CONFIG_JSON, (struct view){ .p = text, .n = n },
	    &mistakes);
	assert_int_equal(err == 0, mistakes.n == 0);
	buf_free(&mistakes);
	config_free(&config);
	return err;
}

static void
test_every_truncation(void **state)
{
	(void)state;
	assert_int_equal(parse(whole, strlen(whole)), 0);
	for (size_t n = 0; n < strlen(whole); n++) {
		char *exact = malloc(n > 0 ? n : 1);

		memcpy(exact, whole, n);
		assert_int_equal(parse(exact, n), ERR_INVALID);
		free(exact);
	}
}

static void
test_every_bit_flip(void **state)
{
	char copy[sizeof(whole)];

	(void)state;
	for (size_t i = 0; i < strlen(whole) * 8; i++) {
		int err;

		memcpy(copy, whole, sizeof(whole));
		copy[i / 8] = (char)(copy[i / 8] ^ (1 << i % 8));
		err = parse(copy, strlen(whole));
		assert_true(err == 0 || err == ERR_INVALID);
	}
}

static void
test_lines(void **state)
{
	static const char text[] = "{\n \"a\": [1, {\"q\\\"x\": 2}, [\"}\"]],\n \"b\": {\n"
				   "\"c\": {\"d\" :\n3}}\n,\"e\":0}";
	static const struct {
		const char *name;
		unsigned line;
	} cases[] = { { "a", 2 }, { "b", 3 }, { "B.c", 4 }, { "b.c.d", 4 }, { "e", 6 }, { "c", 0 },
		{ "", 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(config_line_of(view_of(text), cases[i].name), cases[i].line);
}

/* ---- the rest of the interface */

static void
test_paths(void **state)
{
	struct config *config = load_good(NULL, NULL);
	char *path = config_path(config, "x/y");
	char wanted[100];

	(void)state;
	snprintf(wanted, sizeof(wanted), "%s/config/x/y", directory);
	assert_string_equal(path, wanted);
	free(path);
	path = config_path(config, "/x");
	assert_string_equal(path, "/x");
	free(path);
	path = config_path(config, "");
	assert_string_equal(path, "");
	free(path);
	config_free(&config);
}

static void
test_set_from_flags(void **state)
{
	struct buf mistakes = buf_init(TEXT_MAX);
	struct config *config;

	(void)state;
	assert_int_equal(config_new(&config, "/"), 0);
	assert_int_equal(config_set(config, "sftpd.bind_port", "7", CONFIG_FROM_FLAG, &mistakes),
	    0);
	expect_setting(config, "sftpd.bind_port", "7", CONFIG_FROM_FLAG);
	assert_int_equal(config_set(config, "nope", "7", CONFIG_FROM_FLAG, &mistakes),
	    ERR_NOT_FOUND);
	assert_int_equal(config_set(config, "sftpd.bind_port", "x", CONFIG_FROM_FLAG, &mistakes),
	    ERR_INVALID);
	assert_int_equal(config->sftpd.bind_port, 7);
	assert_int_equal(config_check(config, &mistakes), 0);
	buf_free(&mistakes);
	config_free(&config);
}

static void
test_notes(void **state)
{
	struct config *config = load_good("{\"httpd\":{\"bind_port\":0},\"data_provider\":"
					  "{\"actions\":{\"command\":\"/x\"}}}", NULL);
	struct buf notes = buf_init(TEXT_MAX);

	(void)state;
	config_notes(config, &notes);
	assert_true(view_is(buf_view(&notes),
	    "data_provider.actions.command: is set, but has "
					      "no effect in this version\n"));
	config_free(&config);

	buf_clear(&notes);
	config = load_good("{\"httpd\":{\"bind_port\":0},\"sftpd\":{\"proxy_protocol\":1,"
			   "\"proxy_allowed\":[\"192.0.2.1\"]}}", NULL);
	config_notes(config, &notes);
	assert_int_equal(notes.n, 0);
	config_free(&config);
	config = load_good("{\"httpd\":{\"bind_port\":0},\"sftpd\":{\"proxy_protocol\":2}}", NULL);
	config_notes(config, &notes);
	assert_memory_equal(notes.p, "sftpd.proxy_allowed: is empty while", 35);
	buf_free(&notes);
	config_free(&config);
}

/* What changes while the server runs, and what does not; each with a line of its own. */
static void
test_taking_over(void **state)
{
	struct config *config = load_good("{\"sftpd\":{\"bind_port\":1,\"banner\":\"a\","
					  "\"macs\":[\"hmac-sha2-256\"],\"umask\":\"0\"},"
					  "\"data_provider\":{\"password\":\"x\"}}", NULL);
	struct config *from = load_good("{\"sftpd\":{\"bind_port\":2,\"banner\":\"b\","
					"\"macs\":[],\"umask\":\"0\",\"idle_timeout\":3},"
					"\"data_provider\":{\"password\":\"y\"}}", NULL);
	struct config_changes changes = { .made = buf_init(TEXT_MAX),
		.later = buf_init(TEXT_MAX) };

	(void)state;
	config_take(config, from, &changes);
	assert_int_equal(changes.made_count, 4);
	assert_int_equal(changes.later_count, 1);
	assert_true(view_is(buf_view(&changes.made),
	    "sftpd.idle_timeout: it was 15, now it is 3\n"
	    "sftpd.banner: it was \"a\", now it is \"b\"\n"
	    "sftpd.macs: it was [\"hmac-sha2-256\"], now it is []\n"
	    "data_provider.password: it was \"(set)\", now it is \"(set)\"\n"));
	assert_true(view_is(buf_view(&changes.later),
	    "sftpd.bind_port: until a restart it stays 1, then it will be 2\n"));
	assert_int_equal(config->sftpd.bind_port, 1);
	assert_int_equal(config->sftpd.idle_timeout, 3);
	assert_string_equal(config->sftpd.banner, "b");
	assert_int_equal(config->sftpd.macs.count, 0);
	expect_setting(config, "sftpd.idle_timeout", "3", CONFIG_FROM_FILE);
	/* a second time there is nothing left to change */
	config_free(&from);
	from = load_good(NULL, (const char *[]){ "SFTPGO_SFTPD__BANNER=b", NULL });
	buf_clear(&changes.made);
	config_take(config, from, &changes);
	assert_true(view_is(buf_view(&changes.made),
	    "sftpd.idle_timeout: it was 3, now it is 15\n"
	    "sftpd.umask: it was \"0000\", now it is \"0022\"\n"
	    "data_provider.password: it was \"(set)\", now it is \"\"\n"));
	expect_setting(config, "sftpd.idle_timeout", "15", CONFIG_FROM_DEFAULT);
	buf_free(&changes.made);
	buf_free(&changes.later);
	config_free(&from);
	config_free(&config);
}

/* The page of the settings, found from where the test was built. */
static void
read_manual(struct buf *out)
{
	char program[1024], path[2048];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	const char *source = __FILE__;

	assert_true(n > 0);
	program[n] = '\0';
	/* <build>/tests/unit/test_config; the source's name is relative to <build>. */
	for (int i = 0; i < 3; i++)
		*strrchr(program, '/') = '\0';
	snprintf(path, sizeof(path), "%s%s%.*s/../../docs/man/postern.conf.5",
	    source[0] == '/' ? "" : program, source[0] == '/' ? "" : "/",
	    (int)(strrchr(source, '/') - source), source);
	if (fd_read_file(path, out) != 0)
		fail_msg("%s cannot be read", path);
}

static void
test_manual_names_every_setting(void **state)
{
	struct buf page = buf_init(TEXT_MAX);

	(void)state;
	read_manual(&page);
	buf_u8(&page, 0);
	for (size_t i = 0; i < config_setting_count(); i++) {
		char item[100];

		snprintf(item, sizeof(item), ".It Va %s\n", config_setting_name(i));
		if (strstr((char *)page.p, item) == NULL)
			fail_msg("postern.conf(5) does not have %s", config_setting_name(i));
	}
	buf_free(&page);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_are_all),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_each_from_file),
		cmocka_unit_test(test_each_from_environment),
		cmocka_unit_test(test_names_of_variables),
		cmocka_unit_test(test_keys_in_any_case),
		cmocka_unit_test(test_weak_types),
		cmocka_unit_test(test_short_lists),
		cmocka_unit_test(test_shown_texts),
		cmocka_unit_test(test_empty_variables),
		cmocka_unit_test(test_keys_as_json_in_a_variable),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_blank_banner),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_banner_length),
		cmocka_unit_test(test_mistakes_in_a_file),
		cmocka_unit_test(test_every_mistake_is_told),
		cmocka_unit_test(test_thousands_of_mistakes),
		cmocka_unit_test(test_unknown_variables),
		cmocka_unit_test(test_secrets_stay_secret),
		cmocka_unit_test(test_search_order),
		cmocka_unit_test(test_every_extension),
		cmocka_unit_test(test_files_that_cannot_be_read),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_bit_flip),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_set_from_flags),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_taking_over),
		cmocka_unit_test(test_manual_names_every_setting),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
