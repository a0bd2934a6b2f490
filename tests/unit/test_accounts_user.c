/* The account: its JSON in and out, the merge of an update, permissions by path. */
#include "accounts/accounts.h"
#include "hostile_bytes.h"

#include "base/permission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char full_user[] =
    "{\"id\":7,\"status\":1,\"username\":\"bob\",\"expiration_date\":4102444800000,"
    "\"password\":\"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA\","
    "\"public_keys\":[\"ssh-ed25519 AAAA one\",\"ssh-ed25519 BBBB two\"],"
    "\"home_dir\":\"/srv/bob\","
    "\"virtual_folders\":[{\"virtual_path\":\"/shared\",\"mapped_path\":\"/srv/shared\","
    "\"quota_size\":9,\"quota_files\":8}],"
    "\"uid\":1000,\"gid\":1001,\"max_sessions\":3,\"quota_size\":1099511627776,"
    "\"quota_files\":100,\"permissions\":{\"/\":[\"*\"],\"/in\":[\"list\",\"upload\"],"
    "\"/none\":[]},\"used_quota_size\":12,\"used_quota_files\":2,\"last_quota_update\":3,"
    "\"upload_bandwidth\":4,\"download_bandwidth\":5,\"last_login\":6,"
    "\"filters\":{\"allowed_ip\":[\"192.0.2.0/24\"],\"denied_ip\":[\"192.0.2.1/32\"],"
    "\"denied_login_methods\":[\"password\"],\"file_extensions\":[{\"path\":\"/in\","
    "\"allowed_extensions\":[\".txt\"],\"denied_extensions\":[\".exe\"]}],"
    "\"max_upload_file_size\":1048576,\"fsync\":\"on-close\"},"
    "\"filesystem\":{\"provider\":1,\"s3config\":{\"bucket\":\"b\",\"key_prefix\":\"k/\","
    "\"region\":\"r\",\"access_key\":\"a\",\"access_secret\":\"$aes$key$data\","
    "\"endpoint\":\"e\",\"storage_class\":\"s\"},\"gcsconfig\":{\"bucket\":\"g\","
    "\"key_prefix\":\"p/\",\"credentials\":\"e30=\",\"automatic_credentials\":1,"
    "\"storage_class\":\"n\"}}}";

static const char empty_user[] =
    "{\"id\":0,\"status\":0,\"username\":\"\",\"expiration_date\":0,\"home_dir\":\"\","
    "\"uid\":0,\"gid\":0,\"max_sessions\":0,\"quota_size\":0,\"quota_files\":0,"
    "\"permissions\":{},\"used_quota_size\":0,\"used_quota_files\":0,\"last_quota_update\":0,"
    "\"upload_bandwidth\":0,\"download_bandwidth\":0,\"last_login\":0,"
    "\"filters\":{\"allowed_ip\":[],\"denied_ip\":[]},"
    "\"filesystem\":{\"provider\":0,\"s3config\":{},\"gcsconfig\":{}}}";

static struct user *
user_of(const char *json)
{
	struct failure failure = { 0 };
	struct user *user;

	assert_int_equal(user_new(&user), 0);
	if (user_from_text(user, view_of(json), &failure) != 0)
		fail_msg("%s: %s", json, failure.text);
	return user;
}

/* The caller frees. */
static char *
text_of(const struct user *user, enum user_form form, bool indent)
{
	struct buf out = buf_init(1 << 20);
	json_t *json = user_to_json(user, form);
	char *text;

	assert_non_null(json);
	accounts_json_write(json, indent, &out);
	assert_int_equal(buf_error(&out), 0);
	text = view_dup(buf_view(&out));
	assert_non_null(text);
	json_decref(json);
	buf_free(&out);
	return text;
}

static void
assert_json(const struct user *user, enum user_form form, const char *expected)
{
	char *text = text_of(user, form, false);

	assert_string_equal(text, expected);
	free(text);
}

