/* The rules of an account: each refusal with its words and in its turn, and the normal forms. */
#include "accounts/accounts.h"

#include "base/permission.h"
#include "crypto/crypto.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKogrvK+0ce2OhGv1SdFCX9QwIHMvWwMP2sOUekwqDsi"

static const struct password_cost cheap = { .memory_kib = 16, .passes = 1, .lanes = 1 };

static char directory[64]; /* scratch, and the credentials directory's parent */
static char credentials[96];

static struct user_rules
rules(void)
{
	return (struct user_rules){ .credentials_path = credentials, .cost = &cheap };
}

/* A good account with what `json` says put over it. */
static struct user *
user_with(const char *json)
{
	struct failure failure = { 0 };
	struct user *user;

	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_from_text(user,
			     view_of("{\"status\":1,\"username\":\"bob\","
				     "\"password\":\"secret\",\"home_dir\":\"/srv/"
				     "bob\",\"permissions\":{\"/\":[\"*\"]}}"),
			     &failure),
	    0);
	if (user_from_text(user, view_of(json), &failure) != 0)
		fail_msg("%s: %s", json, failure.text);
	return user;
}

static void
refuses(const char *json, const char *text)
{
	struct user_rules r = rules();
	struct failure failure = { 0 };
	struct user *user = user_with(json);
	char expected[512];

	snprintf(expected, sizeof(expected), "Validation error: %s", text);
	assert_int_equal(user_validate(user, &r, &failure), ERR_INVALID);
	assert_string_equal(failure.text, expected);
	/* Without room for the text the answer is the same. */
	user_free(&user);
	user = user_with(json);
	assert_int_equal(user_validate(user, &r, NULL), ERR_INVALID);
	user_free(&user);
}

static struct user *
accepts(const char *json)
{
	struct user_rules r = rules();
	struct failure failure = { 0 };
	struct user *user = user_with(json);

	if (user_validate(user, &r, &failure) != 0)
		fail_msg("%s: %s", json, failure.text);
	return user;
}

static void
accepts_and_frees(const char *json)
{
	struct user *user = accepts(json);

	user_free(&user);
}

static void
each_rule_has_its_words(void **state)
{
	(void)state;
	refuses("{\"username\":\"\"}", "mandatory parameters missing");
	refuses("{\"home_dir\":\"\"}", "mandatory parameters missing");
	refuses("{\"password\":\"\"}", "please set a password or at least a public_key");
	refuses("{\"home_dir\":\"srv/bob\"}",
	    "home_dir must be an absolute path, actual value: srv/bob");
	refuses("{\"permissions\":{}}", "please grant some permissions to this user");
	refuses(
	    "{\"permissions\":{\"/a\":[\"*\"]}}", "permissions for the root dir \"/\" must be set");
	refuses("{\"permissions\":{\"/\":[]}}", "no permissions granted for the directory: \"/\"");
	refuses(
	    "{\"permissions\":{\"/\":[\"list\",\"fly\",\"swim\"]}}", "invalid permission: \"fly\"");
	refuses("{\"permissions\":{\"/\":[\"*\",\"\"]}}", "invalid permission: \"\"");
	refuses("{\"permissions\":{\"/\":[\"*\"],\"a\":[\"list\"]}}",
	    "cannot set permissions for non absolute path: \"a\"");
	refuses("{\"permissions\":{\"/\":[\"*\"],\"/a/..\":[\"list\"]}}",
	    "cannot set permissions for \"/a/..\": it is an alias of \"/\"");
	refuses("{\"permissions\":{\"/\":[\"*\"],\"/a\":[\"list\"],\"/a/\":[\"*\"]}}",
	    "cannot set permissions twice for the directory: \"/a\"");
	refuses("{\"status\":2}", "invalid user status: 2");
	refuses("{\"status\":-1}", "invalid user status: -1");
	refuses("{\"public_keys\":[\"" KEY "\",\"nonsense\"]}",
	    "could not parse key nr. 1: the data is malformed");
	refuses("{\"filters\":{\"denied_ip\":[\"10.0.0.0/8\",\"10.0.0.1\"]}}",
	    "could not parse denied IP/Mask \"10.0.0.1\" : invalid CIDR address: 10.0.0.1");
	refuses("{\"filters\":{\"allowed_ip\":[\"10.0.0.0/33\"]}}",
	    "could not parse allowed IP/Mask \"10.0.0.0/33\" : "
	    "invalid CIDR address: 10.0.0.0/33");
}

