/* Bans: scores at n and n + 1, how they sink, how bans grow, full tables. The clock is ours. */
#include "master/bans.h"

#include "base/networks.h"
#include "master/bans_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE = 60 * 1000, OBSERVATION = 10 * MINUTE, FIRST = 5 * MINUTE, MOST = 30 * MINUTE };

static const struct ban_rules rules = { .enabled = true, .threshold = 100,
	.observation_ms = OBSERVATION, .first_ms = FIRST, .most_ms = MOST,
	.scores = { [BAN_UNKNOWN_USER] = 50, [BAN_BAD_CREDENTIAL] = 25, [BAN_BROKEN_PROTOCOL] = 10,
		[BAN_CONNECTION] = 1 },
	.login = 30 };

static struct bans *
make(void)
{
	struct bans *b;

	assert_int_equal(bans_new(&b, &rules), 0);
	return b;
}

static struct address
at(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(text, &a), 0);
	return a;
}

static struct address
numbered(unsigned number)
{
	struct address a = at("10.0.0.0");

	a.bytes[13] = (uint8_t)(number >> 16);
	a.bytes[14] = (uint8_t)(number >> 8);
	a.bytes[15] = (uint8_t)number;
	return a;
}

/* So many events; true when the last one, and none before, was a ban. */
static bool
banned_by(struct bans *b, const struct address *a, enum ban_event event, int events, uint64_t now,
    struct ban *out)
{
	for (int i = 1; i < events; i++)
		assert_false(bans_note(b, a, event, now, out));
	return bans_note(b, a, event, now, out);
}

static void
the_last_straw(void **state)
{
	static const struct {
		enum ban_event event;
		int straws;
	} cases[] = { { BAN_UNKNOWN_USER, 2 }, { BAN_BAD_CREDENTIAL, 4 }, { BAN_BROKEN_PROTOCOL, 10 },
		{ BAN_CONNECTION, 100 } };
	struct address a = at("192.0.2.1"), other = at("192.0.2.2");
	struct ban ban;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bans *b = make();

		assert_false(banned_by(b, &a, cases[i].event, cases[i].straws - 1, 0, &ban));
		assert_false(bans_refuse(b, &a, 0));
		assert_true(bans_note(b, &a, cases[i].event, 0, &ban));
		assert_true(bans_refuse(b, &a, 0));
		assert_false(bans_refuse(b, &other, 0));
		assert_int_equal(ban.left_ms, FIRST);
		assert_int_equal(ban.times, 1);
		assert_int_equal(ban.network.prefix, 128);
		assert_true(bans_refuse(b, &a, FIRST - 1));
		assert_false(bans_refuse(b, &a, FIRST));
		bans_free(&b);
	}
}

/* Ten minutes for a hundred points: one in six seconds. */
static void
scores_sink(void **state)
{
	struct ban_rules patient = rules;
	struct bans *b = make();
	struct address a = at("192.0.2.1");
	struct ban ban;
	(void)state;

	assert_false(banned_by(b, &a, BAN_CONNECTION, 99, 0, &ban));
	/* a millisecond is enough to stay below, and as many points as have gone may come again */
	assert_false(bans_note(b, &a, BAN_CONNECTION, 1, &ban));
	assert_false(bans_note(b, &a, BAN_CONNECTION, 6001, &ban));
	assert_true(bans_note(b, &a, BAN_CONNECTION, 6001, &ban));
	bans_free(&b);

	/* however small the steps are, nothing is lost in them */
	b = make();
	patient.login = 0;
	bans_set_rules(b, &patient);
	assert_false(banned_by(b, &a, BAN_CONNECTION, 60, 0, &ban));
	for (uint64_t now = 0; now <= 60 * 6000; now += 7)
		bans_login(b, &a, now);
	assert_false(banned_by(b, &a, BAN_CONNECTION, 99, 60 * 6000, &ban));
	bans_free(&b);

	/* after the observation time nothing is left of what was nearly a ban */
	b = make();
	assert_false(banned_by(b, &a, BAN_BAD_CREDENTIAL, 3, 0, &ban));
	assert_false(banned_by(b, &a, BAN_BAD_CREDENTIAL, 3, OBSERVATION, &ban));
	assert_true(bans_note(b, &a, BAN_BAD_CREDENTIAL, OBSERVATION, &ban));
	bans_free(&b);

	/* a clock that stands still, or goes back, is no harm */
	b = make();
	assert_false(banned_by(b, &a, BAN_BAD_CREDENTIAL, 3, 5000, &ban));
	assert_true(bans_note(b, &a, BAN_BAD_CREDENTIAL, 1000, &ban));
	bans_free(&b);
}