static void
dump_form_round_trips(void **state)
{
	struct user *user = user_of(full_user), *copy;

	(void)state;
	assert_json(user, USER_FORM_DUMP, full_user);
	assert_int_equal(user_copy(user, &copy), 0);
	user_free(&user);
	assert_null(user);
	assert_json(copy, USER_FORM_DUMP, full_user);
	user_free(&copy);
	user = user_of("{}");
	assert_json(user, USER_FORM_DUMP, empty_user);
	user_free(&user);
}

static void
public_form_hides_secrets(void **state)
{
	struct user *user = user_of(full_user);
	char *text = text_of(user, USER_FORM_PUBLIC, false);

	(void)state;
	assert_null(strstr(text, "password\":"));
	assert_null(strstr(text, "argon2"));
	assert_null(strstr(text, "credentials\":\"e30"));
	assert_non_null(strstr(text, "\"access_secret\":\"$aes$data\""));
	free(text);
	/* A secret that is not encrypted has no part that may be shown. */
	assert_int_equal(user_set_text(&user->filesystem.s3.access_secret, "plain"), 0);
	text = text_of(user, USER_FORM_PUBLIC, false);
	assert_null(strstr(text, "access_secret"));
	free(text);
	assert_int_equal(user_set_text(&user->filesystem.s3.access_secret, "$aes$a$b$c"), 0);
	text = text_of(user, USER_FORM_PUBLIC, false);
	assert_null(strstr(text, "access_secret"));
	free(text);
	user_free(&user);
}

static void
keys_match_in_any_case_and_unknown_ones_are_ignored(void **state)
{
	struct user *user =
	    user_of("{\"USERNAME\":\"bob\",\"Home_Dir\":\"/h\",\"nonsense\":[{}],"
		    "\"FILTERS\":{\"ALLOWED_ip\":[\"a\"],\"x\":1},\"uid\":1,\"UID\":2} trailing {");

	(void)state;
	assert_string_equal(user->username, "bob");
	assert_string_equal(user->home_dir, "/h");
	assert_int_equal(user->filters.allowed_ip.count, 1);
	assert_int_equal(user->uid, 2);
	user_free(&user);
}

static void
null_empties_lists_and_keeps_the_rest(void **state)
{
	struct user *user = user_of(full_user);
	struct failure failure;

	(void)state;
	assert_int_equal(user_from_text(user,
			     view_of("{\"username\":null,\"uid\":null,"
				     "\"public_keys\":null,\"permissions\":null,\"filters\":null,"
				     "\"virtual_folders\":null}"),
			     &failure),
	    0);
	assert_string_equal(user->username, "bob");
	assert_int_equal(user->uid, 1000);
	assert_int_equal(user->public_keys.count, 0);
	assert_int_equal(user->permissions.count, 0);
	assert_int_equal(user->virtual_folders.count, 0);
	assert_int_equal(user->filters.allowed_ip.count, 1);
	user_free(&user);
}

