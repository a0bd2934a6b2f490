/* What a change of an account means for its running sessions, row by row. */
#include "master/account_difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { RATES = ACCOUNT_RATES, RULES = ACCOUNT_RULES, PROCESS = ACCOUNT_PROCESS };

/* Every account begins so; rows change it. */
static const char base_account[] =
    "{\"username\":\"bob\",\"status\":1,\"home_dir\":\"/srv/bob\",\"uid\":1000,\"gid\":1000,"
    "\"permissions\":{\"/\":[\"list\",\"download\",\"upload\"]}}";

static struct user *
account(const char *json)
{
	struct user *user = NULL;
	struct failure failure = { 0 };

	assert_int_equal(user_new(&user), 0);
	assert_int_equal(user_from_text(user, view_of(base_account), &failure), 0);
	assert_int_equal(user_from_text(user, view_of(json), &failure), 0);
	return user;
}

static const struct account_settings settings = { .upload_mode = VFS_UPLOAD_DIRECT };
static const struct account_settings atomic = { .upload_mode = VFS_UPLOAD_ATOMIC };

#define FOLDERS(path, host) \
	"\"virtual_folders\":[{\"virtual_path\":\"" path "\",\"mapped_path\":\"" host "\"}]"
#define MAY(...) "{\"permissions\":{\"/\":[" #__VA_ARGS__ "]}}"

static void
rows(void **state)
{
	static const struct {
		const char *before, *now;
		unsigned found;
		unsigned found_atomic; /* with atomic uploads */
		bool map_ids;
	} table[] = {
		{ "{}", "{}", 0, 0, false },
		/* asked at a login, or looked up when needed */
		{ "{}", "{\"password\":\"other\"}", 0, 0, false },
		{ "{}", "{\"public_keys\":[\"ssh-ed25519 AAAA\"]}", 0, 0, false },
		{ "{}", "{\"max_sessions\":1}", 0, 0, false },
		{ "{}", "{\"quota_size\":1,\"quota_files\":1}", 0, 0, false },
		{ "{}", "{\"filters\":{\"idle_timeout\":1}}", 0, 0, false },
		{ "{}", "{\"filters\":{\"denied_login_methods\":[\"password\"]}}", 0, 0, false },
		/* rates */
		{ "{}", "{\"upload_bandwidth\":1}", RATES, RATES, false },
		{ "{\"download_bandwidth\":1}", "{}", RATES, RATES, false },
		{ "{\"download_bandwidth\":1}", "{\"download_bandwidth\":1}", 0, 0, false },
		/* rules: less is told, more needs a process that the kernel lets do more */
		{ "{}", "{\"filters\":{\"max_upload_file_size\":1}}", RULES, RULES, false },
		{ "{\"filters\":{\"fsync\":\"on-close\"}}", "{\"filters\":{\"fsync\":\"none\"}}",
		    RULES, RULES, false },
		{ "{}", MAY("list", "download"), RULES, RULES, false },
		{ MAY("list", "download"), "{}", RULES | PROCESS, RULES | PROCESS, false },
		{ "{}", MAY("list"), RULES, RULES, false },
		{ "{}", MAY("*"), RULES | PROCESS, RULES | PROCESS, false },
		{ MAY("*"), MAY("list"), RULES, RULES, false },
		/* the kernel sees no difference between the two ways to write */
		{ MAY("list", "overwrite", "upload"), MAY("list", "upload"), RULES, RULES, false },
		/* deletes in one directory already: the kernel's rule is for the whole tree */
		{ "{\"permissions\":{\"/\":[\"list\"],\"/a\":[\"*\"]}}",
		    "{\"permissions\":{\"/\":[\"list\"],\"/b\":[\"*\"]}}", RULES, RULES, false },
		{ "{}", "{\"filters\":{\"file_extensions\":[{\"path\":\"/\","
		    "\"denied_extensions\":[\".exe\"]}]}}", RULES, RULES, false },
		/* another tree */
		{ "{}", "{\"home_dir\":\"/srv/other\"}", PROCESS, PROCESS, false },
		{ "{}", "{" FOLDERS("/x", "/srv/x") "}", RULES | PROCESS, RULES | PROCESS, false },
		{ "{" FOLDERS("/x", "/srv/x") "}", "{}", RULES | PROCESS, RULES | PROCESS, false },
		{ "{" FOLDERS("/x", "/srv/x") "}", "{" FOLDERS("/x", "/srv/y") "}",
		    RULES | PROCESS, RULES | PROCESS, false },
		{ "{" FOLDERS("/x", "/srv/x") "}", "{" FOLDERS("/y", "/srv/x") "}",
		    RULES | PROCESS, RULES | PROCESS, false },
		{ "{" FOLDERS("/x", "/srv/x") "}", "{" FOLDERS("/x", "/srv/x") "}", 0, 0, false },
		/* other ids, where sessions have those of their account */
		{ "{}", "{\"uid\":1001}", 0, 0, false },
		{ "{}", "{\"uid\":1001}", PROCESS, PROCESS, true },
		{ "{}", "{\"gid\":1001}", PROCESS, PROCESS, true },
		{ "{}", "{\"uid\":0,\"gid\":0}", PROCESS, PROCESS, true },
		/* several at once */
		{ "{}", "{\"home_dir\":\"/b\",\"upload_bandwidth\":1,\"permissions\":{\"/\":[]}}",
		    RATES | RULES | PROCESS, RATES | RULES | PROCESS, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct user *before = account(table[i].before), *now = account(table[i].now);

		if (account_difference(before, now, &settings, table[i].map_ids) !=
			table[i].found ||
		    account_difference(before, now, &atomic, table[i].map_ids) !=
			table[i].found_atomic)
			fail_msg("%s -> %s", table[i].before, table[i].now);
		user_free(&before);
		user_free(&now);
	}
}

static void
who_has_to_go(void **state)
{
	static const struct {
		const char *now;
		const char *reason;
	} table[] = {
		{ "{}", NULL },
		{ "{\"status\":0}", "the account has been disabled" },
		{ "{\"expiration_date\":999}", "the account has expired" },
		{ "{\"expiration_date\":1000}", NULL },
		{ "{\"expiration_date\":1001}", NULL },
		{ "{\"max_sessions\":1}", NULL },
		{ "{\"home_dir\":\"relative\"}", "the account has been changed" },
		{ "{\"filters\":{\"denied_login_methods\":[\"password\",\"publickey\"]}}", NULL },
		{ "{\"filters\":{\"denied_ip\":[\"192.0.2.1/32\"]}}",
		    "the account may not be used from this address" },
		{ "{\"filters\":{\"denied_ip\":[\"192.0.2.2/32\"]}}", NULL },
		{ "{\"filters\":{\"allowed_ip\":[\"192.0.2.0/24\"]}}", NULL },
		{ "{\"filters\":{\"allowed_ip\":[\"198.51.100.0/24\"]}}",
		    "the account may not be used from this address" },
	};
	struct address address;

	(void)state;
	assert_int_equal(address_parse("192.0.2.1", &address), 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct user *now = account(table[i].now);
		const char *reason = account_end_reason(now, &address, 1000);

		if (table[i].reason == NULL)
			assert_null(reason);
		else
			assert_string_equal(reason, table[i].reason);
		user_free(&now);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(who_has_to_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