static void
cloud_rules_have_their_words(void **state)
{
	(void)state;
	refuses("{\"filesystem\":{\"provider\":1}}",
	    "could not validate s3config: bucket cannot be empty");
	refuses("{\"filesystem\":{\"provider\":1,\"s3config\":{\"bucket\":\"b\"}}}",
	    "could not validate s3config: region cannot be empty");
	refuses("{\"filesystem\":{\"provider\":1,\"s3config\":{\"bucket\":\"b\",\"region\":\"r\","
		"\"access_key\":\"k\"}}}",
	    "could not validate s3config: access_secret cannot be empty with an access_key");
	refuses("{\"filesystem\":{\"provider\":1,\"s3config\":{\"bucket\":\"b\",\"region\":\"r\","
		"\"access_secret\":\"s\"}}}",
	    "could not validate s3config: access_key cannot be empty with an access_secret");
	refuses("{\"filesystem\":{\"provider\":1,\"s3config\":{\"bucket\":\"b\",\"region\":\"r\","
		"\"key_prefix\":\"/k\"}}}",
	    "could not validate s3config: key_prefix cannot start with /");
	refuses("{\"filesystem\":{\"provider\":2}}",
	    "could not validate GCS config: bucket cannot be empty");
	refuses("{\"filesystem\":{\"provider\":2,\"gcsconfig\":{\"bucket\":\"b\","
		"\"key_prefix\":\"/\"}}}",
	    "could not validate GCS config: key_prefix cannot start with /");
	refuses("{\"filesystem\":{\"provider\":2,\"gcsconfig\":{\"bucket\":\"b\"}}}",
	    "could not validate GCS config: credentials are missing");
	refuses("{\"filesystem\":{\"provider\":2,\"gcsconfig\":{\"bucket\":\"b\","
		"\"credentials\":\"!\"}}}",
	    "could not validate GCS credentials: they are not base64, or too long");
	refuses("{\"username\":\"a/b\",\"filesystem\":{\"provider\":2,\"gcsconfig\":{"
		"\"bucket\":\"b\",\"credentials\":\"e30=\"}}}",
	    "could not save GCS credentials: the username cannot be part of a file name");
}

static void
refuses_folder_quota(const char *members)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"virtual_folders\":[{\"virtual_path\":\"/a\","
	    "\"mapped_path\":\"/m\",%s}]}", members);
	refuses(json, "invalid quota for the virtual folder \"/a\": a limit, 0, or -1 for both");
}

/* A list of so many folders. */
static void
folders_json(unsigned count, struct buf *out)
{
	buf_text(out, "{\"virtual_folders\":[");
	for (unsigned i = 0; i < count; i++)
		buf_printf(out, "%s{\"virtual_path\":\"/v%u\",\"mapped_path\":\"/m%u\"}",
		    i > 0 ? "," : "", i, i);
	buf_text(out, "]}");
	buf_u8(out, '\0');
	assert_int_equal(buf_error(out), 0);
}

static void
refuses_long_extension(void)
{
	char name[257], json[512], text[512];
	struct user *user;

	memset(name, 'x', sizeof(name));
	name[255] = '\0';
	snprintf(json, sizeof(json), "{\"filters\":{\"file_extensions\":[{\"path\":\"/a\","
	    "\"denied_extensions\":[\"%s\"]}]}}", name);
	user = accepts(json);
	user_free(&user);
	name[255] = 'x';
	name[256] = '\0';
	snprintf(json, sizeof(json), "{\"filters\":{\"file_extensions\":[{\"path\":\"/a\","
	    "\"denied_extensions\":[\"%s\"]}]}}", name);
	snprintf(text, sizeof(text),
	    "invalid file extension \"%s\": it must be the end of a file name", name);
	refuses(json, text);
}