static void
a_login_takes_points_off(void **state)
{
	struct bans *b = make();
	struct address a = at("192.0.2.1"), other = at("192.0.2.9");
	struct ban ban;
	(void)state;

	assert_false(banned_by(b, &a, BAN_BAD_CREDENTIAL, 3, 0, &ban));
	bans_login(b, &a, 0);
	bans_login(b, &other, 0);
	assert_false(banned_by(b, &a, BAN_BAD_CREDENTIAL, 2, 0, &ban)); /* 75 - 30 + 50 */
	assert_true(bans_note(b, &a, BAN_BROKEN_PROTOCOL, 0, &ban));
	/* and never more than there are */
	bans_login(b, &other, 0);
	assert_true(banned_by(b, &other, BAN_UNKNOWN_USER, 2, 0, &ban));
	bans_free(&b);
}

/* 5, 10, 20, 30, 30 minutes; after 30 quiet minutes it is 5 again. */
static void
bans_grow(void **state)
{
	static const uint64_t lengths[] = { FIRST, 2 * FIRST, 4 * FIRST, MOST, MOST };
	struct bans *b = make();
	struct address a = at("192.0.2.1");
	uint64_t now = 1000;
	struct ban ban;
	(void)state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		assert_true(banned_by(b, &a, BAN_UNKNOWN_USER, 2, now, &ban));
		assert_int_equal(ban.left_ms, lengths[i]);
		assert_int_equal(ban.times, i + 1);
		/* what comes during a ban counts for nothing */
		assert_false(bans_note(b, &a, BAN_UNKNOWN_USER, now + 1, &ban));
		assert_false(bans_note(b, &a, BAN_UNKNOWN_USER, now + 1, &ban));
		now += lengths[i];
		assert_false(bans_refuse(b, &a, now));
	}
	assert_true(banned_by(b, &a, BAN_UNKNOWN_USER, 2, now + MOST - 1, &ban));
	assert_int_equal(ban.times, 6);
	now += 2 * MOST - 1 + MOST;
	assert_true(banned_by(b, &a, BAN_UNKNOWN_USER, 2, now, &ban));
	assert_int_equal(ban.times, 1);
	assert_int_equal(ban.left_ms, FIRST);
	bans_free(&b);
}

static void
ipv6_is_one_network(void **state)
{
	struct bans *b = make();
	struct address one = at("2001:db8::1"), two = at("2001:db8::ffff:0:2"),
		       far = at("2001:db8:0:1::1");
	char text[NETWORK_TEXT_MAX];
	struct ban ban;
	(void)state;

	assert_false(bans_note(b, &one, BAN_UNKNOWN_USER, 0, &ban));
	assert_true(bans_note(b, &two, BAN_UNKNOWN_USER, 0, &ban));
	assert_string_equal(network_text(&ban.network, text), "2001:db8::/64");
	assert_true(bans_refuse(b, &one, 0));
	assert_false(bans_refuse(b, &far, 0));
	/* its own text lifts it, and so does an address in it */
	assert_int_equal(bans_lift(b, &ban.network, 0), 0);
	assert_false(bans_refuse(b, &one, 0));
	assert_true(banned_by(b, &one, BAN_UNKNOWN_USER, 2, 0, &ban));
	ban.network = (struct cidr){ .network = two, .prefix = 128 };
	assert_int_equal(bans_lift(b, &ban.network, 0), 0);
	assert_false(bans_refuse(b, &one, 0));
	bans_free(&b);
}

static struct ban
manual(const char *network, uint64_t left_ms)
{
	struct ban ban = { .manual = true, .left_ms = left_ms };

	assert_int_equal(network_parse(network, &ban.network), 0);
	return ban;
}

static void
bans_by_hand(void **state)
{
	struct bans *b = make();
	struct address a = at("192.0.2.7"), six = at("2001:db8::1");
	struct ban range = manual("192.0.2.0/24", 1000), one = manual("192.0.2.7", 0),
		   v6 = manual("::/0", 0);
	(void)state;

	assert_int_equal(bans_lift(b, &range.network, 0), ERR_NOT_FOUND);
	assert_int_equal(bans_put(b, &range, 0), 0);
	assert_true(bans_refuse(b, &a, 999));
	assert_false(bans_refuse(b, &a, 1000));
	assert_int_equal(bans_lift(b, &one.network, 0), ERR_NOT_FOUND);
	/* a second of the same network takes the first one's place */
	range.left_ms = 5000;
	assert_int_equal(bans_put(b, &range, 0), 0);
	assert_true(bans_refuse(b, &a, 4999));
	assert_int_equal(bans_lift(b, &range.network, 0), 0);
	assert_int_equal(bans_lift(b, &range.network, 0), ERR_NOT_FOUND);
	assert_int_equal(bans_put(b, &one, 0), 0);
	assert_int_equal(bans_put(b, &v6, 0), 0);
	assert_true(bans_refuse(b, &a, UINT64_MAX));
	assert_true(bans_refuse(b, &six, UINT64_MAX));
	/* what is over is not there */
	assert_int_equal(bans_put(b, &range, 0), 0);
	assert_int_equal(bans_lift(b, &range.network, 5000), ERR_NOT_FOUND);
	bans_free(&b);
}