static void
wrong_types_are_named(void **state)
{
	static const struct {
		const char *json;
		int code;
		const char *text;
	} cases[] = {
		{ "[]", ERR_FORMAT, "a user must be a JSON object" },
		{ "\"x\"", ERR_FORMAT, NULL },
		{ "", ERR_FORMAT, NULL },
		{ "{\"uid\":\"1\"}", ERR_FORMAT, "the member \"uid\" must be a whole number" },
		{ "{\"uid\":1.0}", ERR_FORMAT, "the member \"uid\" must be a whole number" },
		{ "{\"uid\":true}", ERR_FORMAT, "the member \"uid\" must be a whole number" },
		{ "{\"username\":5}", ERR_FORMAT, "the member \"username\" must be a text" },
		{ "{\"public_keys\":\"a\"}", ERR_FORMAT,
		    "the member \"public_keys\" must be a list of texts" },
		{ "{\"public_keys\":[1]}", ERR_FORMAT,
		    "the member \"public_keys\" must be a list of texts" },
		{ "{\"permissions\":[\"*\"]}", ERR_FORMAT,
		    "the member \"permissions\" must be an object of lists of texts" },
		{ "{\"permissions\":{\"/\":\"*\"}}", ERR_FORMAT,
		    "the member \"permissions\" must be an object of lists of texts" },
		{ "{\"permissions\":{\"/\":[null]}}", ERR_FORMAT,
		    "the member \"permissions\" must be an object of lists of texts" },
		{ "{\"filters\":[]}", ERR_FORMAT, "the member \"filters\" must be an object" },
		{ "{\"filters\":{\"denied_ip\":{}}}", ERR_FORMAT,
		    "the member \"denied_ip\" must be a list of texts" },
		{ "{\"filters\":{\"file_extensions\":[7]}}", ERR_FORMAT,
		    "the member \"file_extensions\" must be a list of objects" },
		{ "{\"virtual_folders\":{}}", ERR_FORMAT,
		    "the member \"virtual_folders\" must be a list of objects" },
		{ "{\"virtual_folders\":[{\"mapped_path\":1}]}", ERR_FORMAT,
		    "the member \"mapped_path\" must be a text" },
		{ "{\"filesystem\":{\"s3config\":1}}", ERR_FORMAT,
		    "the member \"s3config\" must be an object" },
		{ "{\"quota_size\":9223372036854775808}", ERR_FORMAT,
		    "line 1 of the JSON text has a number that is too large" },
		{ "{\"username\":\"a\\u0000b\"}", ERR_FORMAT,
		    "line 1 of the JSON text has a NUL character" },
		{ "{\"username\":\"\xff\"}", ERR_FORMAT, "the JSON text is not UTF-8" },
		{ "{\"username\":\"\\ud800\"}", ERR_FORMAT, NULL },
		{ "{\"username\":", ERR_FORMAT, "the JSON text ends too early" },
		{ "{\"password\":\"hunter2\" nonsense", ERR_FORMAT,
		    "the text is not JSON at line 1, column 30" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = { 0 };
		struct user *user;

		assert_int_equal(user_new(&user), 0);
		assert_int_equal(
		    user_from_text(user, view_of(cases[i].json), &failure), cases[i].code);
		if (cases[i].text != NULL)
			assert_string_equal(failure.text, cases[i].text);
		assert_true(failure.text[0] != '\0');
		assert_null(strstr(failure.text, "hunter2"));
		user_free(&user);
	}
}

static void
extreme_numbers_survive(void **state)
{
	struct user *user = user_of("{\"quota_size\":9223372036854775807,"
				    "\"uid\":-9223372036854775808}");

	(void)state;
	assert_true(user->quota_size == INT64_MAX);
	assert_true(user->uid == INT64_MIN);
	user_free(&user);
}

/* Whatever happens to the bytes, the answer is a code: sanitizers watch the rest. */
static int
decode(const void *bytes, size_t n)
{
	struct failure failure = { 0 };
	struct user *user;
	int err;

	assert_int_equal(user_new(&user), 0);
	err = user_from_text(user, (struct view){ .p = bytes, .n = n }, &failure);
	user_free(&user);
	return err;
}

static void
refuse_cut(struct view text)
{
	assert_int_equal(decode(text.p, text.n), ERR_FORMAT);
}

static void
every_truncation_fails(void **state)
{
	(void)state;
	each_cut(view_of(full_user), refuse_cut);
	assert_int_equal(decode(full_user, sizeof(full_user) - 1), 0);
}

static void
decode_flipped(struct view text)
{
	(void)decode(text.p, text.n);
}

static void
every_bit_flip_is_survived(void **state)
{
	(void)state;
	each_flip(view_of(full_user), decode_flipped);
}

static void
nesting_and_length_have_limits(void **state)
{
	size_t n = 200000;
	char *deep = malloc(n);
	struct failure failure = { 0 };
	struct user *user;
	struct view longer = { .n = USER_JSON_MAX + 1 };

	(void)state;
	assert_non_null(deep);
	memset(deep, '[', n);
	assert_int_equal(decode(deep, n), ERR_FORMAT);
	for (size_t i = 0; i + 5 < n; i += 5)
		memcpy(deep + i, "{\"a\":", 5);
	assert_int_equal(decode(deep, n), ERR_FORMAT);
	free(deep);

	longer.p = calloc(1, longer.n);
	assert_non_null(longer.p);
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_from_text(user, longer, &failure), ERR_LIMIT);
	assert_string_equal(failure.text, "the JSON text is longer than 10485760 bytes");
	longer.n--;
	assert_int_equal(user_from_text(user, longer, &failure), ERR_FORMAT);
	free((void *)(uintptr_t)longer.p);
	user_free(&user);
}

