/* Who may connect: each cap at n and n + 1, penalties, bounded memory. The test owns the clock. */
#include "master/admission.h"

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

static struct admission *
with(uint32_t all, uint32_t per_address, uint32_t connections)
{
	struct admission *a;
	struct admission_limits limits = { .unauthenticated = all,
		.unauthenticated_per_address = per_address, .connections = connections,
		.penalty_ms = 1000 };

	assert_int_equal(admission_new(&a, &limits), 0);
	return a;
}

static void
cap_per_address(void **state)
{
	struct admission *a = with(10, 2, 0);
	struct address one = at("192.0.2.1"), other = at("192.0.2.2");
	(void)state;

	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_REFUSED_ADDRESS);
	assert_int_equal(admission_enter(a, &other, 0), ADMISSION_ACCEPTED);
	/* a login makes room, and so does an end */
	admission_authenticated(a, &one);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_REFUSED_ADDRESS);
	admission_leave(a, &one, false);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	admission_free(&a);
}

static void
cap_in_all(void **state)
{
	struct admission *a = with(3, 3, 0);
	char text[32];
	struct address address;
	(void)state;

	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", i);
		address = at(text);
		assert_int_equal(admission_enter(a, &address, 0), ADMISSION_ACCEPTED);
	}
	address = at("192.0.2.9");
	assert_int_equal(admission_enter(a, &address, 0), ADMISSION_REFUSED_UNAUTHENTICATED);
	assert_int_equal(admission_unauthenticated(a), 3);
	admission_free(&a);
}

static void
cap_on_all_connections(void **state)
{
	struct admission *a = with(10, 10, 2);
	struct address one = at("192.0.2.1");
	(void)state;

	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	admission_authenticated(a, &one);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_REFUSED_TOTAL);
	admission_leave(a, &one, true);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	admission_free(&a);
}

static void
ipv6_counts_by_network(void **state)
{
	struct admission *a = with(10, 1, 0);
	struct address one = at("2001:db8:0:1::1"), same = at("2001:db8:0:1:ffff::2"),
		       other = at("2001:db8:0:2::1");
	(void)state;

	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_enter(a, &same, 0), ADMISSION_REFUSED_ADDRESS);
	assert_int_equal(admission_enter(a, &other, 0), ADMISSION_ACCEPTED);
	admission_free(&a);
}

static void
penalties_double_to_a_limit(void **state)
{
	struct admission *a = with(10, 10, 0);
	struct address one = at("192.0.2.1"), other = at("192.0.2.2");
	uint64_t now = 1000, lasts = 1000;
	(void)state;

	for (int i = 0; i < 7; i++) {
		admission_penalise(a, &one, now);
		assert_int_equal(admission_enter(a, &one, now + lasts - 1), ADMISSION_REFUSED_PENALTY);
		assert_int_equal(admission_enter(a, &other, now), ADMISSION_ACCEPTED);
		assert_int_equal(admission_enter(a, &one, now + lasts), ADMISSION_ACCEPTED);
		admission_leave(a, &one, false);
		admission_leave(a, &other, false);
		now += lasts;
		lasts = lasts < 16000 ? lasts * 2 : lasts;
	}
	admission_free(&a);
}

static void
penalties_are_bounded(void **state)
{
	struct admission *a = with(10, 10, 0);
	struct address address = at("10.0.0.0");
	(void)state;

	for (unsigned i = 0; i <= ADMISSION_PENALTIES_MAX; i++) {
		address.bytes[13] = (uint8_t)(i >> 16);
		address.bytes[14] = (uint8_t)(i >> 8);
		address.bytes[15] = (uint8_t)i;
		admission_penalise(a, &address, 0);
	}
	/* the one above the cap was not taken in, and is not refused */
	assert_int_equal(admission_enter(a, &address, 1), ADMISSION_ACCEPTED);
	admission_leave(a, &address, false);
	/* when the others are over there is room again */
	admission_penalise(a, &address, 1000000);
	assert_int_equal(admission_enter(a, &address, 1000001), ADMISSION_REFUSED_PENALTY);
	admission_free(&a);
}

static void
limits_change(void **state)
{
	struct admission *a = with(2, 10, 0);
	struct address one = at("10.0.0.1");
	struct admission_limits limits = { .unauthenticated = 1, .unauthenticated_per_address = 10,
		.penalty_ms = 1000 };
	(void)state;

	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	/* those above the new limit stay, and count */
	admission_set_limits(a, &limits);
	assert_int_equal(admission_unauthenticated(a), 2);
	admission_leave(a, &one, false);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_REFUSED_UNAUTHENTICATED);
	admission_leave(a, &one, false);
	assert_int_equal(admission_enter(a, &one, 0), ADMISSION_ACCEPTED);
	admission_leave(a, &one, false);
	admission_free(&a);
}

/* A proxy's connections fill the server, but no address; each client's fills its own. */
static void
proxies(void **state)
{
	struct admission *a = with(4, 2, 5);
	struct address client = at("192.0.2.1"), other = at("192.0.2.2");
	(void)state;

	for (int i = 0; i < 4; i++)
		assert_int_equal(admission_enter(a, NULL, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_enter(a, NULL, 0), ADMISSION_REFUSED_UNAUTHENTICATED);
	assert_int_equal(admission_place(a, &client, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_place(a, &client, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_place(a, &client, 0), ADMISSION_REFUSED_ADDRESS);
	admission_leave(a, NULL, false);
	assert_int_equal(admission_place(a, &other, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_unauthenticated(a), 3);
	admission_authenticated(a, &client);
	assert_int_equal(admission_enter(a, &client, 0), ADMISSION_ACCEPTED);
	assert_int_equal(admission_enter(a, NULL, 0), ADMISSION_ACCEPTED);
	admission_penalise(a, &other, 0);
	assert_int_equal(admission_place(a, &other, 999), ADMISSION_REFUSED_PENALTY);
	assert_int_equal(admission_place(a, &other, 1000), ADMISSION_ACCEPTED);
	/* five connections are all that there may be */
	admission_authenticated(a, &other);
	assert_int_equal(admission_enter(a, NULL, 0), ADMISSION_REFUSED_TOTAL);
	admission_leave(a, &other, true);
	admission_leave(a, &other, false);
	admission_leave(a, &client, true);
	admission_leave(a, &client, false);
	admission_leave(a, &client, false);
	assert_int_equal(admission_unauthenticated(a), 0);
	admission_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cap_per_address),
		cmocka_unit_test(cap_in_all),
		cmocka_unit_test(cap_on_all_connections),
		cmocka_unit_test(ipv6_counts_by_network),
		cmocka_unit_test(penalties_double_to_a_limit),
		cmocka_unit_test(penalties_are_bounded),
		cmocka_unit_test(limits_change),
		cmocka_unit_test(proxies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