static void
later_fields_have_their_words(void **state)
{
	(void)state;
	refuses("{\"virtual_folders\":[{\"virtual_path\":\"a\",\"mapped_path\":\"/m\"}]}",
	    "invalid virtual folder \"a\"");
	refuses("{\"virtual_folders\":[{\"virtual_path\":\"/a/..\",\"mapped_path\":\"/m\"}]}",
	    "invalid virtual folder \"/\"");
	refuses("{\"virtual_folders\":[{\"virtual_path\":\"/a\",\"mapped_path\":\"m\"}]}",
	    "invalid mapped folder \"m\"");
	refuses("{\"virtual_folders\":[{\"virtual_path\":\"/a\",\"mapped_path\":\"/srv/bob/x\"}]}",
	    "the mapped folder \"/srv/bob/x\" and the home directory lie within one another");
	refuses("{\"virtual_folders\":[{\"virtual_path\":\"/a\",\"mapped_path\":\"/srv\"}]}",
	    "the mapped folder \"/srv\" and the home directory lie within one another");
	refuses("{\"virtual_folders\":[{\"virtual_path\":\"/a\",\"mapped_path\":\"/m\"},"
		"{\"virtual_path\":\"/b\",\"mapped_path\":\"/m/n\"}]}",
	    "the mapped folders \"/m/n\" and \"/m\" lie within one another");
	refuses("{\"virtual_folders\":[{\"virtual_path\":\"/a\",\"mapped_path\":\"/m\"},"
		"{\"virtual_path\":\"/a/b\",\"mapped_path\":\"/n\"}]}",
	    "the virtual folders \"/a/b\" and \"/a\" lie within one another");
	refuses_folder_quota("\"quota_size\":-2");
	refuses_folder_quota("\"quota_files\":-2");
	refuses_folder_quota("\"quota_size\":-1,\"quota_files\":1");
	refuses_folder_quota("\"quota_size\":1,\"quota_files\":-1");
	refuses("{\"filters\":{\"denied_login_methods\":[\"telepathy\"]}}",
	    "invalid login method: \"telepathy\"");
	refuses("{\"filters\":{\"denied_login_methods\":[\"publickey\",\"password\","
		"\"keyboard-interactive\"]}}",
	    "invalid denied_login_methods: no method is left to log in");
	accepts_and_frees("{\"filters\":{\"denied_login_methods\":[\"password\",\"password\","
			  "\"publickey\"]}}");
	refuses("{\"filters\":{\"file_extensions\":[{\"path\":\"a\","
		"\"denied_extensions\":[\".x\"]}]}}",
	    "invalid path \"a\" for the file extensions filter");
	refuses("{\"filters\":{\"file_extensions\":[{\"path\":\"/a/\"}]}}",
	    "empty file extensions filter for the path \"/a\"");
	refuses(
	    "{\"filters\":{\"file_extensions\":[{\"path\":\"/a\",\"denied_extensions\":[\".x\"]},"
	    "{\"path\":\"/a/.\",\"allowed_extensions\":[\".y\"]}]}}",
	    "duplicate file extensions filter for the path \"/a\"");
	refuses("{\"filters\":{\"file_extensions\":[{\"path\":\"/a\","
		"\"allowed_extensions\":[\"/x\"]}]}}",
	    "invalid file extension \"/x\": it must be the end of a file name");
	refuses_long_extension();
	refuses("{\"filters\":{\"max_upload_file_size\":-1}}", "invalid max_upload_file_size: -1");
	accepts_and_frees("{\"filters\":{\"max_upload_file_size\":9223372036854775807}}");
	refuses("{\"filters\":{\"fsync\":\"always\"}}",
	    "invalid fsync \"always\": none, on-close, or empty for the server's setting");
	accepts_and_frees("{\"filters\":{\"fsync\":\"none\"}}");
	accepts_and_frees("{\"filters\":{\"fsync\":\"on-close\"}}");
}