static void
lists_of_structures_have_limits(void **state)
{
	struct buf json = buf_init(1 << 20);
	struct failure failure = { 0 };
	struct user *user;

	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		int expected = extra == 0 ? 0 : ERR_LIMIT;

		assert_int_equal(user_new(&user), 0);
		buf_clear(&json);
		buf_text(&json, "{\"permissions\":{");
		/* In falling order: each one moves all before it. */
		for (int i = USER_PERMISSIONS_MAX + extra; i > 0; i--)
			buf_printf(&json, "\"/%08d\":[\"list\"]%s", i, i == 1 ? "" : ",");
		buf_text(&json, "}}");
		assert_int_equal(user_from_text(user, buf_view(&json), &failure), expected);
		buf_clear(&json);
		buf_text(&json, "{\"virtual_folders\":[");
		for (int i = 0; i < USER_LIST_MAX + extra; i++)
			buf_text(&json, i == 0 ? "{}" : ",{}");
		buf_text(&json, "]}");
		assert_int_equal(user_from_text(user, buf_view(&json), &failure), expected);
		buf_clear(&json);
		buf_text(&json, "{\"filters\":{\"file_extensions\":[");
		for (int i = 0; i < USER_LIST_MAX + extra; i++)
			buf_text(&json, i == 0 ? "{}" : ",{}");
		buf_text(&json, "]}}");
		assert_int_equal(user_from_text(user, buf_view(&json), &failure), expected);
		user_free(&user);
	}
	assert_string_equal(failure.text, "more than 4096 items in \"file_extensions\"");
	buf_free(&json);
}

static void
output_is_escaped_and_indented(void **state)
{
	struct buf out = buf_init(4096);
	json_t *json = json_pack("{s:s, s:[], s:{s:i}}", "a",
	    "<b>&\xe2\x80\xa8\xe2\x80\xa9\xe2\x82\xac", "list", "o", "n", 1);

	(void)state;
	accounts_json_write(json, false, &out);
	buf_u8(&out, '\0');
	assert_string_equal((char *)out.p, "{\"a\":\"\\u003cb\\u003e\\u0026\\u2028\\u2029"
					   "\xe2\x82\xac\",\"list\":[],\"o\":{\"n\":1}}");
	buf_clear(&out);
	accounts_json_write(json, true, &out);
	buf_u8(&out, '\0');
	assert_string_equal((char *)out.p,
	    "{\n  \"a\": \"\\u003cb\\u003e\\u0026\\u2028\\u2029"
	    "\xe2\x82\xac\",\n  \"list\": [],\n  \"o\": {\n    \"n\": 1\n  }\n}");
	json_decref(json);
	buf_free(&out);
}

static void
a_full_buffer_is_an_error(void **state)
{
	struct buf out = buf_init(10);
	struct user *user = user_of(full_user);
	json_t *json = user_to_json(user, USER_FORM_DUMP);

	(void)state;
	accounts_json_write(json, false, &out);
	assert_int_equal(buf_error(&out), ERR_LIMIT);
	json_decref(json);
	user_free(&user);
	buf_free(&out);
}

/* --- updates --- */

static void
absent_members_keep_their_value(void **state)
{
	struct user *user = user_of(full_user);
	struct failure failure = { 0 };

	(void)state;
	assert_int_equal(user_merge_text(&user, view_of("{}"), &failure), 0);
	assert_json(user, USER_FORM_DUMP, full_user);
	/* What REST gave out can come back as it is. */
	{
		char *public = text_of(user, USER_FORM_PUBLIC, true);

		assert_int_equal(user_merge_text(&user, view_of(public), &failure), 0);
		assert_json(user, USER_FORM_DUMP, full_user);
		free(public);
	}
	user_free(&user);
}

