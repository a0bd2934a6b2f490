/* Every format of the configuration file: types, mistakes and their lines, limits, round trips. */
#include "config/config.h"
#include "config/config_file.h"
#include "config/config_source.h"
#include "config/config_table.h"
#include "config/config_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 4 * 1024 * 1024 };

static const enum config_format written[] = { CONFIG_JSON, CONFIG_TOML, CONFIG_YAML,
	CONFIG_PROPERTIES, CONFIG_HCL, CONFIG_ENV };

enum { WRITTEN = sizeof(written) / sizeof(written[0]) };

/* In memory of exactly its size, so that a read past the end is seen. */
static int
parse(enum config_format format, const void *text, size_t n, struct config **out,
	struct buf *mistakes)
{
	char *exact = malloc(n > 0 ? n : 1);
	int err;

	assert_non_null(exact);
	memcpy(exact, text, n);
	*mistakes = buf_init(TEXT_MAX);
	assert_int_equal(config_new(out, "/"), 0);
	err = config_file_parse(*out, "f", format, (struct view){ .p = (uint8_t *)exact, .n = n },
	    mistakes);
	assert_int_equal(err == 0, mistakes->n == 0);
	assert_true(mistakes->n == 0 || mistakes->p[mistakes->n - 1] == '\n');
	free(exact);
	return err;
}

static struct config *
parse_good(enum config_format format, const char *text)
{
	struct config *config;
	struct buf mistakes;

	if (parse(format, text, strlen(text), &config, &mistakes) != 0)
		fail_msg("%s: %.*s%s", config_format_text(format), (int)mistakes.n, mistakes.p,
		    text);
	buf_free(&mistakes);
	return config;
}

/* The whole of what is told begins with this. */
static void
expect_mistake(enum config_format format, const char *text, const char *wanted)
{
	struct config *config;
	struct buf mistakes;

	if (parse(format, text, strlen(text), &config, &mistakes) != ERR_INVALID)
		fail_msg("%s: this was accepted: %s", config_format_text(format), text);
	buf_u8(&mistakes, 0);
	if (strncmp((char *)mistakes.p, wanted, strlen(wanted)) != 0)
		fail_msg("%s: of \"%s\" it says: %s", config_format_text(format), text,
		    mistakes.p);
	buf_free(&mistakes);
	config_free(&config);
}

static struct buf
written_as(const struct config *config, enum config_format format)
{
	struct buf out = buf_init(TEXT_MAX);

	assert_int_equal(config_write(config, format, &out), 0);
	buf_u8(&out, 0);
	return out;
}

/* By what both write: that holds every value that was set, secrets too. */
static void
expect_equal(const struct config *a, const struct config *b, const char *about)
{
	struct buf one = written_as(a, CONFIG_JSON), other = written_as(b, CONFIG_JSON);

	if (!view_eq(buf_view(&one), buf_view(&other)))
		fail_msg("%s:\n%s\nis not\n%s", about, one.p, other.p);
	buf_free(&one);
	buf_free(&other);
}

/* ---- the same settings in every format, with every type among them */

static const char json_all[] =
    "{\n"
    "  \"sandbox\": \"require\",\n"
    "  \"limits\": { \"max_connections\": 7 },\n"
    "  \"sftpd\": {\n"
    "    \"bind_port\": 2022,\n"
    "    \"idle_timeout\": -1,\n"
    "    \"umask\": \"0027\",\n"
    "    \"banner\": \"two words\",\n"
    "    \"actions\": { \"execute_on\": [\"upload\", \"delete\"], \"command\": \"/bin/x y\" },\n"
    "    \"keys\": [{ \"private_key\": \"id_a\" }, { \"private_key\": \"b\" }],\n"
    "    \"enable_scp\": true,\n"
    "    \"ciphers\": []\n"
    "  },\n"
    "  \"data_provider\": { \"password\": \"p#a\\\"ss\\\\\" }\n"
    "}\n";

static const char toml_all[] =
    "sandbox = 'require' # a comment\n"
    "[limits]\n"
    "max_connections = 7\n"
    "[sftpd]\n"
    "bind_port = 2_022\n"
    "idle_timeout = -1\n"
    "umask = 0o27\n"
    "banner = \"\"\"two \\\n  words\"\"\"\n"
    "enable_scp = true\n"
    "ciphers = []\n"
    "[sftpd.actions]\n"
    "execute_on = [\n  \"upload\", # one\n  \"delete\",\n]\n"
    "command = \"/bin/x y\"\n"
    "[[sftpd.keys]]\n"
    "private_key = \"id_a\"\n"
    "[[sftpd.keys]]\n"
    "private_key = \"b\"\n"
    "[data_provider]\n"
    "password = \"p#a\\\"ss\\\\\"\n";

static const char yaml_all[] =
    "# a comment\n"
    "sandbox: require\n"
    "limits: { max_connections: 7 }\n"
    "sftpd:\n"
    "  bind_port: 2022\n"
    "  idle_timeout: -1\n"
    "  umask: 0027\n"
    "  banner: two words\n"
    "  actions:\n"
    "    execute_on:\n"
    "      - upload\n"
    "      - delete\n"
    "    command: /bin/x y\n"
    "  keys:\n"
    "    - private_key: id_a\n"
    "    - { private_key: b }\n"
    "  enable_scp: yes\n"
    "  ciphers: []\n"
    "data_provider:\n"
    "  password: 'p#a\"ss\\'\n"
    "httpd:\n";

