/*
 * TOML 1.0 by its own rules: what is valid and what it means, and what is not. One thing is refused
 * that TOML allows: a NUL that an escape writes, because no setting can hold it.
 */
#include "config/config_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int
read_toml(const char *text, struct config_source *src, struct buf *mistakes)
{
	*mistakes = buf_init(64 * 1024);
	*src = (struct config_source){ .path = "f", .format = CONFIG_TOML, .text = view_of(text),
		.mistakes = mistakes };
	return config_source_read(src);
}

struct valid {
	const char *toml;
	const char *json; /* its tree */
};

static void
expect_valid(const struct valid *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct config_source src;
		struct buf mistakes;
		char *json;

		if (read_toml(cases[i].toml, &src, &mistakes) != 0)
			fail_msg("%s: %.*s", cases[i].toml, (int)mistakes.n, mistakes.p);
		json = json_dumps(src.root, JSON_COMPACT | JSON_REAL_PRECISION(6));
		if (strcmp(json, cases[i].json) != 0)
			fail_msg("%s: is %s, not %s", cases[i].toml, json, cases[i].json);
		free(json);
		config_source_free(&src);
		buf_free(&mistakes);
	}
}

static void
expect_invalid(const char *const *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct config_source src;
		struct buf mistakes;

		if (read_toml(cases[i], &src, &mistakes) != ERR_INVALID)
			fail_msg("this was accepted: %s", cases[i]);
		assert_memory_equal(mistakes.p, "f:", 2);
		config_source_free(&src);
		buf_free(&mistakes);
	}
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
test_keys(void **state)
{
	static const struct valid valid[] = {
		{ "a=1", "{\"a\":1}" },
		{ " \t a \t = \t 1 \t ", "{\"a\":1}" },
		{ "A-z_0 = 1", "{\"A-z_0\":1}" },
		{ "1 = 2\n-1 = 3\n1e1 = 4", "{\"1\":2,\"-1\":3,\"1e1\":4}" },
		{ "true = 1\ninf = 2", "{\"true\":1,\"inf\":2}" },
		{ "\"a b\" = 1", "{\"a b\":1}" },
		{ "'a \\n' = 1", "{\"a \\\\n\":1}" },
		{ "\"\\u00e9\" = 1", "{\"\xc3\xa9\":1}" },
		{ "'\"' = 1", "{\"\\\"\":1}" },
		{ "\"a.b\" = 1\na.b = 2", "{\"a.b\":1,\"a\":{\"b\":2}}" },
		{ "a.b.c = 1\na.b.d = 2\na.e = 3", "{\"a\":{\"b\":{\"c\":1,\"d\":2},\"e\":3}}" },
		{ "a . b = 1", "{\"a\":{\"b\":1}}" },
		{ "a.\"b.c\".'d' = 1", "{\"a\":{\"b.c\":{\"d\":1}}}" },
		{ "3.14 = 1", "{\"3\":{\"14\":1}}" },
		{ "a.b=1\nc=2\na.d=3", "{\"a\":{\"b\":1,\"d\":3},\"c\":2}" },
		{ "a={x=1}\nb.c=1\nd={y.z=1,y.w=2}\nb.e=2",
		    "{\"a\":{\"x\":1},\"b\":{\"c\":1,\"e\":2},\"d\":{\"y\":{\"z\":1,\"w\":2}}}" },
	};
	static const char *const invalid[] = { "a", "a=", "a\n=1", "=1", "a b=1", "a..b=1", ".a=1",
		"a.=1", "a=1 b=2", "a=1\na=2", "a=1\n\"a\"=2", "a=1\n'a'=2", "a.b=1\na=2",
		"a=1\na.b=2", "a.b=1\na.b.c=2", "a=[1]\na.b=2", "\"\"\"a\"\"\"=1", "'''a'''=1",
		"\"a\nb\"=1", "\"a=1", "a\"b=1", "a'b'=1", "\xc3\xa9=1", "a@b=1", "a:b=1", "a==1",
		"[a]\n[b]=1", "\"\\x\"=1", "a = 1 = 2", "a #=1", "!a=1", "a,b=1" };

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
test_strings(void **state)
{
	static const struct valid valid[] = {
		{ "a=\"\"", "{\"a\":\"\"}" },
		{ "a=''", "{\"a\":\"\"}" },
		{ "a=\"\"\"\"\"\"", "{\"a\":\"\"}" },
		{ "a=''''''", "{\"a\":\"\"}" },
		{ "a=\"\\b\\t\\n\\f\\r\\\"\\\\\"", "{\"a\":\"\\b\\t\\n\\f\\r\\\"\\\\\"}" },
		{ "a=\"\\u0041\\U0001F600\"", "{\"a\":\"A\xf0\x9f\x98\x80\"}" },
		{ "a=\"\\U0010FFFF\"", "{\"a\":\"\xf4\x8f\xbf\xbf\"}" },
		{ "a=\"tab\there\"", "{\"a\":\"tab\\there\"}" },
		{ "a='C:\\x'", "{\"a\":\"C:\\\\x\"}" },
		{ "a='it\"s'", "{\"a\":\"it\\\"s\"}" },
		{ "a=\"# no comment\" # one", "{\"a\":\"# no comment\"}" },
		{ "a=\"\"\"\nx\ny\"\"\"", "{\"a\":\"x\\ny\"}" },
		{ "a=\"\"\"\r\nx\r\ny\"\"\"", "{\"a\":\"x\\ny\"}" },
		{ "a='''\nx\n y'''", "{\"a\":\"x\\n y\"}" },
		{ "a=\"\"\"x \\\n\n   y\"\"\"", "{\"a\":\"x y\"}" },
		{ "a=\"\"\"x \\  \n  y\"\"\"", "{\"a\":\"x y\"}" },
		{ "a=\"\"\"\\\n  \"\"\"", "{\"a\":\"\"}" },
		{ "a='''x\\\ny'''", "{\"a\":\"x\\\\\\ny\"}" },
		{ "a=\"\"\"a \"b\" \"\"c\"\" \"\"\"",
		    "{\"a\":\"a \\\"b\\\" \\\"\\\"c\\\"\\\" \"}" },
		{ "a=\"\"\"x\"\"\"\"", "{\"a\":\"x\\\"\"}" },
		{ "a=\"\"\"x\"\"\"\"\"", "{\"a\":\"x\\\"\\\"\"}" },
		{ "a='''x''''", "{\"a\":\"x'\"}" },
		{ "a='''x'''''", "{\"a\":\"x''\"}" },
		{ "a=\"\"\"\"x\"\"\"", "{\"a\":\"\\\"x\"}" },
		{ "a=\"\"\"x\\\"\"\"\"", "{\"a\":\"x\\\"\"}" },
	};
	static const char *const invalid[] = { "a=\"", "a='", "a=\"x", "a=\"x\ny\"", "a='x\ny'",
		"a=\"\"\"x", "a='''x", "a='''x''", "a=\"\"\"x\"\"\"\"\"\"", "a='''x''''''",
		"a=\"\\a\"", "a=\"\\x41\"", "a=\"\\e\"", "a=\"\\'\"", "a=\"\\ \"", "a=\"\\u12\"",
		"a=\"\\u12g4\"", "a=\"\\ud800\"", "a=\"\\udfff\"", "a=\"\\U00110000\"",
		"a=\"\\U0000D800\"", "a=\"\\u0000\"", "a=\"x\\\"", "a=\"\"\"x\\ y\"\"\"",
		"a=\"\x01\"", "a='\x7f'", "a=\"\"\"\x1f\"\"\"", "a='''\x0b'''",
		    "a=\"\"\"x\ry\"\"\"",
		"a='''x\ry'''", "a=\"x\ry\"", "a=x", "a=\"x\" y", "a=\"x\"\"y\"", "a='x'y'",
		"# \x01", "a=1 # \x7f", "a=1 # \r", "a=1\rb=2" };

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
test_numbers(void **state)
{
	static const struct valid valid[] = {
		{ "a=0", "{\"a\":0}" },
		{ "a=+0\nb=-0", "{\"a\":0,\"b\":0}" },
		{ "a=+99\nb=-17", "{\"a\":99,\"b\":-17}" },
		{ "a=1_000\nb=1_2_3", "{\"a\":1000,\"b\":123}" },
		{ "a=9223372036854775807", "{\"a\":9223372036854775807}" },
		{ "a=-9223372036854775808", "{\"a\":-9223372036854775808}" },
		/* in another base: as settings read them */
		{ "a=0xDEADbeef\nb=0xdead_beef", "{\"a\":\"0xdeadbeef\",\"b\":\"0xdeadbeef\"}" },
		{ "a=0o755\nb=0o01", "{\"a\":\"0755\",\"b\":\"01\"}" },
		{ "a=0b1101_0110", "{\"a\":\"0xd6\"}" },
		{ "a=0x7fffffffffffffff", "{\"a\":\"0x7fffffffffffffff\"}" },
		{ "a=1.5\nb=-0.25", "{\"a\":1.5,\"b\":-0.25}" },
		{ "a=5e+22\nb=1e06\nc=-2E-2", "{\"a\":5e22,\"b\":1e6,\"c\":-0.02}" },
		{ "a=6.5e1_0", "{\"a\":6.5e10}" },
		{ "a=1_0.2_5", "{\"a\":10.25}" },
		{ "a=inf\nb=-inf\nc=nan\nd=+nan",
		    "{\"a\":\"inf\",\"b\":\"inf\",\"c\":\"nan\",\"d\":\"nan\"}" },
		{ "a=true\nb=false", "{\"a\":true,\"b\":false}" },
	};
	static const char *const invalid[] = { "a=01", "a=-01", "a=00", "a=1_", "a=_1", "a=1__0",
		"a=+_1", "a=++1", "a=+-1", "a=1-1", "a=0x", "a=0o", "a=0b", "a=0xg", "a=0o8",
		"a=0b2", "a=0X1", "a=0O7", "a=0B1", "a=+0x1", "a=-0o7", "a=0x_1", "a=0x1_",
		"a=0b1__0", "a=9223372036854775808", "a=-9223372036854775809",
		"a=0x8000000000000000", "a=1.", "a=.5", "a=+.5", "a=1.e5", "a=1._5", "a=1_.5",
		"a=1.5_", "a=1e", "a=1e+", "a=1e_5", "a=1e5_", "a=1e1.5", "a=1.2.3", "a=01.5",
		"a=1ee5", "a=Inf", "a=NaN", "a=infinity", "a=True", "a=TRUE", "a=truer", "a=yes",
		"a=null", "a=1a", "a=1 2", "a=1,2", "a=0_1", "a=1e5e5", "a=1f", "a=- 1" };

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
test_dates(void **state)
{
	static const struct valid valid[] = {
		{ "a=1979-05-27T07:32:00Z", "{\"a\":\"1979-05-27T07:32:00Z\"}" },
		{ "a=1979-05-27T00:32:00.999999-07:00",
		    "{\"a\":\"1979-05-27T00:32:00.999999-07:00\"}" },
		{ "a=1979-05-27 07:32:00z # x", "{\"a\":\"1979-05-27 07:32:00z\"}" },
		{ "a=1979-05-27t07:32:00", "{\"a\":\"1979-05-27t07:32:00\"}" },
		{ "a=1979-05-27", "{\"a\":\"1979-05-27\"}" },
		{ "a=1979-05-27 ", "{\"a\":\"1979-05-27\"}" },
		{ "a=07:32:00\nb=00:32:00.5", "{\"a\":\"07:32:00\",\"b\":\"00:32:00.5\"}" },
		{ "a=2000-02-29\nb=2024-02-29", "{\"a\":\"2000-02-29\",\"b\":\"2024-02-29\"}" },
		{ "a=1990-12-31T23:59:60Z", "{\"a\":\"1990-12-31T23:59:60Z\"}" },
	};
	static const char *const invalid[] = { "a=1979-00-01", "a=1979-13-01", "a=1979-01-00",
		"a=1979-01-32", "a=1979-04-31", "a=1979-02-29", "a=1900-02-29", "a=1979-1-01",
		"a=79-01-01", "a=1979-01-1", "a=1979-01-01T", "a=1979-01-01T24:00:00",
		"a=1979-01-01T00:60:00", "a=1979-01-01T00:00:61", "a=1979-01-01T00:00",
		"a=1979-01-01T0:00:00", "a=1979-01-01T00:00:00.", "a=1979-01-01T00:00:00+25:00",
		"a=1979-01-01T00:00:00+00:60", "a=1979-01-01T00:00:00+1", "a=1979-01-01X00:00:00",
		"a=1979-01-01Z", "a=25:00:00", "a=00:00", "a=00:00:00Z", "a=1979-01-01  00:00:00",
		"a=1979-01-01T00:00:00ZZ" };

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
test_arrays(void **state)
{
	static const struct valid valid[] = {
		{ "a=[]", "{\"a\":[]}" },
		{ "a=[ ]", "{\"a\":[]}" },
		{ "a=[\n# x\n]", "{\"a\":[]}" },
		{ "a=[1,2]", "{\"a\":[1,2]}" },
		{ "a=[1,2,]", "{\"a\":[1,2]}" },
		{ "a=[ 1 , # x\n 2\n , ]", "{\"a\":[1,2]}" },
		{ "a=[\n\n1\n,\n2\n]", "{\"a\":[1,2]}" },
		{ "a=[[1],['x',[]]]", "{\"a\":[[1],[\"x\",[]]]}" },
		{ "a=[1,\"x\",true,{b=1}]", "{\"a\":[1,\"x\",true,{\"b\":1}]}" },
		{ "a=['#','[',']',',']", "{\"a\":[\"#\",\"[\",\"]\",\",\"]}" },
		{ "a=[\"\"\"\nx\"\"\",'''y''']", "{\"a\":[\"x\",\"y\"]}" },
		{ "a={}", "{\"a\":{}}" },
		{ "a={ }", "{\"a\":{}}" },
		{ "a={b=1,c={d=2}}", "{\"a\":{\"b\":1,\"c\":{\"d\":2}}}" },
		{ "a={ b . c = 1 , b . d = 2 }", "{\"a\":{\"b\":{\"c\":1,\"d\":2}}}" },
		{ "a={b=[\n1,\n2]}", "{\"a\":{\"b\":[1,2]}}" },
	};
	static const char *const invalid[] = { "a=[", "a=[1", "a=[1,", "a=[,]", "a=[,1]",
		"a=[1,,2]", "a=[1 2]", "a=[1]]", "a=[1}", "a=]", "a=[1] 2", "a=[b=1]", "a={",
		    "a={b",
		"a={b=", "a={b=1", "a={b=1,", "a={b=1,}", "a={,}", "a={,b=1}", "a={b=1,,c=2}",
		"a={b=1 c=2}", "a={b=1\n}", "a={\nb=1}", "a={b=1,\nc=2}", "a={b=1 # x\n}",
		"a={b=1,b=2}", "a={b=1,b.c=2}", "a={b.c=1,b=2}", "a={b={c=1},b.d=2}",
		    "a={b=1}\na.c=2",
		"a={b.c=1}\na.b.d=2", "a={}\n[a.b]", "a={}\n[a]", "a=[{b=1}]\n[a.c]", "a=[]\n[[a]]",
		"a={b=[]}\n[[a.b]]", "a={1}", "a={b:1}", "a=[1;2]", "a={}}" };

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
test_tables(void **state)
{
	static const struct valid valid[] = {
		{ "[a]", "{\"a\":{}}" },
		{ "[ a ]\nb=1 # x", "{\"a\":{\"b\":1}}" },
		{ "[a.b.c]\nd=1", "{\"a\":{\"b\":{\"c\":{\"d\":1}}}}" },
		{ "[ a . 'b c' . \"d\" ]", "{\"a\":{\"b c\":{\"d\":{}}}}" },
		{ "[a.b]\nx=1\n[a]\ny=2", "{\"a\":{\"b\":{\"x\":1},\"y\":2}}" },
		{ "[a]\n[b]\n[a.c]", "{\"a\":{\"c\":{}},\"b\":{}}" },
		{ "[a]\nb.c=1\n[a.d]", "{\"a\":{\"b\":{\"c\":1},\"d\":{}}}" },
		{ "[a]\nb.c=1\n[a.b.d]\ne=2", "{\"a\":{\"b\":{\"c\":1,\"d\":{\"e\":2}}}}" },
		{ "a.b=1\n[a.c]", "{\"a\":{\"b\":1,\"c\":{}}}" },
		{ "[\"\\u0061\"]", "{\"a\":{}}" },
		{ "[a] # x\n[b]", "{\"a\":{},\"b\":{}}" },
		{ "[[a]]", "{\"a\":[{}]}" },
		{ "[[a]]\nb=1\n[[a]]\n[[a]]\nb=3", "{\"a\":[{\"b\":1},{},{\"b\":3}]}" },
		{ "[[a]]\n[a.b]\nc=1\n[[a]]\n[a.b]\nc=2",
		    "{\"a\":[{\"b\":{\"c\":1}},{\"b\":{\"c\":2}}]}" },
		{ "[[a]]\n[[a.b]]\nc=1\n[[a.b]]\nc=2\n[[a]]\n[[a.b]]\nc=3",
		    "{\"a\":[{\"b\":[{\"c\":1},{\"c\":2}]},{\"b\":[{\"c\":3}]}]}" },
		{ "[[a.b]]\nx=1\n[a]\ny=2", "{\"a\":{\"b\":[{\"x\":1}],\"y\":2}}" },
		{ "[[ a . b ]]", "{\"a\":{\"b\":[{}]}}" },
		{ "[[a]]\nb.c=1\n[[a]]\nb.c=2", "{\"a\":[{\"b\":{\"c\":1}},{\"b\":{\"c\":2}}]}" },
	};
	static const char *const invalid[] = { "[]", "[ ]", "[a", "[a\n]", "a]", "[a]]", "[[a]",
		"[[a] ]", "[ [a]]", "[[]]", "[a.]", "[.a]", "[a..b]", "[a b]", "[a]b=1", "[a] [b]",
		"[a=1]", "[a]\n[a]", "[a]\n[b]\n[a]", "[a.b]\n[a]\n[a]", "[a.b]\n[a.b]", "a=1\n[a]",
		"a=1\n[a.b]", "[a]\nb=1\n[a.b]", "a.b=1\n[a]", "[a]\nb.c=1\n[a.b]",
		    "[a.b]\n[a]\nb=1",
		"[a.b]\n[a]\nb.c=1", "[a.b.c]\n[a]\nb.c.d=1", "[a]\nx=1\n[[a]]", "[[a]]\n[a]",
		"[a]\n[[a]]", "[a.b]\n[[a]]", "a=[]\n[[a]]", "a=[1]\n[a.b]", "a=1\n[[a]]",
		"[[a]]\nb=[1]\n[a.b.c]", "[[a]]\n[[a.b]]\n[a.b]", "[[a]]\n[a.b]\n[[a.b]]",
		"a.b.c=1\n[a.b]", "[[a.b]]\n[a]\nb.y=2", "[[a.b]]\n[a]\nb=1", "[a.b]\nc=1\n[a.b.c]",
		"[a.b]\nc.d=1\n[a]\nb.c.e=2" };

	(void)state;
	expect_valid(valid, COUNT(valid));
	expect_invalid(invalid, COUNT(invalid));
}

static void
test_files(void **state)
{
	static const struct valid valid[] = {
		{ "", "{}" },
		{ "\n\n \t\n", "{}" },
		{ "# x", "{}" },
		{ "# x\n# y\n", "{}" },
		{ "# tab\there, \xc3\xa9", "{}" },
		{ "a=1#x", "{\"a\":1}" },
		{ "a=1\r\nb=2\r\n", "{\"a\":1,\"b\":2}" },
		{ "\xef\xbb\xbf" "a=1", "{\"a\":1}" },
	};

	(void)state;
	expect_valid(valid, COUNT(valid));
}

static void
test_lines(void **state)
{
	static const char text[] = "a = \"\"\"\n\n\"\"\"\n[b]\n\nc = [\n1,\n]\n[[d]]\ne.f = 1\n";
	struct config_source src;
	struct buf mistakes;
	const json_t *b, *d;

	(void)state;
	assert_int_equal(read_toml(text, &src, &mistakes), 0);
	b = json_object_get(src.root, "b");
	d = json_array_get(json_object_get(src.root, "d"), 0);
	for (size_t i = 0; i < src.place_count; i++) {
		const struct config_place *place = &src.places[i];
		unsigned wanted = strcmp(place->key, "a") == 0 ? 1
		    : strcmp(place->key, "b") == 0 ? 4
		    : strcmp(place->key, "c") == 0 ? 6
		    : strcmp(place->key, "d") == 0 ? 9 : 10;

		assert_int_equal(config_source_line(&src, place->object, place->key), wanted);
	}
	assert_int_equal(config_source_line(&src, b, "c"), 0); /* not its own copy of the key */
	assert_int_equal(json_object_size(d), 1);
	config_source_free(&src);
	buf_free(&mistakes);
}

static void
expect_count(size_t count, const char *what, size_t parts, int wanted)
{
	struct buf text = buf_init(1024 * 1024), mistakes;
	struct config_source src;

	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "[t%zu]\n", i);
	for (size_t i = 0; i < parts; i++)
		buf_text(&text, i > 0 ? ".a" : "a");
	buf_text(&text, what);
	buf_u8(&text, 0);
	assert_int_equal(read_toml((char *)text.p, &src, &mistakes), wanted);
	config_source_free(&src);
	buf_free(&mistakes);
	buf_free(&text);
}

static void
test_limits(void **state)
{
	(void)state;
	expect_count(1000, "", 0, 0);
	expect_count(1001, "", 0, ERR_INVALID);
	expect_count(0, "=1", CONFIG_DEPTH_MAX, 0);
	expect_count(0, "=1", CONFIG_DEPTH_MAX + 1, ERR_INVALID);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