static void
present_members_replace_or_merge(void **state)
{
	struct user *user = user_of(full_user);
	struct failure failure = { 0 };

	(void)state;
	assert_int_equal(
	    user_merge_text(&user,
		view_of("{\"id\":7,\"public_keys\":[\"k\"],"
			"\"permissions\":{\"/\":[\"list\"]},\"filters\":{\"denied_ip\":[]},"
			"\"filesystem\":{\"s3config\":{\"region\":\"\",\"bucket\":\"new\"}}}"),
		&failure),
	    0);
	assert_int_equal(user->public_keys.count, 1);
	assert_string_equal(user->public_keys.items[0], "k");
	assert_int_equal(user->permissions.count, 1);
	assert_int_equal(user->permissions.items[0].bits, PERMISSION_LIST);
	assert_false(user->permissions.items[0].is_all);
	assert_int_equal(user->filters.denied_ip.count, 0);
	assert_int_equal(user->filters.allowed_ip.count, 1);
	assert_string_equal(user->filesystem.s3.bucket, "new");
	assert_string_equal(user->filesystem.s3.region, "");
	assert_string_equal(user->filesystem.s3.endpoint, "e");
	assert_string_equal(user->filesystem.s3.access_secret, "$aes$key$data");
	assert_true(user->password[0] == '$');
	user_free(&user);
}

static void
an_empty_permission_map_keeps_the_stored_one(void **state)
{
	static const char *const bodies[] = { "{\"permissions\":{}}", "{\"permissions\":null}" };
	struct failure failure = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct user *user = user_of(full_user);

		assert_int_equal(user_merge_text(&user, view_of(bodies[i]), &failure), 0);
		assert_json(user, USER_FORM_DUMP, full_user);
		user_free(&user);
	}
}

static void
the_id_must_be_the_same(void **state)
{
	static const char *const bodies[] = { "{\"id\":8,\"uid\":1}", "{\"id\":0}" };
	struct user *user = user_of(full_user);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct failure failure = { 0 };

		assert_int_equal(user_merge_text(&user, view_of(bodies[i]), &failure), ERR_INVALID);
		assert_string_equal(failure.text,
		    "user ID in request body does not match user ID in path parameter");
	}
	assert_int_equal(
	    user_merge_text(&user, view_of("{\"uid\":1,\"gid\":\"x\"}"), NULL), ERR_FORMAT);
	assert_json(user, USER_FORM_DUMP, full_user);
	user_free(&user);
}

static void
secrets_are_kept_unless_new(void **state)
{
	static const struct {
		const char *given, *expected;
	} cases[] = {
		{ "", "$aes$key$data" },
		{ "$aes$data", "$aes$key$data" },
		{ "new", "new" },
		{ "$aes$other", "$aes$other" },
		{ "$aes$k2$d2", "$aes$k2$d2" },
	};
	struct failure failure = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct user *user = user_of(full_user);
		char body[128];

		snprintf(body, sizeof(body),
		    "{\"filesystem\":{\"s3config\":{\"access_secret\":\"%s\"}}}", cases[i].given);
		assert_int_equal(user_merge_text(&user, view_of(body), &failure), 0);
		assert_string_equal(user->filesystem.s3.access_secret, cases[i].expected);
		user_free(&user);
	}
	/* Only a user who was on S3 before has a secret to keep. */
	{
		struct user *user = user_of(full_user);

		user->filesystem.provider = USER_FILESYSTEM_GCS;
		assert_int_equal(user_merge_text(&user,
				     view_of("{\"filesystem\":{\"provider\":1,"
					     "\"s3config\":{\"access_secret\":\"\"}}}"),
				     &failure),
		    0);
		assert_string_equal(user->filesystem.s3.access_secret, "");
		user_free(&user);
	}
}

/* --- permissions --- */

