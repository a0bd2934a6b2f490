/* Lists of networks, and what an address is. */
#include "base/networks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct address
at(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(text, &a), 0);
	return a;
}

static bool
listed(char *const *texts, size_t count, const char *address)
{
	struct networks list = { 0 };
	struct address a = at(address);
	bool found;

	assert_int_equal(networks_set(&list, texts, count), 0);
	found = networks_have(&list, &a);
	networks_clear(&list);
	return found;
}

static void
an_address_is_looked_for(void **state)
{
	char range[] = "192.0.2.0/24", one[] = "198.51.100.7", six[] = "2001:db8::/32";
	char *const texts[] = { range, one, six };
	(void)state;

	assert_true(listed(texts, 3, "192.0.2.0"));
	assert_true(listed(texts, 3, "192.0.2.255"));
	assert_true(listed(texts, 3, "::ffff:192.0.2.9"));
	assert_false(listed(texts, 3, "192.0.3.0"));
	assert_true(listed(texts, 3, "198.51.100.7"));
	assert_false(listed(texts, 3, "198.51.100.8"));
	assert_true(listed(texts, 3, "2001:db8:ffff::1"));
	assert_false(listed(texts, 3, "2001:db9::"));
	assert_false(listed(texts, 0, "192.0.2.0"));
}

/* "All of IPv6" is not all: a rule for the one family must not decide about the other. */
static void
families_stay_apart(void **state)
{
	char four[] = "0.0.0.0/0", six[] = "::/0", mapped[] = "::ffff:192.0.2.0/120";
	char *texts[1];
	(void)state;

	texts[0] = four;
	assert_true(listed(texts, 1, "203.0.113.7"));
	assert_false(listed(texts, 1, "2001:db8::1"));
	texts[0] = six;
	assert_true(listed(texts, 1, "2001:db8::1"));
	assert_false(listed(texts, 1, "203.0.113.7"));
	assert_false(listed(texts, 1, "::ffff:203.0.113.7"));
	texts[0] = mapped;
	assert_true(listed(texts, 1, "192.0.2.255"));
	assert_false(listed(texts, 1, "192.0.3.0"));
}

static void
a_bad_text_changes_nothing(void **state)
{
	char good[] = "192.0.2.1", bad[] = "192.0.2.0/33";
	char *const texts[] = { good, bad };
	struct networks list = { 0 };
	struct address a = at("192.0.2.1");
	(void)state;

	assert_int_equal(networks_set(&list, texts, 1), 0);
	assert_int_equal(networks_set(&list, texts, 2), ERR_FORMAT);
	assert_int_equal(list.count, 1);
	assert_true(networks_have(&list, &a));
	networks_clear(&list);
}

static void
texts_come_back(void **state)
{
	static const char *const pairs[][2] = {
		{ "192.0.2.1", "192.0.2.1" }, { "192.0.2.77/24", "192.0.2.0/24" },
		{ "192.0.2.1/32", "192.0.2.1" }, { "0.0.0.0/0", "0.0.0.0/0" },
		{ "192.0.2.255/31", "192.0.2.254/31" }, { "::ffff:192.0.2.1", "192.0.2.1" },
		{ "2001:DB8::5", "2001:db8::5" }, { "2001:db8:1:2:3:4:5:6/64", "2001:db8:1:2::/64" },
		{ "::/0", "::/0" }, { "2001:db8::1/127", "2001:db8::/127" },
	};
	static const char *const bad[] = { "", "x", "192.0.2", "192.0.2.0/", "192.0.2.0/33", "::/129",
		" 192.0.2.1", "192.0.2.1 ", "/8", "192.0.2.1/-1" };
	char text[NETWORK_TEXT_MAX];
	struct cidr network;
	(void)state;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(network_parse(pairs[i][0], &network), 0);
		assert_string_equal(network_text(&network, text), pairs[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(network_parse(bad[i], &network), ERR_FORMAT);
}

static void
what_a_client_can_have(void **state)
{
	static const char *const can[] = { "1.0.0.0", "127.0.0.1", "192.0.2.1", "223.255.255.255",
		"::1", "2001:db8::1", "fe80::1", "fe00::1" };
	static const char *const cannot[] = { "0.0.0.0", "0.255.255.255", "224.0.0.0",
		"255.255.255.255", "240.0.0.1", "::", "ff02::1", "::ffff:224.0.0.1" };
	struct address a;
	(void)state;

	for (size_t i = 0; i < sizeof(can) / sizeof(can[0]); i++) {
		a = at(can[i]);
		assert_true(address_is_unicast(&a));
	}
	for (size_t i = 0; i < sizeof(cannot) / sizeof(cannot[0]); i++) {
		a = at(cannot[i]);
		assert_false(address_is_unicast(&a));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_looked_for),
		cmocka_unit_test(families_stay_apart),
		cmocka_unit_test(a_bad_text_changes_nothing),
		cmocka_unit_test(texts_come_back),
		cmocka_unit_test(what_a_client_can_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
