/* The control API's dumps and loads: what is written, what is read, and every refusal. */
#include "control_harness.h"

#include "base/fd.h"

#include <sys/stat.h>

static json_t *
dump_body(const char *file, const char *indent)
{
	return json_pack("{s:s, s:s}", "output_file", file, "indent", indent);
}

static json_t *
load_body(const char *file, json_int_t mode, json_int_t scan)
{
	return json_pack("{s:s, s:I, s:I}", "input_file", file, "mode", mode, "scan_quota", scan);
}

static const char *
path_of(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void
write_dump(const char *name, const char *text)
{
	assert_int_equal(fd_write_file(path_of(name), 0600, view_of(text)), 0);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(path_of(name), &st), 0);
	return st.st_mode & 07777;
}

static void
test_dump(void **state)
{
	struct server *server = start_server(0);
	struct buf compact = buf_init(1 << 20), indented = buf_init(1 << 20);
	struct failure failure;
	struct user_list list;
	mode_t before = umask(0);

	(void)state;
	assert_int_equal(ask(server, "user", "add", user_body("bob"), NULL), 200);
	assert_int_equal(ask(server, "backup", "dump", dump_body("a/b/all.json", "0"), NULL), 200);
	assert_int_equal(ask(server, "backup", "dump", dump_body("a/b/all.json", "x"), NULL), 200);
	assert_int_equal(ask(server, "backup", "dump", dump_body("indented", "1"), NULL), 200);
	umask(before);
	assert_int_equal(mode_of("backups/a/b/all.json"), 0600);
	assert_int_equal(mode_of("backups/a/b"), 0700);
	assert_int_equal(mode_of("backups/a"), 0700);
	assert_int_equal(mode_of("backups"), 0700);
	assert_int_equal(fd_read_file(path_of("backups/a/b/all.json"), &compact), 0);
	assert_int_equal(fd_read_file(path_of("backups/indented"), &indented), 0);
	assert_null(memchr(compact.p, '\n', compact.n));
	assert_memory_equal(indented.p, "{\n  \"users\"", 11);
	assert_int_equal(dump_parse(buf_view(&compact), &list, &failure), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(password_check(list.items[0]->password, view_of("pw")), PASSWORD_RIGHT);
	user_list_free(&list);
	buf_free(&compact);
	buf_free(&indented);
	stop_server(server);
}

static void
test_dump_refusals(void **state)
{
	static const char *const names[] = { "", "/tmp/x", "..", "../x", "a/../x", "a..b", "a/",
		"a/.", "." };
	struct server *server = start_server(0);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(ask(server, "backup", "dump", dump_body(names[i], "0"), NULL),
		    400);
	assert_int_equal(ask(server, "backup", "dump", json_object(), NULL), 400);
	assert_int_equal(ask(server, "backup", "dump", json_pack("{s:i}", "output_file", 1), NULL),
	    400);
	/* a link below the directory is not followed, neither as a directory nor as the file */
	assert_int_equal(ask(server, "backup", "dump", dump_body("good", "0"), NULL), 200);
	assert_int_equal(symlink("/tmp", path_of("backups/link")), 0);
	assert_int_equal(ask(server, "backup", "dump", dump_body("link/x", "0"), NULL), 500);
	assert_int_equal(symlink(path_of("target"), path_of("backups/file")), 0);
	assert_int_equal(ask(server, "backup", "dump", dump_body("file", "0"), NULL), 200);
	assert_int_equal(access(path_of("target"), F_OK), -1);
	/* where a file is in the way of a directory */
	assert_int_equal(ask(server, "backup", "dump", dump_body("good/x", "0"), NULL), 500);
	stop_server(server);
}

#define ACCOUNT(name, more) "{\"username\":\"" name "\",\"home_dir\":\"/h\",\"status\":1," \
	"\"password\":\"pw\",\"permissions\":{\"/\":[\"*\"]}" more "}"

static json_int_t
number_of(struct server *server, const char *name, const char *member)
{
	json_int_t number;
	json_t *body;

	assert_int_equal(ask(server, "user", "show", name_body(name), &body), 200);
	number = json_integer_value(json_object_get(body, member));
	json_decref(body);
	return number;
}

static void
test_load(void **state)
{
	struct server *server = start_server(0);
	struct failure failure;
	json_int_t id;

	(void)state;
	assert_int_equal(ask(server, "user", "add", user_body("bob"), NULL), 200);
	id = number_of(server, "bob", "id");
	assert_int_equal(provider_touch_login(server->provider, "bob", 1234, &failure), 0);
	write_dump("two", "{\"users\":[" ACCOUNT("bob", ",\"uid\":7,\"id\":99,\"last_login\":5") ","
	    ACCOUNT("eve", ",\"last_login\":5,\"quota_size\":10") "]}");
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("two"), 1, 1), NULL), 200);
	/* the one that was there is left alone, and not scanned */
	assert_int_equal(number_of(server, "bob", "uid"), 0);
	assert_int_equal(number_of(server, "eve", "last_login"), 0);
	assert_int_equal(server->scanned, 1);
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("two"), 0, 1), NULL), 200);
	assert_int_equal(number_of(server, "bob", "uid"), 7);
	assert_int_equal(number_of(server, "bob", "id"), id);
	assert_int_equal(number_of(server, "bob", "last_login"), 1234);
	assert_int_equal(server->scanned, 3);
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("two"), 2, 2), NULL), 200);
	assert_int_equal(server->scanned, 4);
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("two"), 2, 3), NULL), 200);
	assert_int_equal(server->scanned, 4);
	stop_server(server);
}

