/* Dumps, and the memory provider that is loaded from one. */
#include "accounts_scratch.h"
#include "hostile_bytes.h"

#include "base/fd.h"
#include "crypto/crypto.h"

#define USER(name, more)                                                                           \
	"{\"username\":\"" name "\",\"status\":1,\"password\":\"$1$a$b\",\"home_dir\":\"/h\","     \
	"\"permissions\":{\"/\":[\"*\"]}" more "}"

static struct provider_config
config(const char *file)
{
	return scratch_config("memory", file);
}

/* --- the format --- */

static void
a_dump_round_trips(void **state)
{
	struct provider_config c = scratch_config("sqlite", scratch_path("users.db"));
	struct provider *provider = scratch_open(&c);
	struct buf first = buf_init(DUMP_BYTES_MAX), second = buf_init(DUMP_BYTES_MAX);
	struct user_list list, again;
	struct user *user = scratch_user("bob <b>");

	(void)state;
	assert_int_equal(user_from_text(user,
			     view_of("{\"filesystem\":{\"provider\":1,\"s3config\":{"
				     "\"bucket\":\"b\",\"region\":\"r\",\"access_key\":\"k\","
				     "\"access_secret\":\"$aes$key$data\"}}}"),
			     NULL),
	    0);
	assert_int_equal(provider_add(provider, user, NULL), 0);
	user_free(&user);
	scratch_add(provider, "alice");
	assert_int_equal(provider_dump(provider, &list, NULL), 0);
	provider_close(&provider);
	for (int indent = 0; indent < 2; indent++) {
		buf_clear(&first);
		buf_clear(&second);
		dump_write(&list, indent, &first);
		assert_int_equal(dump_parse(buf_view(&first), &again, NULL), 0);
		assert_int_equal(again.count, 2);
		assert_string_equal(again.items[0]->filesystem.s3.access_secret, "$aes$key$data");
		assert_string_equal(again.items[0]->password, "$1$salt$hash");
		dump_write(&again, indent, &second);
		assert_true(view_eq(buf_view(&first), buf_view(&second)));
		user_list_free(&again);
	}
	buf_u8(&first, '\0');
	assert_memory_equal(first.p, "{\n  \"users\": [\n    {\n      \"id\": 1,\n", 36);
	user_list_free(&list);
	buf_clear(&first);
	dump_write(&list, false, &first);
	buf_u8(&first, '\0');
	assert_string_equal((char *)first.p, "{\"users\":[]}");
	buf_free(&first);
	buf_free(&second);
}

static void
faults_of_a_dump_are_told(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *why;
	} cases[] = {
		{ "", ERR_SHORT, "the dump is empty" },
		{ "[]", ERR_FORMAT, "a dump must be a JSON object" },
		{ "5", ERR_FORMAT, "a dump must be a JSON object" },
		{ "{\"users\":{}}", ERR_FORMAT, "the member \"users\" must be a list of users" },
		{ "{\"users\":[{},7]}", ERR_FORMAT, "user number 1: a user must be a JSON object" },
		{ "{\"users\":[{\"uid\":\"x\"}]}", ERR_FORMAT,
		    "user number 0: the member \"uid\" must be a whole number" },
		{ "{\"users\":[", ERR_FORMAT, "the JSON text ends too early" },
	};
	struct user_list list;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = { 0 };

		assert_int_equal(
		    dump_parse(view_of(cases[i].text), &list, &failure), cases[i].code);
		assert_string_equal(failure.text, cases[i].why);
		assert_int_equal(list.count, 0);
	}
	assert_int_equal(dump_parse(view_of("{}"), &list, NULL), 0);
	assert_int_equal(dump_parse(view_of("{\"users\":null} x"), &list, NULL), 0);
	assert_int_equal(list.count, 0);
}

static void
refuse_cut(struct view text)
{
	struct user_list list;

	assert_int_equal(dump_parse(text, &list, NULL), text.n == 0 ? ERR_SHORT : ERR_FORMAT);
	assert_int_equal(list.count, 0);
}

static void
parse_flipped(struct view text)
{
	struct user_list list;

	/* The list is empty after a fault. */
	if (dump_parse(text, &list, NULL) != 0)
		assert_int_equal(list.count, 0);
	user_list_free(&list);
}

static void
cut_and_flipped_dumps_are_survived(void **state)
{
	struct view text =
	    view_of("{\"users\":[" USER("a", "") "," USER("b", ",\"uid\":5") "]}");

	(void)state;
	each_cut(text, refuse_cut);
	each_flip(text, parse_flipped);
}

/* --- the memory provider's file --- */