static const char hcl_all[] =
    "# a comment\n"
    "sandbox = \"require\" // another\n"
    "limits = { max_connections = 7 }\n"
    "/* and\n one more */\n"
    "sftpd {\n"
    "  bind_port = 2022\n"
    "  idle_timeout = -1\n"
    "  umask = 0027\n"
    "  banner = \"two words\"\n"
    "  \"actions\" {\n"
    "    execute_on = [\"upload\", \"delete\",]\n"
    "    command = \"/bin/x y\"\n"
    "  }\n"
    "  keys { private_key = \"id_a\" }\n"
    "  keys { private_key = \"b\" }\n"
    "  enable_scp = true\n"
    "  ciphers = []\n"
    "}\n"
    "data_provider {\n"
    "  password = \"p#a\\\"ss\\\\\"\n"
    "}\n";

static const char properties_all[] =
    "# a comment\n"
    "! another\n"
    "sandbox=require\n"
    "limits.max_connections: 7\n"
    "sftpd.bind_port 2022\n"
    "sftpd.idle_timeout = -1\n"
    "sftpd.umask = 0027\n"
    "sftpd.banner = two \\\n"
    "    words\n"
    "sftpd.actions.execute_on = upload,delete\n"
    "sftpd.actions.command = /bin/x\\u0020y\n"
    "sftpd.keys = id_a,b\n"
    "sftpd.enable_scp = true\n"
    "sftpd.ciphers =\n"
    "data_provider.password = p#a\"ss\\\\\n";

static const char env_all[] =
    "# a comment\n"
    "export SFTPGO_SANDBOX=require\n"
    "LIMITS__MAX_CONNECTIONS=7 # another\n"
    "sftpd.bind_port = 2022\n"
    "SFTPGO_SFTPD__IDLE_TIMEOUT=-1\n"
    "SFTPGO_SFTPD__UMASK=0027\n"
    "SFTPGO_SFTPD__BANNER='two words'\n"
    "SFTPGO_SFTPD__ACTIONS__EXECUTE_ON=upload,delete\n"
    "SFTPGO_SFTPD__ACTIONS__COMMAND=/bin/x y\n"
    "SFTPGO_SFTPD__KEYS='[{\"private_key\":\"id_a\"},{\"private_key\":\"b\"}]'\n"
    "SFTPGO_SFTPD__ENABLE_SCP=1\n"
    "SFTPGO_SFTPD__CIPHERS=\n"
    "SFTPGO_DATA_PROVIDER__PASSWORD=\"p#a\\\"ss\\\\\"\n";

static const char ini_all[] =
    "; a comment\n"
    "sandbox = require\n"
    "[limits]\n"
    "max_connections = 7 ; another\n"
    "[sftpd]\n"
    "bind_port: 2022\n"
    "idle_timeout = -1\n"
    "umask = 0027\n"
    "banner = 'two words'\n"
    "keys = id_a,b\n"
    "enable_scp = true\n"
    "ciphers =\n"
    "[sftpd.actions]\n"
    "execute_on = upload,delete\n"
    "command = /bin/x y\n"
    "[data_provider]\n"
    "password = 'p#a\"ss\\'\n";

static const struct {
	enum config_format format;
	const char *text;
} all[] = {
	{ CONFIG_JSON, json_all },
	{ CONFIG_TOML, toml_all },
	{ CONFIG_YAML, yaml_all },
	{ CONFIG_PROPERTIES, properties_all },
	{ CONFIG_HCL, hcl_all },
	{ CONFIG_ENV, env_all },
	{ CONFIG_INI, ini_all },
};

enum { ALL = sizeof(all) / sizeof(all[0]) };

static void
test_all_types_in_every_format(void **state)
{
	struct config *wanted = parse_good(CONFIG_JSON, json_all);

	(void)state;
	assert_int_equal(wanted->sftpd.umask, 027);
	assert_int_equal(wanted->sftpd.keys.count, 2);
	for (size_t i = 0; i < ALL; i++) {
		struct config *config = parse_good(all[i].format, all[i].text);

		expect_equal(config, wanted, config_format_text(all[i].format));
		config_free(&config);
	}
	config_free(&wanted);
}

/* The ends of lines that another system writes, and its mark at the start. */
static void
test_foreign_ends_of_lines(void **state)
{
	struct config *wanted = parse_good(CONFIG_JSON, json_all);

	(void)state;
	for (size_t i = 0; i < ALL; i++) {
		char *text = malloc(2 * strlen(all[i].text) + 4);
		struct config *config;
		size_t n = 3;

		memcpy(text, "\xef\xbb\xbf", 3);
		for (const char *c = all[i].text; *c != '\0'; c++) {
			if (*c == '\n')
				text[n++] = '\r';
			text[n++] = *c;
		}
		text[n] = '\0';
		config = parse_good(all[i].format, text);
		expect_equal(config, wanted, config_format_text(all[i].format));
		config_free(&config);
		free(text);
	}
	config_free(&wanted);
}

static void
test_empty_files(void **state)
{
	(void)state;
	for (size_t i = 1; i < ALL; i++) {
		struct config *config = parse_good(all[i].format, "");

		assert_int_equal(config_file_parse(config, "f", all[i].format,
		    (struct view){ 0 }, NULL), 0);
		config_free(&config);
		config = parse_good(all[i].format, "\n \n# nothing\n");
		config_free(&config);
	}
}