/* The first failure stops, and what was before it stays. */
static void
test_load_stops(void **state)
{
	struct server *server = start_server(0);

	(void)state;
	write_dump("three", "{\"users\":[" ACCOUNT("one", "") "," ACCOUNT("two", ",\"status\":5")
	    "," ACCOUNT("three", "") "]}");
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("three"), 0, 0), NULL),
	    400);
	assert_int_equal(ask(server, "user", "show", name_body("one"), NULL), 200);
	assert_int_equal(ask(server, "user", "show", name_body("two"), NULL), 404);
	assert_int_equal(ask(server, "user", "show", name_body("three"), NULL), 404);
	stop_server(server);
}

static void
test_load_refusals(void **state)
{
	struct server *server = start_server(0);
	char *spaces = malloc(DUMP_BYTES_MAX + 2);

	(void)state;
	assert_int_equal(ask(server, "backup", "load", json_object(), NULL), 400);
	assert_int_equal(ask(server, "backup", "load", load_body("two", 0, 0), NULL), 400);
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("none"), 0, 0), NULL), 400);
	assert_int_equal(ask(server, "backup", "load", load_body(directory, 0, 0), NULL), 400);
	write_dump("bad", "{");
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("bad"), 0, 0), NULL), 400);
	write_dump("bad", "");
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("bad"), 0, 0), NULL), 400);
	/* the longest file, and one byte more */
	memset(spaces, ' ', DUMP_BYTES_MAX + 1);
	memcpy(spaces, "{}", 2);
	spaces[DUMP_BYTES_MAX] = '\0';
	write_dump("long", spaces);
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("long"), 0, 0), NULL), 200);
	spaces[DUMP_BYTES_MAX] = ' ';
	spaces[DUMP_BYTES_MAX + 1] = '\0';
	write_dump("long", spaces);
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("long"), 0, 0), NULL), 400);
	free(spaces);
	/* a wrong scan_quota is not lost beside a good mode */
	assert_int_equal(ask(server, "backup", "load", json_pack("{s:s, s:s, s:i}", "input_file",
	    path_of("two"), "scan_quota", "x", "mode", 1), NULL), 400);
	assert_int_equal(ask(server, "backup", "load", json_pack("{s:s, s:s}", "input_file",
	    path_of("two"), "mode", "x"), NULL), 400);
	stop_server(server);
}

static void
test_not_managed(void **state)
{
	struct server *server = start_server_that(false, 0);

	(void)state;
	write_dump("one", "{\"users\":[" ACCOUNT("one", "") "]}");
	assert_int_equal(ask(server, "backup", "load", load_body(path_of("one"), 0, 0), NULL), 403);
	assert_int_equal(ask(server, "backup", "dump", dump_body("empty", "0"), NULL), 200);
	stop_server(server);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_dump_refusals),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_stops),
		cmocka_unit_test(test_load_refusals),
		cmocka_unit_test(test_not_managed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