static void
a_file_is_loaded(void **state)
{
	struct provider_config c = config(scratch_path("dump.json"));
	struct provider *provider;
	struct user *user;

	(void)state;
	scratch_write(
	    "dump.json", "{\"users\":[" USER("carol",
			     ",\"id\":77,\"used_quota_size\":5,\"last_login\":6") "," USER("bob",
			     ",\"password\":\"plain\"") "," USER("carol", ",\"uid\":9") "]}");
	provider = scratch_open(&c);
	user = scratch_find(provider, "carol");
	assert_int_equal(user->id, 1);
	assert_int_equal(user->uid, 9);
	assert_int_equal(user->used_quota_size, 0);
	assert_int_equal(user->last_login, 0);
	user_free(&user);
	user = scratch_find(provider, "bob");
	assert_int_equal(user->id, 2);
	assert_int_equal(password_check(user->password, view_of("plain")), PASSWORD_RIGHT);
	user_free(&user);
	assert_int_equal(scratch_add(provider, "new"), 3);
	provider_close(&provider);
	/* Nothing is kept. */
	provider = scratch_open(&c);
	assert_int_equal(provider_find(provider, "new", &user, NULL), ERR_NOT_FOUND);
	provider_close(&provider);
}

static void
refuses_to_open(const char *file, int code, const char *text)
{
	struct provider_config c = config(file);
	struct failure failure = { 0 };
	struct provider *provider;

	assert_int_equal(provider_open(&c, &provider, &failure), code);
	assert_null(provider);
	if (strstr(failure.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, failure.text);
}

static void
unusable_files_end_the_start(void **state)
{
	(void)state;
	refuses_to_open(scratch_path("missing"), ERR_NOT_FOUND, "does not exist");
	refuses_to_open(scratch, ERR_FORMAT, "is not a regular file");
	scratch_write("dump.json", "");
	refuses_to_open(scratch_path("dump.json"), ERR_SHORT, "cannot be used: the dump is empty");
	scratch_write("dump.json", "{\"users\":[");
	refuses_to_open(
	    scratch_path("dump.json"), ERR_FORMAT, "cannot be used: the JSON text ends");
	scratch_write("dump.json", "{\"users\":[" USER("bob", ",\"status\":3") "]}");
	refuses_to_open(scratch_path("dump.json"), ERR_INVALID, "user \"bob\" of the dump");
	refuses_to_open(scratch_path("dump.json"), ERR_INVALID,
	    "is refused: Validation error: invalid user status: 3");
}

static void
a_file_has_a_largest_size(void **state)
{
	static const char users[] = "{\"users\":[]}";
	struct provider_config c = config(scratch_path("dump.json"));
	struct buf text = buf_init(DUMP_BYTES_MAX + 1);
	struct provider *provider;

	(void)state;
	buf_raw(&text, users, sizeof(users) - 1);
	memset(buf_room(&text, DUMP_BYTES_MAX - text.n), ' ', DUMP_BYTES_MAX - (sizeof(users) - 1));
	assert_int_equal(fd_write_file(c.name, 0600, buf_view(&text)), 0);
	provider = scratch_open(&c);
	provider_close(&provider);
	buf_u8(&text, ' ');
	assert_int_equal(fd_write_file(c.name, 0600, buf_view(&text)), 0);
	refuses_to_open(c.name, ERR_LIMIT, "is longer than 10485760 bytes");
	buf_free(&text);
}

static void
loading_anew_takes_all_or_nothing(void **state)
{
	struct provider_config c = config(scratch_path("dump.json"));
	struct failure failure = { 0 };
	struct provider *provider;
	struct user_list list;
	struct user *user;

	(void)state;
	scratch_write("dump.json", "{\"users\":[" USER("bob", "") "]}");
	provider = scratch_open(&c);
	assert_int_equal(provider_touch_login(provider, "bob", 5, NULL), 0);
	scratch_write(
	    "dump.json", "{\"users\":[" USER("new", "") "," USER("bad", ",\"status\":3") "]}");
	assert_int_equal(provider_reload(provider, &failure), ERR_INVALID);
	scratch_write("dump.json", "nonsense");
	assert_int_equal(provider_reload(provider, &failure), ERR_FORMAT);
	assert_int_equal(unlink(c.name), 0);
	assert_int_equal(provider_reload(provider, &failure), ERR_NOT_FOUND);
	user = scratch_find(provider, "bob");
	assert_int_equal(user->last_login, 5);
	user_free(&user);
	scratch_write("dump.json", "{\"users\":[" USER("zoe", "") "," USER("bob", "") "]}");
	assert_int_equal(provider_reload(provider, &failure), 0);
	assert_int_equal(provider_dump(provider, &list, NULL), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0]->username, "bob");
	assert_int_equal(list.items[0]->last_login, 0);
	assert_int_equal(list.items[0]->id, 2);
	assert_string_equal(list.items[1]->username, "zoe");
	user_list_free(&list);
	provider_close(&provider);
}

static void
without_a_file_there_is_nothing_to_load(void **state)
{
	struct provider_config c = config(NULL);
	struct provider *provider = scratch_open(&c);
	struct user *user;

	(void)state;
	scratch_add(provider, "bob");
	assert_int_equal(provider_reload(provider, NULL), 0);
	user = scratch_find(provider, "bob");
	user_free(&user);
	provider_close(&provider);
}

static int
setup(void **state)
{
	(void)state;
	scratch_make();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dump_round_trips),
		TEST(faults_of_a_dump_are_told),
		TEST(cut_and_flipped_dumps_are_survived),
		TEST(a_file_is_loaded),
		TEST(unusable_files_end_the_start),
		TEST(a_file_has_a_largest_size),
		TEST(loading_anew_takes_all_or_nothing),
		TEST(without_a_file_there_is_nothing_to_load),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