static void
no_more_bans_by_hand_than(void **state)
{
	struct bans *b = make();
	struct ban ban = { .manual = true };
	(void)state;

	ban.network.prefix = 128;
	for (unsigned i = 0; i < BANS_MANUAL_MAX; i++) {
		ban.network.network = numbered(i);
		ban.left_ms = i == 5 ? 1000 : 0;
		assert_int_equal(bans_put(b, &ban, 0), 0);
	}
	ban.network.network = numbered(BANS_MANUAL_MAX);
	assert_int_equal(bans_put(b, &ban, 999), ERR_LIMIT);
	/* one that is over makes room */
	assert_int_equal(bans_put(b, &ban, 1000), 0);
	ban.network.network = numbered(BANS_MANUAL_MAX + 1);
	assert_int_equal(bans_put(b, &ban, 1000), ERR_LIMIT);
	bans_free(&b);
}

static void
who_is_forgotten(void **state)
{
	struct bans *b = make();
	struct address a = numbered(0);
	struct ban ban;
	(void)state;

	/* the first is banned, and all others are watched: who came first is forgotten first */
	assert_true(banned_by(b, &a, BAN_UNKNOWN_USER, 2, 0, &ban));
	for (unsigned i = 1; i < BANS_ADDRESSES_MAX; i++) {
		a = numbered(i);
		assert_false(bans_note(b, &a, BAN_UNKNOWN_USER, 0, &ban));
	}
	/* seen again: now the second is the one that was seen longest ago */
	a = numbered(1);
	assert_false(bans_note(b, &a, BAN_CONNECTION, 0, &ban));
	a = numbered(BANS_ADDRESSES_MAX);
	assert_false(bans_note(b, &a, BAN_UNKNOWN_USER, 0, &ban));
	a = numbered(0);
	assert_true(bans_refuse(b, &a, 0));
	a = numbered(1);
	assert_true(bans_note(b, &a, BAN_UNKNOWN_USER, 0, &ban));
	a = numbered(2);
	assert_false(bans_note(b, &a, BAN_UNKNOWN_USER, 0, &ban));
	bans_free(&b);
}

static void
a_ban_is_not_forgotten_for_a_stranger(void **state)
{
	struct bans *b = make();
	struct address a;
	struct ban ban;
	(void)state;

	for (unsigned i = 0; i < BANS_ADDRESSES_MAX; i++) {
		a = numbered(i);
		assert_true(banned_by(b, &a, BAN_UNKNOWN_USER, 2, 0, &ban));
	}
	a = numbered(BANS_ADDRESSES_MAX);
	assert_false(bans_note(b, &a, BAN_UNKNOWN_USER, FIRST - 1, &ban));
	assert_false(bans_note(b, &a, BAN_UNKNOWN_USER, FIRST - 1, &ban));
	a = numbered(0);
	assert_true(bans_refuse(b, &a, FIRST - 1));
	/* when they are over there is room again */
	a = numbered(BANS_ADDRESSES_MAX);
	assert_true(banned_by(b, &a, BAN_UNKNOWN_USER, 2, FIRST, &ban));
	bans_free(&b);
}

static void
rules_change(void **state)
{
	struct ban_rules other = rules;
	struct bans *b = make();
	struct address a = at("192.0.2.1"), c = at("192.0.2.2");
	struct ban ban, hand = manual("192.0.2.99", 0);
	(void)state;

	assert_int_equal(bans_put(b, &hand, 0), 0);
	assert_true(banned_by(b, &a, BAN_UNKNOWN_USER, 2, 0, &ban));
	assert_false(bans_note(b, &c, BAN_UNKNOWN_USER, 0, &ban));
	other.threshold = 51;
	bans_set_rules(b, &other);
	assert_true(bans_refuse(b, &a, FIRST - 1));
	assert_true(bans_note(b, &c, BAN_CONNECTION, 0, &ban));
	/* off: nobody is banned but by hand, and nobody is watched */
	other.enabled = false;
	bans_set_rules(b, &other);
	assert_false(bans_refuse(b, &a, 0));
	assert_false(banned_by(b, &a, BAN_UNKNOWN_USER, 10, 0, &ban));
	a = at("192.0.2.99");
	assert_true(bans_refuse(b, &a, 0));
	bans_free(&b);
}