/* ---- mistakes */

static void
test_mistakes_and_their_lines(void **state)
{
	static const struct {
		enum config_format format;
		const char *text, *wanted;
	} cases[] = {
		/* an unknown key, a wrong type, an impossible value, a section that is none */
		{ CONFIG_JSON, "{\n\"sftpd\":\n{\"bind_prot\":1}}",
		    "f:3: sftpd.bind_prot: unknown key; did you mean sftpd.bind_port?" },
		{ CONFIG_TOML, "[sftpd]\n\nbind_prot = 1",
		    "f:3: sftpd.bind_prot: unknown key; did" },
		{ CONFIG_YAML, "sftpd:\n\n  bind_prot: 1",
		    "f:3: sftpd.bind_prot: unknown key; did" },
		{ CONFIG_HCL, "sftpd {\n\nbind_prot = 1\n}",
		    "f:3: sftpd.bind_prot: unknown key; did" },
		{ CONFIG_PROPERTIES, "\n\nsftpd.bind_prot=1",
		    "f:3: sftpd.bind_prot: unknown key; did" },
		{ CONFIG_ENV, "\n\nSFTPGO_SFTPD__BIND_PROT=1",
		    "f:3: sftpd.bind_prot: unknown key; did" },
		{ CONFIG_INI, "[sftpd]\n\nbind_prot=1", "f:3: sftpd.bind_prot: unknown key; did" },
		{ CONFIG_TOML, "[sftpd]\nbind_port = 70000",
		    "f:2: sftpd.bind_port: \"70000\" is not a whole number from 0 to 65535\n" },
		{ CONFIG_YAML, "sftpd:\n  bind_port: 70000",
		    "f:2: sftpd.bind_port: \"70000\" is not a whole number from 0 to 65535\n" },
		{ CONFIG_HCL, "sftpd {\n  bind_port = 70000\n}",
		    "f:2: sftpd.bind_port: \"70000\" is not a whole number from 0 to 65535\n" },
		{ CONFIG_PROPERTIES, "\nsftpd.bind_port=70000",
		    "f:2: sftpd.bind_port: \"70000\" is not a whole number from 0 to 65535\n" },
		{ CONFIG_ENV, "\nSFTPD__BIND_PORT=70000",
		    "f:2: sftpd.bind_port: \"70000\" is not a whole number from 0 to 65535\n" },
		{ CONFIG_INI, "[sftpd]\nbind_port=70000",
		    "f:2: sftpd.bind_port: \"70000\" is not a whole number from 0 to 65535\n" },
		{ CONFIG_TOML, "[sftpd]\nbind_port = 1.5",
		    "f:2: sftpd.bind_port: 1.5 is not a whole" },
		{ CONFIG_TOML, "sftpd.bind_port = 2020-01-01",
		    "f:1: sftpd.bind_port: \"2020-01-01\" is not a whole" },
		{ CONFIG_YAML, "sftpd:\n  bind_port: 1.5",
		    "f:2: sftpd.bind_port: \"1.5\" is not a" },
		{ CONFIG_YAML, "sftpd:\n  bind_port: [1]",
		    "f:2: sftpd.bind_port: a list is not a" },
		{ CONFIG_YAML, "sftpd:\n  banner:", "f:2: sftpd.banner: null is not" },
		{ CONFIG_HCL, "sftpd {\n bind_port = 1.5\n}",
		    "f:2: sftpd.bind_port: 1.5 is not a" },
		{ CONFIG_HCL, "sftpd {\n bind_port = true }",
		    "f:2: sftpd.bind_port: true is not a" },
		{ CONFIG_TOML, "\nsftpd = 7", "f:2: sftpd: this is a section; it must hold keys" },
		{ CONFIG_YAML, "sftpd: 7", "f:1: sftpd: this is a section; it must hold keys" },
		{ CONFIG_HCL, "sftpd = 7", "f:1: sftpd: this is a section; it must hold keys" },
		{ CONFIG_PROPERTIES, "sftpd = 7", "f:1: sftpd: this is a section; it must hold" },
		{ CONFIG_ENV, "SFTPD=7", "f:1: sftpd: this is a section; it must hold" },
		{ CONFIG_INI, "sftpd = 7", "f:1: sftpd: this is a section; it must hold" },
		{ CONFIG_TOML, "[[sftpd]]",
		    "f:1: sftpd: this is a section; it can be given only once" },
		{ CONFIG_YAML, "sftpd: []", "f:1: sftpd: this is a section; it can be given only" },
		{ CONFIG_HCL, "sftpd {}\nsftpd {}",
		    "f:1: sftpd: this is a section; it can be given" },

		/* keys given twice, also in other case or by another path */
		{ CONFIG_TOML, "a=1\n\na=2", "f:3: this is not TOML: \"a\" is given twice" },
		{ CONFIG_YAML, "a: 1\n\na: 2", "f:3: this is not YAML: \"a\" is given twice" },
		{ CONFIG_HCL, "a=1\n\na=2", "f:3: this is not HCL: \"a\" is given twice" },
		{ CONFIG_PROPERTIES, "a=1\n\na=2",
		    "f:3: this is not Java properties: \"a\" is given twice" },
		{ CONFIG_ENV, "SFTPGO_A=1\n\na=2",
		    "f:3: this is not an environment file: \"a\" is given twice" },
		{ CONFIG_INI, "[a]\nb=1\n[a]\nb=2",
		    "f:4: this is not INI: \"a.b\" is given twice" },
		{ CONFIG_YAML, "sandbox: require\nSandBox: require", "f:2: sandbox: given twice" },
		{ CONFIG_YAML, "sftpd.umask: 0\nsftpd: {umask: 0}",
		    "f:2: sftpd.umask: given twice" },

		/* what is no such file at all */
		{ CONFIG_YAML, "a: b: c", "f:1: this is not YAML: mapping values are not allowed" },
		{ CONFIG_YAML, "\n\t- a",
		    "f:2: this is not YAML: found character that cannot start" },
		{ CONFIG_YAML, "- a", "f:1: this is not YAML: the file must hold keys at its top" },
		{ CONFIG_YAML, "word",
		    "f:1: this is not YAML: the file must hold keys at its top" },
		{ CONFIG_YAML, "a: 1\n---\nb: 1",
		    "f:2: this is not YAML: there is more than one doc" },
		{ CONFIG_YAML, "? [a]\n: 1", "f:1: this is not YAML: a key is not a text" },
		{ CONFIG_YAML, "a: *x", "f:1: this is not YAML: there is no anchor &x before *x" },
		{ CONFIG_YAML, "a: &x [*x]", "f:1: this is not YAML: there is no anchor &x" },
		{ CONFIG_YAML, "a: !!binary AAAA",
		    "f:1: this is not YAML: the tag tag:yaml.org,2002:" },
		{ CONFIG_YAML, "a: \"\\0\"", "f:1: this is not YAML: there is a NUL in a text" },
		{ CONFIG_YAML, "\"\\0\": a", "f:1: this is not YAML: there is a NUL in a key" },
		{ CONFIG_YAML, "a: \"\\ud800\"", "f:1: this is not YAML: " },
		{ CONFIG_YAML, "\"\": a", "f:1: this is not YAML: a key is empty" },
		{ CONFIG_HCL, "a", "f:1: this is not HCL: '=' or '{' does not follow a key" },
		{ CONFIG_HCL, "a =\n", "f:2: this is not HCL: a value is missing" },
		{ CONFIG_HCL, "= 1", "f:1: this is not HCL: a key is missing" },
		{ CONFIG_HCL, "\"\" = 1", "f:1: this is not HCL: a key is empty" },
		{ CONFIG_HCL, "a {\n", "f:2: this is not HCL: a '}' is missing at the end" },
		{ CONFIG_HCL, "a = 1 }", "f:1: this is not HCL: a key is missing" },
		{ CONFIG_HCL, "a \"b\" {}",
		    "f:1: this is not HCL: '=' or '{' does not follow a key; "
		    "blocks have no labels" },
		{ CONFIG_HCL, "a = [1 2]", "f:1: this is not HCL: ',' or ']' does not follow" },
		{ CONFIG_HCL, "a = [1,", "f:1: this is not HCL: a value is missing" },
		{ CONFIG_HCL, "a = \"b", "f:1: this is not HCL: a text has no end on its line" },
		{ CONFIG_HCL, "a = \"b\nc\"",
		    "f:1: this is not HCL: a text has no end on its line" },
		{ CONFIG_HCL, "a = \"\\q\"", "f:1: this is not HCL: a backslash in a text" },
		{ CONFIG_HCL, "a = \"\\u00\"", "f:1: this is not HCL: \\u needs 4 hexadecimal" },
		{ CONFIG_HCL, "a = \"\\u0000\"", "f:1: this is not HCL: \\u needs 4 hexadecimal" },
		{ CONFIG_HCL, "a = \"${x}\"", "f:1: this is not HCL: nothing is computed here" },
		{ CONFIG_HCL, "a = <<E\nx\nE", "f:1: this is not HCL: texts over several lines" },
		{ CONFIG_HCL, "a = word", "f:1: this is not HCL: word is no value; a text needs" },
		{ CONFIG_HCL, "a = 0x", "f:1: this is not HCL: 0x is no value" },
		{ CONFIG_HCL, "a = 09", "f:1: this is not HCL: 09 is no value" },
		{ CONFIG_HCL, "a = 99999999999999999999",
		    "f:1: this is not HCL: 99999999999999999999" },
		{ CONFIG_HCL, "/* a", "f:1: this is not HCL: a comment has no end" },
		{ CONFIG_HCL, "{", "f:1: this is not JSON: " },
		{ CONFIG_PROPERTIES, "a = \\u12",
		    "f:1: this is not Java properties: \\u needs four" },
		{ CONFIG_PROPERTIES, "a = \\u0000", "f:1: this is not Java properties: \\u needs" },
		{ CONFIG_PROPERTIES, "a = \\ud83d\\ude00",
		    "f:1: this is not Java properties: \\u" },
		{ CONFIG_PROPERTIES, "= b", "f:1: this is not Java properties: a key is empty" },
		{ CONFIG_ENV, "a", "f:1: this is not an environment file: '=' does not follow" },
		{ CONFIG_ENV, "=b", "f:1: this is not an environment file: a line does not begin" },
		{ CONFIG_ENV, "a='b", "f:1: this is not an environment file: a quote has no end" },
		{ CONFIG_ENV, "a=\"b\n\"", "f:1: this is not an environment file: a quote has no" },
		{ CONFIG_ENV, "a='b'c", "f:1: this is not an environment file: something follows" },
		{ CONFIG_ENV, "a=\"\\x\"", "f:1: this is not an environment file: a backslash" },
		{ CONFIG_INI, "[a", "f:1: this is not INI: a section must be a name in brackets" },
		{ CONFIG_INI, "[]", "f:1: this is not INI: a section must be a name" },
		{ CONFIG_INI, "[ ]", "f:1: this is not INI: a section has no name" },
		{ CONFIG_INI, "[a] b", "f:1: this is not INI: a section must be a name" },
		{ CONFIG_INI, "word", "f:1: this is not INI: a line has no '='" },
		{ CONFIG_INI, "=1", "f:1: this is not INI: a key is empty" },
		{ CONFIG_INI, "a='b", "f:1: this is not INI: a quote has no end" },
		{ CONFIG_INI, "a='b' c", "f:1: this is not INI: something follows a quoted" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_mistake(cases[i].format, cases[i].text, cases[i].wanted);
}

static void
test_bytes_that_no_format_takes(void **state)
{
	struct config *config;
	struct buf mistakes;

	(void)state;
	for (size_t i = 0; i < ALL; i++) {
		assert_int_equal(parse(all[i].format, "\n\n# \xff", 5, &config, &mistakes),
		    ERR_INVALID);
		buf_u8(&mistakes, 0);
		assert_non_null(strstr((char *)mistakes.p, "f:3: this is not "));
		assert_non_null(strstr((char *)mistakes.p, "the text is not UTF-8"));
		config_free(&config);
		buf_free(&mistakes);
		assert_int_equal(parse(all[i].format, "\n#\0", 3, &config, &mistakes),
		    ERR_INVALID);
		buf_u8(&mistakes, 0);
		assert_non_null(strstr((char *)mistakes.p, "f:2: this is not "));
		assert_non_null(strstr((char *)mistakes.p, "there is a NUL byte"));
		config_free(&config);
		buf_free(&mistakes);
	}
}

/* A secret is in no message, whatever is wrong with it. */
static void
test_secrets_are_not_quoted(void **state)
{
	static const struct {
		enum config_format format;
		const char *text;
	} cases[] = {
		{ CONFIG_YAML, "data_provider: {password: [hush]}" },
		{ CONFIG_TOML, "data_provider.password = 1234.5" },
		{ CONFIG_HCL, "data_provider { password = [\"hush\"] }" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config;
		struct buf mistakes;

		assert_int_equal(parse(cases[i].format, cases[i].text, strlen(cases[i].text),
		    &config, &mistakes), ERR_INVALID);
		buf_u8(&mistakes, 0);
		assert_null(strstr((char *)mistakes.p, "hush"));
		assert_null(strstr((char *)mistakes.p, "1234"));
		config_free(&config);
		buf_free(&mistakes);
	}
}

/* ---- what each format understands in its own way */

static void
expect_text(enum config_format format, const char *text, const char *banner)
{
	struct config *config = parse_good(format, text);

	if (strcmp(config->sftpd.banner, banner) != 0)
		fail_msg("%s: \"%s\" is not \"%s\"", text, config->sftpd.banner, banner);
	config_free(&config);
}

static void
test_texts(void **state)
{
	static const struct {
		enum config_format format;
		const char *text, *banner;
	} cases[] = {
		{ CONFIG_YAML, "sftpd: {banner: a b}", "a b" },
		{ CONFIG_YAML, "sftpd: {banner: \"a\\x20\\u0062\"}", "a b" },
		{ CONFIG_YAML, "sftpd: {banner: 'it''s'}", "it's" },
		{ CONFIG_YAML, "sftpd:\n  banner: >-\n    a\n    b\n", "a b" },
		{ CONFIG_YAML, "sftpd: {banner: !!str 12}", "12" },
		{ CONFIG_YAML, "sftpd: {banner: \"yes\"}", "yes" },
		{ CONFIG_YAML, "sftpd: {banner: y}", "y" },
		{ CONFIG_YAML, "sftpd: {banner: 1.10}", "1.10" },
		{ CONFIG_YAML, "sftpd: {banner: 007}", "007" },
		{ CONFIG_HCL, "sftpd { banner = \"a\\u0024{b}\" }", "a${b}" },
		{ CONFIG_HCL, "sftpd { banner = \"a$b\" }", "a$b" },
		{ CONFIG_HCL, "sftpd { banner = 12 }", "12" },
		{ CONFIG_HCL, "\"sftpd\" { \"banner\" = \"x\", umask = \"0\", }", "x" },
		{ CONFIG_HCL, "sftpd.banner = \"x\"", "x" },
		{ CONFIG_HCL, " {\"sftpd\": {\"banner\": \"json\"}}", "json" },
		{ CONFIG_PROPERTIES, "sftpd.banner=a=b:c", "a=b:c" },
		{ CONFIG_PROPERTIES, "sftpd.banner = a # b ! c", "a # b ! c" },
		{ CONFIG_PROPERTIES, "sftpd.banner = ${HOME}", "${HOME}" },
		{ CONFIG_PROPERTIES, "sftpd\\.banner = \\a\\=b", "a=b" },
		{ CONFIG_PROPERTIES, "\\u0073ftpd.banner = x\\", "x" },
		{ CONFIG_PROPERTIES, "  sftpd.ban\\\n   ner = x", "x" },
		{ CONFIG_PROPERTIES, "sftpd.banner = \\ x", " x" },
		{ CONFIG_ENV, "SFTPGO_SFTPD__BANNER=a b # c", "a b" },
		{ CONFIG_ENV, "SFTPGO_SFTPD__BANNER=a#b", "a#b" },
		{ CONFIG_ENV, "SFTPGO_SFTPD__BANNER='a # b' # c", "a # b" },
		{ CONFIG_ENV, "SFTPGO_SFTPD__BANNER=\"a\\$b\" ", "a$b" },
		{ CONFIG_ENV, "SFTPGO_SFTPD__BANNER=$HOME", "$HOME" },
		{ CONFIG_ENV, "export\tsftpgo_sftpd__banner = \"x\"", "x" },
		{ CONFIG_INI, "[sftpd]\nbanner = a;b#c", "a;b#c" },
		{ CONFIG_INI, "[sftpd]\nbanner = a ; b", "a" },
		{ CONFIG_INI, "[sftpd]\nbanner = \" a ; b\"", " a ; b" },
		{ CONFIG_INI, "[DEFAULT]\nsftpd.banner = a=b", "a=b" },
		{ CONFIG_INI, "[ sftpd ]\nbanner : x", "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_text(cases[i].format, cases[i].text, cases[i].banner);
}

static void
test_numbers(void **state)
{
	static const struct {
		enum config_format format;
		const char *text;
		int port;
		unsigned umask;
	} cases[] = {
		{ CONFIG_YAML, "sftpd: {bind_port: 0x1b, umask: 0o27}", 27, 027 },
		{ CONFIG_YAML, "sftpd: {bind_port: 0o33, umask: 027}", 27, 027 },
		{ CONFIG_YAML, "sftpd: {bind_port: +27, umask: 27}", 27, 027 },
		{ CONFIG_YAML, "sftpd: {bind_port: \"27\", umask: \"27\"}", 27, 027 },
		{ CONFIG_YAML, "sftpd: {bind_port: !!int 27, umask: 27}", 27, 027 },
		{ CONFIG_TOML, "sftpd = {bind_port = 0x1b, umask = 0o27}", 27, 027 },
		{ CONFIG_TOML, "sftpd = {bind_port = 0o33, umask = \"027\"}", 27, 027 },
		{ CONFIG_TOML, "sftpd = {bind_port = 0b11011, umask = 27}", 27, 027 },
		{ CONFIG_HCL, "sftpd { bind_port = 0x1b umask = 027 }", 27, 027 },
		{ CONFIG_HCL, "sftpd { bind_port = 033 umask = 27 }", 27, 027 },
		{ CONFIG_PROPERTIES, "sftpd.bind_port=0x1b\nsftpd.umask=27", 27, 027 },
		{ CONFIG_ENV, "SFTPD__BIND_PORT=033\nSFTPD__UMASK=027", 27, 027 },
		{ CONFIG_INI, "[sftpd]\nbind_port=27\numask=027", 27, 027 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config = parse_good(cases[i].format, cases[i].text);

		assert_int_equal(config->sftpd.bind_port, cases[i].port);
		assert_int_equal(config->sftpd.umask, cases[i].umask);
		config_free(&config);
	}
	/* Sixteen is no octal number, whatever stands before it. */
	expect_mistake(CONFIG_TOML, "sftpd.umask = 0x1b", "f:1: sftpd.umask: \"0x1b\" is not");
	expect_mistake(CONFIG_YAML, "sftpd: {umask: 0x1b}", "f:1: sftpd.umask: \"0x1b\" is not");
}

static void
test_yaml_anchors(void **state)
{
	struct config *config = parse_good(CONFIG_YAML, "sftpd:\n  ciphers: &c [aes256-ctr]\n"
							"  macs: *c\n");

	(void)state;
	assert_string_equal(config->sftpd.macs.items[0], "aes256-ctr");
	config_free(&config);
}

/* Each level doubles: written out it would be 2^60 values. */
static void
test_yaml_bomb(void **state)
{
	char text[8192];
	size_t n = (size_t)snprintf(text, sizeof(text), "a0: &a0 [x, x]\n");

	(void)state;
	for (int i = 1; i <= 60; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "a%d: &a%d [*a%d, *a%d]\n", i, i,
		    i - 1, i - 1);
	snprintf(text + n, sizeof(text) - n, "sftpd: {macs: *a60}\n");
	expect_mistake(CONFIG_YAML, text, "f:1: a0: unknown key");
	snprintf(text, sizeof(text), "sftpd:\n  macs: &m [[x]]\n  ciphers: [*m, *m]\n");
	expect_mistake(CONFIG_YAML, text, "f:2: sftpd.macs: a list is not a list of texts");
}

/* ---- limits, at n and one beyond */

static char *
repeat(const char *what, size_t count, const char *begin, const char *end)
{
	struct buf text = buf_init(TEXT_MAX);

	buf_text(&text, begin);
	for (size_t i = 0; i < count; i++)
		buf_text(&text, what);
	buf_text(&text, end);
	buf_u8(&text, 0);
	assert_int_equal(buf_error(&text), 0);
	return (char *)text.p; /* freed by the caller */
}

static void
test_depth(void **state)
{
	static const struct {
		enum config_format format;
		const char *begin, *open, *close;
	} cases[] = {
		{ CONFIG_TOML, "a = ", "[", "]" },
		{ CONFIG_TOML, "a = ", "{a=", "}" },
		{ CONFIG_HCL, "a = ", "[", "]" },
		{ CONFIG_HCL, "", "a {", "}" },
		/* the top is a level in YAML */
		{ CONFIG_YAML, "{a: ", "[", "]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool yaml = cases[i].format == CONFIG_YAML;

		for (size_t depth = CONFIG_DEPTH_MAX; depth <= CONFIG_DEPTH_MAX + 1; depth++) {
			char *closing = repeat(cases[i].close, depth - yaml, "", yaml ? "}" : "");
			char *opening = repeat(cases[i].open, depth - yaml, cases[i].begin,
			    cases[i].open[1] == 'a' ? "1" : "");
			char *text = repeat(closing, 1, opening, "");

			expect_mistake(cases[i].format, text, depth == CONFIG_DEPTH_MAX
			    ? "f:1: a: unknown key" : cases[i].format == CONFIG_TOML
			    ? "f:1: this is not TOML: it is nested more than 16 levels deep"
			    : cases[i].format == CONFIG_HCL
			    ? "f:1: this is not HCL: it is nested more than 16 levels deep"
			    : "f:1: this is not YAML: it is nested more than 16 levels deep");
			free(closing);
			free(opening);
			free(text);
		}
	}
}

static void
test_count_of_values(void **state)
{
	static const enum config_format formats[] = { CONFIG_TOML, CONFIG_YAML, CONFIG_HCL };

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		/* the list is a value too, and in YAML so is the whole file */
		size_t most = CONFIG_VALUES_MAX - 1 - (formats[i] == CONFIG_YAML);
		const char *begin = formats[i] == CONFIG_YAML ? "a: [" : "a = [";
		char *text = repeat("1,", most, begin, "]");

		expect_mistake(formats[i], text, "f:1: a: unknown key");
		free(text);
		text = repeat("1,", most + 1, begin, "]");
		expect_mistake(formats[i], text, "f:1: this is not ");
		free(text);
	}
}

static void
test_count_of_keys(void **state)
{
	struct buf text = buf_init(TEXT_MAX);

	(void)state;
	for (int i = 0; i < CONFIG_VALUES_MAX; i++)
		buf_printf(&text, "key%d=1\n", i);
	buf_u8(&text, 0);
	expect_mistake(CONFIG_PROPERTIES, (char *)text.p, "f:1: key0: unknown key");
	expect_mistake(CONFIG_INI, (char *)text.p, "f:1: key0: unknown key");
	text.n--;
	buf_printf(&text, "one_more=1\n");
	buf_u8(&text, 0);
	expect_mistake(CONFIG_PROPERTIES, (char *)text.p,
	    "f:10001: this is not Java properties: there are more than 10000 keys");
	expect_mistake(CONFIG_ENV, (char *)text.p, "f:10001: this is not an environment file: ");
	buf_free(&text);
}

static void
test_length_of_keys(void **state)
{
	(void)state;
	for (size_t i = 1; i < ALL; i++) {
		const char *end = all[i].format == CONFIG_YAML ? ": 1" : "=1";
		char *text = repeat("k", CONFIG_KEY_MAX, "", end);

		expect_mistake(all[i].format, text, "f:1: kkkk");
		free(text);
		text = repeat("k", CONFIG_KEY_MAX + 1, "", end);
		expect_mistake(all[i].format, text, "f:1: this is not ");
		free(text);
	}
}

static void
test_count_of_anchors(void **state)
{
	char *text = repeat("&a 1,", 100, "a: [", "]");

	(void)state;
	expect_mistake(CONFIG_YAML, text, "f:1: a: unknown key");
	free(text);
	text = repeat("&a 1,", 101, "a: [", "]");
	expect_mistake(CONFIG_YAML, text,
	    "f:1: this is not YAML: there are more than 100 anchors");
	free(text);
}

/* ---- hostile bytes */

static void
test_every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < ALL; i++) {
		for (size_t n = 0; n < strlen(all[i].text); n++) {
			struct config *config;
			struct buf mistakes;
			int err = parse(all[i].format, all[i].text, n, &config, &mistakes);

			assert_true(err == 0 || err == ERR_INVALID);
			buf_free(&mistakes);
			config_free(&config);
		}
	}
}

static void
test_every_bit_flip(void **state)
{
	(void)state;
	for (size_t i = 1; i < ALL; i++) {
		size_t n = strlen(all[i].text);
		char *copy = malloc(n);

		for (size_t bit = 0; bit < n * 8; bit++) {
			struct config *config;
			struct buf mistakes;
			int err;

			memcpy(copy, all[i].text, n);
			copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
			err = parse(all[i].format, copy, n, &config, &mistakes);
			assert_true(err == 0 || err == ERR_INVALID);
			buf_free(&mistakes);
			config_free(&config);
		}
		free(copy);
	}
}

/* ---- from one format to another */

static void
expect_round_trips(const struct config *config)
{
	for (size_t i = 0; i < WRITTEN; i++) {
		struct buf text = written_as(config, written[i]);
		struct config *again = parse_good(written[i], (char *)text.p);

		expect_equal(again, config, config_format_text(written[i]));
		config_free(&again);
		buf_free(&text);
	}
}

static void
test_round_trips(void **state)
{
	static const char *const texts[] = { "", " ", "a", " a ", "a b", "#", "a # b", "'", "\"",
		"\\", "\\\\", "\\n", "a\nb", "\r\n", "\t", "${HOME}", "$$", "%d", "true", "null",
		"1", "~", "[", "[]", "[a", "{", "a,b", ",", "a=b", "a: b", "- a", "!x", "&x", "*x",
		"\x01\x1f\x7f", "\xc3\xa9", "\xc2\x80\xc2\x85", "\xe2\x80\xa8\xe2\x80\xa9",
		"\xef\xbb\xbf", "\xef\xbf\xbe", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "'''",
		"\"\"\"", "=", ":", "!", "a\\", "\f", "<<EOF", "//", "/*" };
	size_t number = 0;

	(void)state;
	for (size_t i = 0; i < ALL; i++) {
		struct config *config = parse_good(all[i].format, all[i].text);

		expect_round_trips(config);
		config_free(&config);
	}
	while (strcmp(config_setting_name(number), "data_provider.password") != 0)
		number++;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf mistakes = buf_init(TEXT_MAX);
		struct config *config;

		assert_int_equal(config_new(&config, "/"), 0);
		assert_int_equal(config_set(config, "data_provider.password", texts[i],
		    CONFIG_FROM_FILE, &mistakes), 0);
		assert_int_equal(config_set(config, "sftpd.keys",
		    "[{\"private_key\":\"a,b\"},{\"private_key\":\"[\"}]",
		    CONFIG_FROM_FILE, &mistakes), 0);
		expect_round_trips(config);
		buf_free(&mistakes);
		config_free(&config);
	}
}

/* The writers open each section once. */
static void
test_sections_are_together(void **state)
{
	char seen[64][64];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < config_setting_count(); i++) {
		const char *name = config_setting_name(i), *dot = strchr(name, '.');
		size_t n = dot != NULL ? (size_t)(dot - name) : 0;

		if (count > 0 && strlen(seen[count - 1]) == n &&
		    strncmp(seen[count - 1], name, n) == 0)
			continue;
		for (size_t j = 0; j < count; j++)
			assert_false(strlen(seen[j]) == n && strncmp(seen[j], name, n) == 0);
		snprintf(seen[count++], 64, "%.*s", (int)n, name);
		assert_true(count < 64);
	}
}

static void
test_ini_is_not_written(void **state)
{
	struct buf out = buf_init(TEXT_MAX);
	struct config *config;

	(void)state;
	assert_int_equal(config_new(&config, "/"), 0);
	assert_int_equal(config_write(config, CONFIG_INI, &out), ERR_UNSUPPORTED);
	config_free(&config);
	buf_free(&out);
}

/* Only what the file sets is written. */
static void
test_nothing_to_write(void **state)
{
	static const char *const wanted[] = { [CONFIG_JSON] = "{\n}\n", [CONFIG_TOML] = "",
		[CONFIG_YAML] = "", [CONFIG_PROPERTIES] = "", [CONFIG_HCL] = "",
		    [CONFIG_ENV] = "" };
	struct config *config;

	(void)state;
	assert_int_equal(config_new(&config, "/"), 0);
	for (size_t i = 0; i < WRITTEN; i++) {
		struct buf out = written_as(config, written[i]);

		assert_string_equal((char *)out.p, wanted[written[i]]);
		buf_free(&out);
	}
	config_free(&config);
}

static void
test_names_of_formats(void **state)
{
	enum config_format format;

	(void)state;
	for (size_t i = 0; config_format_extension(i) != NULL; i++) {
		char path[64];

		assert_int_equal(config_format_of_extension(config_format_extension(i), &format),
		    0);
		snprintf(path, sizeof(path), "/a.b/c.%s", config_format_extension(i));
		assert_int_equal(config_format_of_path(path, &format), 0);
	}
	assert_int_equal(config_format_of_extension("xml", &format), ERR_NOT_FOUND);
	assert_int_equal(config_format_of_path("/a.json/b", &format), ERR_NOT_FOUND);
	assert_int_equal(config_format_of_path("json", &format), ERR_NOT_FOUND);
	assert_int_equal(config_format_of_path("A.YML", &format), 0);
	assert_int_equal(format, CONFIG_YAML);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_types_in_every_format),
		cmocka_unit_test(test_foreign_ends_of_lines),
		cmocka_unit_test(test_empty_files),
		cmocka_unit_test(test_mistakes_and_their_lines),
		cmocka_unit_test(test_bytes_that_no_format_takes),
		cmocka_unit_test(test_secrets_are_not_quoted),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_yaml_anchors),
		cmocka_unit_test(test_yaml_bomb),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_count_of_values),
		cmocka_unit_test(test_count_of_keys),
		cmocka_unit_test(test_length_of_keys),
		cmocka_unit_test(test_count_of_anchors),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_bit_flip),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_sections_are_together),
		cmocka_unit_test(test_ini_is_not_written),
		cmocka_unit_test(test_nothing_to_write),
		cmocka_unit_test(test_names_of_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