static void
the_nearest_listed_directory_decides(void **state)
{
	struct user *user = user_of("{\"permissions\":{\"/\":[\"list\"],\"/a\":[\"*\"],"
				    "\"/a/b/c\":[\"upload\",\"list\"],\"/shut\":[]}}");

	(void)state;
	assert_int_equal(user_permissions_at(user, "/"), PERMISSION_LIST);
	assert_int_equal(user_permissions_at(user, ""), PERMISSION_LIST);
	assert_int_equal(user_permissions_at(user, "/x/y"), PERMISSION_LIST);
	assert_int_equal(user_permissions_at(user, "/ab"), PERMISSION_LIST);
	assert_int_equal(user_permissions_at(user, "/a"), PERMISSION_ALL);
	assert_int_equal(user_permissions_at(user, "a/b/"), PERMISSION_ALL);
	assert_int_equal(
	    user_permissions_at(user, "/a/b/c/d"), PERMISSION_LIST | PERMISSION_UPLOAD);
	assert_int_equal(user_permissions_at(user, "/a/../shut/x"), 0);
	assert_int_equal(user_permissions_at(user, "/../../a"), PERMISSION_ALL);
	user_free(&user);
	user = user_of("{\"permissions\":{\"/a\":[\"*\"]}}");
	assert_int_equal(user_permissions_at(user, "/b"), 0);
	user_free(&user);
}

static void
permissions_are_set_one_by_one(void **state)
{
	struct user *user;

	(void)state;
	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_permission_set(user, "/b", PERMISSION_LIST, false), 0);
	assert_int_equal(user_permission_set(user, "/", 0, true), 0);
	assert_int_equal(user_permission_set(user, "/b", PERMISSION_DELETE, false), 0);
	assert_int_equal(user_permission_add_name(user, "/b", "rename"), 0);
	assert_int_equal(user->permissions.count, 2);
	assert_string_equal(user->permissions.items[0].path, "/");
	assert_true(user->permissions.items[0].is_all);
	assert_int_equal(user_permissions_at(user, "/b"), PERMISSION_DELETE | PERMISSION_RENAME);
	user_free(&user);
	user_free(&user);
}

/* Every permission by name is not the same as "*": the latter stays "*". */
static void
a_star_stays_a_star(void **state)
{
	struct user *user =
	    user_of("{\"permissions\":{\"/\":[\"list\",\"*\"],\"/a\":[\"chtimes\","
		    "\"chown\",\"chmod\",\"create_symlinks\",\"create_dirs\",\"rename\",\"delete\","
		    "\"overwrite\",\"upload\",\"download\",\"list\",\"list\"]}}");
	char *text = text_of(user, USER_FORM_DUMP, false);

	(void)state;
	assert_non_null(strstr(text,
	    "\"permissions\":{\"/\":[\"*\"],\"/a\":[\"list\","
	    "\"download\",\"upload\",\"overwrite\",\"delete\",\"rename\",\"create_dirs\","
	    "\"create_symlinks\",\"chmod\",\"chown\",\"chtimes\"]}"));
	free(text);
	user_free(&user);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dump_form_round_trips),
		cmocka_unit_test(public_form_hides_secrets),
		cmocka_unit_test(keys_match_in_any_case_and_unknown_ones_are_ignored),
		cmocka_unit_test(null_empties_lists_and_keeps_the_rest),
		cmocka_unit_test(wrong_types_are_named),
		cmocka_unit_test(extreme_numbers_survive),
		cmocka_unit_test(every_truncation_fails),
		cmocka_unit_test(every_bit_flip_is_survived),
		cmocka_unit_test(nesting_and_length_have_limits),
		cmocka_unit_test(lists_of_structures_have_limits),
		cmocka_unit_test(output_is_escaped_and_indented),
		cmocka_unit_test(a_full_buffer_is_an_error),
		cmocka_unit_test(absent_members_keep_their_value),
		cmocka_unit_test(present_members_replace_or_merge),
		cmocka_unit_test(an_empty_permission_map_keeps_the_stored_one),
		cmocka_unit_test(the_id_must_be_the_same),
		cmocka_unit_test(secrets_are_kept_unless_new),
		cmocka_unit_test(the_nearest_listed_directory_decides),
		cmocka_unit_test(permissions_are_set_one_by_one),
		cmocka_unit_test(a_star_stays_a_star),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