static void
an_event_without_points_is_none(void **state)
{
	struct ban_rules other = rules;
	struct bans *b = make();
	struct address a = at("192.0.2.1");
	struct ban ban;
	(void)state;

	assert_false(banned_by(b, &a, BAN_NOTHING, 1000, 0, &ban));
	other.scores[BAN_CONNECTION] = 0;
	bans_set_rules(b, &other);
	assert_false(banned_by(b, &a, BAN_CONNECTION, 1000, 0, &ban));
	bans_free(&b);
}

/* Across a restart: the monotonic clock begins anew, the wall clock goes on. */
static void
a_restart(void **state)
{
	struct bans *b = make();
	struct address a = at("192.0.2.1"), six = at("2001:db8::1"), hand_address = at("10.1.2.3");
	struct ban ban, hand = manual("10.1.0.0/16", 0), soon = manual("10.2.0.0/16", 1000);
	struct moment before = { .mono_ms = 50 * MINUTE, .wall_ms = INT64_C(1770292800000) };
	struct moment after = { .mono_ms = 7, .wall_ms = before.wall_ms + MINUTE };
	json_t *list, *again;
	(void)state;

	assert_true(banned_by(b, &a, BAN_UNKNOWN_USER, 2, before.mono_ms - FIRST, &ban));
	assert_true(banned_by(b, &a, BAN_UNKNOWN_USER, 2, before.mono_ms, &ban));
	assert_true(banned_by(b, &six, BAN_UNKNOWN_USER, 2, before.mono_ms, &ban));
	assert_int_equal(bans_put(b, &hand, before.mono_ms), 0);
	assert_int_equal(bans_put(b, &soon, before.mono_ms), 0);
	list = bans_to_json(b, before);
	assert_int_equal(json_array_size(list), 4);
	bans_free(&b);

	b = make();
	assert_int_equal(bans_from_json(b, list, after), 0);
	json_decref(list);
	again = bans_to_json(b, after);
	assert_int_equal(json_array_size(again), 3);
	json_decref(again);
	assert_true(bans_refuse(b, &hand_address, after.mono_ms));
	assert_true(bans_refuse(b, &six, after.mono_ms));
	assert_true(bans_refuse(b, &a, after.mono_ms + 2 * FIRST - MINUTE - 1));
	assert_false(bans_refuse(b, &a, after.mono_ms + 2 * FIRST - MINUTE));
	/* it is remembered that this was the second one */
	assert_true(banned_by(b, &a, BAN_UNKNOWN_USER, 2, after.mono_ms + 2 * FIRST, &ban));
	assert_int_equal(ban.times, 3);
	bans_free(&b);
}

static void
what_is_no_list_of_bans(void **state)
{
	static const char *const texts[] = { "{}", "[5]", "[{}]",
		"[{\"network\":\"x\",\"until\":0,\"manual\":true}]",
		"[{\"network\":\"10.0.0.1\",\"manual\":true}]",
		"[{\"network\":\"10.0.0.1\",\"until\":-1,\"manual\":true}]",
		"[{\"network\":\"10.0.0.1\",\"until\":253402300800000,\"manual\":true}]",
		"[{\"network\":\"10.0.0.1\",\"until\":9000000000000,\"times\":-1,\"manual\":true}]" };
	static const char never[] = "[{\"network\":\"10.0.0.1\",\"until\":0,\"times\":1}]";
	struct moment now = { .mono_ms = 1, .wall_ms = INT64_C(1770292800000) };
	struct bans *b = make();
	json_t *list;
	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		list = json_loads(texts[i], 0, NULL);
		assert_int_equal(bans_from_json(b, list, now), ERR_FORMAT);
		json_decref(list);
	}
	assert_int_equal(bans_from_json(b, NULL, now), ERR_FORMAT);
	/* only an administrator bans without end */
	list = json_loads(never, 0, NULL);
	assert_int_equal(bans_from_json(b, list, now), ERR_INVALID);
	json_decref(list);
	bans_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_straw),
		cmocka_unit_test(scores_sink),
		cmocka_unit_test(a_login_takes_points_off),
		cmocka_unit_test(bans_grow),
		cmocka_unit_test(ipv6_is_one_network),
		cmocka_unit_test(bans_by_hand),
		cmocka_unit_test(no_more_bans_by_hand_than),
		cmocka_unit_test(who_is_forgotten),
		cmocka_unit_test(a_ban_is_not_forgotten_for_a_stranger),
		cmocka_unit_test(rules_change),
		cmocka_unit_test(an_event_without_points_is_none),
		cmocka_unit_test(a_restart),
		cmocka_unit_test(what_is_no_list_of_bans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