/*
 * An account with every fault: mending them one by one shows the order in which they are found.
 */
static void
the_first_fault_in_order_is_told(void **state)
{
	static const struct {
		const char *expected; /* the start of the message */
		const char *mend;
	} steps[] = {
		{ "mandatory parameters missing", "{\"username\":\"bob\"}" },
		{ "mandatory parameters missing", "{\"home_dir\":\"relative\"}" },
		{ "please set a password", "{\"public_keys\":[\"bad\"]}" },
		{ "home_dir must be", "{\"home_dir\":\"/srv/bob\"}" },
		{ "please grant", "{\"permissions\":{\"x\":[\"bad\"]}}" },
		{ "permissions for the root dir", "{\"permissions\":{\"/\":[],\"x\":[\"bad\"]}}" },
		{ "no permissions granted", "{\"permissions\":{\"/\":[\"*\"],\"x\":[\"bad\"]}}" },
		{ "invalid permission", "{\"permissions\":{\"/\":[\"*\"],\"x\":[\"list\"]}}" },
		{ "cannot set permissions for non absolute", "{\"permissions\":{\"/\":[\"*\"]}}" },
		{ "could not validate s3config", "{\"filesystem\":{\"provider\":2}}" },
		{ "could not validate GCS config", "{\"filesystem\":{\"provider\":0}}" },
		{ "invalid virtual folder", "{\"virtual_folders\":[]}" },
		{ "invalid user status", "{\"status\":0}" },
		{ "could not parse key nr. 0", "{\"public_keys\":[\"" KEY "\"]}" },
		{ "could not parse denied", "{\"filters\":{\"denied_ip\":[]}}" },
		{ "could not parse allowed", "{\"filters\":{\"allowed_ip\":[]}}" },
		{ "invalid login method", "{\"filters\":{\"denied_login_methods\":[]}}" },
		{ "invalid path", "{\"filters\":{\"file_extensions\":[]}}" },
	};
	struct user *user = user_with(
	    "{\"username\":\"\",\"home_dir\":\"\",\"password\":\"\","
	    "\"permissions\":{},\"filesystem\":{\"provider\":1},\"status\":9,"
	    "\"virtual_folders\":[{}],\"filters\":{\"denied_ip\":[\"x\"],\"allowed_ip\":[\"y\"],"
	    "\"denied_login_methods\":[\"z\"],\"file_extensions\":[{}]}}");
	struct user_rules r = rules();
	struct failure failure;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		failure = (struct failure){ 0 };
		assert_int_equal(user_validate(user, &r, &failure), ERR_INVALID);
		if (strncmp(failure.text + strlen("Validation error: "), steps[i].expected,
			strlen(steps[i].expected)) != 0)
			fail_msg("step %zu: %s", i, failure.text);
		assert_int_equal(user_from_text(user, view_of(steps[i].mend), &failure), 0);
	}
	assert_int_equal(user_validate(user, &r, &failure), 0);
	user_free(&user);
}

static void
folders_have_a_limit(void **state)
{
	struct buf most = buf_init(65536), one_more = buf_init(65536);
	struct user *user;

	(void)state;
	folders_json(USER_FOLDERS_MAX, &most);
	folders_json(USER_FOLDERS_MAX + 1, &one_more);
	user = accepts((const char *)most.p);
	assert_int_equal(user->virtual_folders.count, USER_FOLDERS_MAX);
	refuses((const char *)one_more.p, "an account can have at most 64 virtual folders");
	user_free(&user);
	buf_free(&most);
	buf_free(&one_more);
}

