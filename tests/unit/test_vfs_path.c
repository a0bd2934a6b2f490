/* vpath_parse() and what takes paths apart: one spelling for every path, within the limits. */
#include "vfs/vfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text, *normal;
} spellings[] = {
	{ "", "/" }, { "/", "/" }, { ".", "/" }, { "..", "/" }, { "/..", "/" }, { "//", "/" },
	{ "/.", "/" }, { "/./", "/" }, { "../../..", "/" }, { "/../../a", "/a" }, { "a", "/a" },
	{ "a/", "/a" }, { "a//b", "/a/b" }, { "./a", "/a" }, { "a/.", "/a" }, { "a/..", "/" },
	{ "a/../b", "/b" }, { "a/b/../..", "/" }, { "a/b/../../..", "/" }, { "a/./b", "/a/b" },
	{ "/a/../../b", "/b" }, { "...", "/..." }, { "/.../..", "/" }, { "..a", "/..a" },
	{ "a..", "/a.." }, { ".a", "/.a" }, { "..\\..", "/..\\.." }, { "%2e%2e/a", "/%2e%2e/a" },
	{ " ", "/ " }, { "a /b", "/a /b" }, { "~", "/~" }, { "-rf", "/-rf" }, { "\n", "/\n" },
	{ "\xff\xfe", "/\xff\xfe" }, { "\xc0\xae\xc0\xae/a", "/\xc0\xae\xc0\xae/a" },
	{ "/a/b/c/../../../d", "/d" }, { "////a////", "/a" }, { "a/../a/../a", "/a" },
};

static void
test_spellings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		struct vpath path;

		assert_int_equal(vpath_parse(&path, view_of(spellings[i].text)), 0);
		assert_string_equal(path.text, spellings[i].normal);
		assert_int_equal(path.length, strlen(path.text));
		assert_int_equal(vpath_is_root(&path), strcmp(path.text, "/") == 0);
	}
}

static void
test_every_byte_in_a_name(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		const uint8_t text[] = { 'x', (uint8_t)byte, 'y' };
		struct vpath path;
		int err = vpath_parse(&path, (struct view){ text, sizeof(text) });

		if (byte == 0) {
			assert_int_equal(err, ERR_FORMAT);
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(path.length, 4);
		assert_memory_equal(path.text + 1, text, sizeof(text));
	}
}

static void
test_name_limit(void **state)
{
	char name[VPATH_NAME_MAX + 1];
	struct vpath path;

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_int_equal(vpath_parse(&path, (struct view){ (uint8_t *)name, VPATH_NAME_MAX }), 0);
	assert_int_equal(path.length, VPATH_NAME_MAX + 1);
	assert_int_equal(strlen(vpath_name(&path)), VPATH_NAME_MAX);
	assert_int_equal(
	    vpath_parse(&path, (struct view){ (uint8_t *)name, VPATH_NAME_MAX + 1 }), ERR_LIMIT);
}

static void
test_path_limit(void **state)
{
	char text[VPATH_MAX + 1];
	struct vpath path;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 64 == 0 ? '/' : 'p';
	assert_int_equal(vpath_parse(&path, (struct view){ (uint8_t *)text, VPATH_MAX }), 0);
	assert_int_equal(path.length, VPATH_MAX);
	text[VPATH_MAX] = 'p';
	assert_int_equal(
	    vpath_parse(&path, (struct view){ (uint8_t *)text, VPATH_MAX + 1 }), ERR_LIMIT);
	/* The limit is that of the normal spelling, however long the client's is. */
	text[VPATH_MAX] = '/';
	assert_int_equal(vpath_parse(&path, (struct view){ (uint8_t *)text, VPATH_MAX + 1 }), 0);
	assert_int_equal(path.length, VPATH_MAX);
}

static void
test_long_input(void **state)
{
	size_t n = 300000;
	uint8_t *text = malloc(n);
	struct vpath path;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = "/./../"[i % 6];
	assert_int_equal(vpath_parse(&path, (struct view){ text, n }), 0);
	assert_string_equal(path.text, "/");
	free(text);
}

static void
test_parent_and_name(void **state)
{
	static const struct {
		const char *path, *parent, *name;
	} cases[] = {
		{ "/", "/", "" }, { "/a", "/", "a" }, { "/a/b", "/a", "b" },
		{ "/a/b/c", "/a/b", "c" }, { "/a/ ", "/a", " " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vpath path, parent;

		assert_int_equal(vpath_parse(&path, view_of(cases[i].path)), 0);
		vpath_parent(&path, &parent);
		assert_string_equal(parent.text, cases[i].parent);
		assert_int_equal(parent.length, strlen(parent.text));
		assert_string_equal(vpath_name(&path), cases[i].name);
		vpath_parent(&path, &path);
		assert_string_equal(path.text, cases[i].parent);
	}
}

static void
test_directory_is_meant(void **state)
{
	static const char *const yes[] = { "/", "a/", "/a//", "a/.", "/a/..", ".", "..", "../" };
	static const char *const no[] = { "", "a", "/a", "/a/b", "a/...", "a/.b", "a.", "/..x" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(vpath_wants_directory(view_of(yes[i])));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(vpath_wants_directory(view_of(no[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_every_byte_in_a_name),
		cmocka_unit_test(test_name_limit),
		cmocka_unit_test(test_path_limit),
		cmocka_unit_test(test_long_input),
		cmocka_unit_test(test_parent_and_name),
		cmocka_unit_test(test_directory_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