static void
folders_have_quotas(void **state)
{
	struct user *user = accepts(
	    "{\"virtual_folders\":["
	    "{\"virtual_path\":\"/a\",\"mapped_path\":\"/m\"},"
	    "{\"virtual_path\":\"/b\",\"mapped_path\":\"/n\",\"quota_size\":5},"
	    "{\"virtual_path\":\"/c\",\"mapped_path\":\"/o\",\"quota_files\":-1}]}");
	const struct user_virtual_folder *items = user->virtual_folders.items;

	(void)state;
	assert_int_equal(items[0].quota_size, 0);
	assert_int_equal(items[0].quota_files, 0);
	assert_int_equal(items[1].quota_size, 5);
	assert_int_equal(items[1].quota_files, 0);
	assert_int_equal(items[2].quota_size, -1);
	assert_int_equal(items[2].quota_files, -1);
	user_free(&user);
}

static void
fields_get_their_normal_form(void **state)
{
	struct user *user = accepts(
	    "{\"permissions\":{\"/\":[\"list\",\"*\"],"
	    "\"/a/../b//c/\":[\"list\"],\"/closed\":[]},"
	    "\"virtual_folders\":[{\"virtual_path\":\"/v/./w/\",\"mapped_path\":\"/m//n\"}],"
	    "\"filesystem\":{\"provider\":7,\"s3config\":{\"bucket\":\"b\"},"
	    "\"gcsconfig\":{\"bucket\":\"b\",\"automatic_credentials\":1}}}");

	(void)state;
	assert_int_equal(user->permissions.count, 3);
	assert_string_equal(user->permissions.items[0].path, "/");
	assert_true(user->permissions.items[0].is_all);
	assert_string_equal(user->permissions.items[1].path, "/b/c");
	assert_string_equal(user->permissions.items[2].path, "/closed");
	assert_int_equal(user->permissions.items[2].bits, 0);
	assert_string_equal(user->virtual_folders.items[0].virtual_path, "/v/w");
	assert_string_equal(user->virtual_folders.items[0].mapped_path, "/m/n");
	assert_int_equal(user->filesystem.provider, 0);
	assert_string_equal(user->filesystem.s3.bucket, "");
	assert_string_equal(user->filesystem.gcs.bucket, "");
	assert_int_equal(user->filesystem.gcs.automatic_credentials, 0);
	user_free(&user);

	user = accepts(
	    "{\"filesystem\":{\"provider\":1,\"s3config\":{\"bucket\":\"b\","
	    "\"region\":\"r\",\"key_prefix\":\"a/../b//\"},\"gcsconfig\":{\"bucket\":\"g\"}},"
	    "\"virtual_folders\":[{\"virtual_path\":\"bad\"}]}");
	assert_string_equal(user->filesystem.s3.key_prefix, "b/");
	assert_string_equal(user->filesystem.gcs.bucket, "");
	assert_int_equal(user->virtual_folders.count, 0);
	user_free(&user);
}

static void
passwords_are_hashed_once(void **state)
{
	static const char *const hashes[] = { "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
		"$2a$10$x", "$2b$10$x", "$2y$10$x", "$pbkdf2-sha1$1$a$b", "$pbkdf2-sha256$1$a$b",
		"$pbkdf2-sha512$1$a$b", "$1$salt$hash", "$apr1$salt$hash", "$5$salt$hash",
		"$6$salt$hash", "$y$j9T$salt$hash" };
	struct user *user = accepts("{}");
	char json[256], hash[PASSWORD_HASH_MAX];
	struct user_rules r = rules();

	(void)state;
	assert_memory_equal(user->password, "$argon2id$v=19$m=16,t=1,p=1$", 28);
	assert_int_equal(password_check(user->password, view_of("secret")), PASSWORD_RIGHT);
	snprintf(hash, sizeof(hash), "%s", user->password);
	assert_int_equal(user_validate(user, &r, NULL), 0);
	assert_string_equal(user->password, hash);
	user_free(&user);
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		snprintf(json, sizeof(json), "{\"password\":\"%s\"}", hashes[i]);
		user = accepts(json);
		assert_string_equal(user->password, hashes[i]);
		user_free(&user);
	}
	/* What only looks like one is a password. */
	user = accepts("{\"password\":\"$2x$10$x\"}");
	assert_memory_equal(user->password, "$argon2id$", 10);
	user_free(&user);
	user = accepts("{\"password\":\"\",\"public_keys\":[\"" KEY "\"]}");
	assert_string_equal(user->password, "");
	user_free(&user);
}

static void
an_idle_time_out_has_limits(void **state)
{
	(void)state;
	accepts_and_frees("{\"filters\":{\"idle_timeout\":-1}}");
	accepts_and_frees("{\"filters\":{\"idle_timeout\":0}}");
	accepts_and_frees("{\"filters\":{\"idle_timeout\":525600}}");
	refuses("{\"filters\":{\"idle_timeout\":-2}}", "invalid idle_timeout: -2, it is -1 (never), "
	    "0 (the server's) or up to 525600 minutes");
	refuses("{\"filters\":{\"idle_timeout\":525601}}", "invalid idle_timeout: 525601, it is -1 "
	    "(never), 0 (the server's) or up to 525600 minutes");
}

static void
lengths_have_limits(void **state)
{
	char text[5000], json[6000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[USER_NAME_MAX] = '\0';
	snprintf(json, sizeof(json), "{\"username\":\"%s\"}", text);
	accepts_and_frees(json);
	snprintf(json, sizeof(json), "{\"username\":\"%sx\"}", text);
	refuses(json, "the username is longer than 255 bytes");

	text[USER_NAME_MAX] = 'x';
	text[USER_PATH_MAX - 1] = '\0';
	snprintf(json, sizeof(json), "{\"home_dir\":\"/%s\"}", text);
	accepts_and_frees(json);
	snprintf(json, sizeof(json), "{\"home_dir\":\"/%sx\"}", text);
	refuses(json, "home_dir is longer than 4095 bytes");

	text[USER_PATH_MAX - 1] = 'x';
	text[PASSWORD_BYTES_MAX] = '\0';
	snprintf(json, sizeof(json), "{\"password\":\"%s\"}", text);
	accepts_and_frees(json);
	snprintf(json, sizeof(json), "{\"password\":\"%sx\"}", text);
	refuses(json, "the password is longer than 1024 bytes");
}

/* What the contract leaves to the administrator. */
static void
odd_values_are_accepted(void **state)
{
	(void)state;
	accepts_and_frees(
	    "{\"username\":\"a b\\u00e9/..\\n$(x)\",\"uid\":-5,\"gid\":-6,"
	    "\"quota_size\":-1,\"quota_files\":-1,\"max_sessions\":-1,\"upload_bandwidth\":-1,"
	    "\"permissions\":{\"/\":[\"list\",\"list\"]},\"home_dir\":\"/\"}");
	accepts_and_frees("{\"filters\":{\"denied_ip\":[\"::/0\",\"0.0.0.0/0\"],"
			  "\"allowed_ip\":[\"192.0.2.7/24\"]}}");
}

static void
a_home_directory_comes_from_the_base(void **state)
{
	static const struct {
		const char *base, *username, *home; /* home NULL: refused */
	} cases[] = {
		{ "/srv/base", "bob", "/srv/base/bob" },
		{ "/srv/base/", "a/b", "/srv/base/a/b" },
		{ "/", "bob", "/bob" },
		{ "/srv/base", "../bob", NULL },
		{ "/srv/base", "a/../../base2", NULL },
		{ "/srv/base", ".", NULL },
		{ "/srv/base", "x/..", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct user *user = user_with("{\"home_dir\":\"\"}");
		struct user_rules r = rules();

		r.users_base_dir = cases[i].base;
		assert_int_equal(user_set_text(&user->username, cases[i].username), 0);
		assert_int_equal(
		    user_validate(user, &r, NULL), cases[i].home != NULL ? 0 : ERR_INVALID);
		if (cases[i].home != NULL)
			assert_string_equal(user->home_dir, cases[i].home);
		user_free(&user);
	}
	/* Only where there is none. */
	{
		struct user *user = user_with("{}");
		struct user_rules r = rules();

		r.users_base_dir = "/base";
		assert_int_equal(user_validate(user, &r, NULL), 0);
		assert_string_equal(user->home_dir, "/srv/bob");
		user_free(&user);
	}
}

static void
credentials_move_to_their_file(void **state)
{
	struct user *user =
	    accepts("{\"username\":\"carol\",\"filesystem\":{\"provider\":2,"
		    "\"gcsconfig\":{\"bucket\":\"b\",\"credentials\":\"eyJhIjoxfQ==\"},"
		    "\"s3config\":{\"bucket\":\"x\"}}}");
	char path[200], content[16] = { 0 };
	struct stat st;
	int fd;

	(void)state;
	assert_string_equal(user->filesystem.gcs.credentials, "");
	assert_string_equal(user->filesystem.s3.bucket, "");
	user_free(&user);
	snprintf(path, sizeof(path), "%s/carol_gcs_credentials.json", credentials);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0);
	assert_int_equal(read(fd, content, sizeof(content) - 1), 7);
	assert_string_equal(content, "{\"a\":1}");
	close(fd);
	/* With the file there, an update need not bring them. */
	accepts_and_frees("{\"username\":\"carol\",\"filesystem\":{\"provider\":2,"
			  "\"gcsconfig\":{\"bucket\":\"b\"}}}");
	accepts_and_frees("{\"username\":\"dave\",\"filesystem\":{\"provider\":2,"
			  "\"gcsconfig\":{\"bucket\":\"b\",\"automatic_credentials\":1}}}");
	assert_int_equal(truncate(path, 0), 0);
	refuses("{\"username\":\"carol\",\"filesystem\":{\"provider\":2,"
		"\"gcsconfig\":{\"bucket\":\"b\"}}}",
	    "could not validate GCS config: credentials are missing");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(credentials), 0);
}

static void
long_texts_are_cut_at_a_character(void **state)
{
	struct failure failure = { 0 };
	char text[3000];

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 4 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 4);
		assert_int_equal(failure_set(&failure, ERR_IO, "%s", text), ERR_IO);
		assert_true(strlen(failure.text) < FAILURE_TEXT_MAX);
		assert_true(strlen(failure.text) >= FAILURE_TEXT_MAX - 4);
		assert_int_equal((strlen(failure.text) - shift) % 3, 0);
	}
	memset(text, 'y', 2000);
	text[2000] = '\0';
	assert_int_equal(failure_invalid(&failure, "%s", text), ERR_INVALID);
	assert_int_equal(strlen(failure.text), FAILURE_TEXT_MAX - 1);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/postern-validate-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(credentials, sizeof(credentials), "%s/credentials", directory);
	return crypto_init();
}

static int
teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_has_its_words),
		cmocka_unit_test(cloud_rules_have_their_words),
		cmocka_unit_test(later_fields_have_their_words),
		cmocka_unit_test(the_first_fault_in_order_is_told),
		cmocka_unit_test(folders_have_a_limit),
		cmocka_unit_test(folders_have_quotas),
		cmocka_unit_test(fields_get_their_normal_form),
		cmocka_unit_test(passwords_are_hashed_once),
		cmocka_unit_test(an_idle_time_out_has_limits),
		cmocka_unit_test(lengths_have_limits),
		cmocka_unit_test(odd_values_are_accepted),
		cmocka_unit_test(a_home_directory_comes_from_the_base),
		cmocka_unit_test(credentials_move_to_their_file),
		cmocka_unit_test(long_texts_are_cut_at_a_character),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
