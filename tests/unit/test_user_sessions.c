/* Who is logged in how often: joining, leaving, many users, and one that ends while all are seen. */
#include "master/user_sessions.h"

#include "base/hash.h"
#include "master/connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* More users than there are buckets, so that some share one. */
enum { USERS = USER_SESSIONS_BUCKETS + 1000, OF_EACH = 3, NAME_ROOM = 16 };

static struct user_sessions_table table;

static int
set_up(void **state)
{
	*state = calloc((size_t)USERS * OF_EACH, sizeof(struct connection));
	assert_non_null(*state);
	memset(&table, 0, sizeof(table));
	return 0;
}

static int
tear_down(void **state)
{
	assert_int_equal(table.users, 0);
	for (size_t i = 0; i < USER_SESSIONS_BUCKETS; i++)
		assert_true(LIST_EMPTY(&table.buckets[i]));
	free(*state);
	return 0;
}

static void
join(struct connection *c, const char *username)
{
	assert_int_equal(user_sessions_join(&table, c, username), 0);
	assert_non_null(c->user_sessions);
}

static const char *
name_of(size_t user, char name[NAME_ROOM])
{
	snprintf(name, NAME_ROOM, "user%zu", user);
	return name;
}

static void
counts_go_up_and_down(void **state)
{
	struct connection *c = *state;

	assert_int_equal(user_sessions_count(&table, "bob"), 0);
	assert_null(user_sessions_find(&table, "bob"));
	for (size_t i = 0; i < 5; i++) {
		join(&c[i], "bob");
		assert_int_equal(user_sessions_count(&table, "bob"), i + 1);
		assert_int_equal(table.users, 1);
	}
	assert_int_equal(user_sessions_count(&table, "bo"), 0);
	assert_int_equal(user_sessions_count(&table, "Bob"), 0);
	assert_int_equal(user_sessions_count(&table, ""), 0);
	/* from the middle, the end and the beginning of the list */
	for (size_t i = 0; i < 5; i++) {
		user_sessions_leave(&table, &c[(i + 2) % 5]);
		assert_int_equal(user_sessions_count(&table, "bob"), 4 - i);
	}
	assert_null(user_sessions_find(&table, "bob"));
}

static void
leaving_twice_or_never_joined_does_nothing(void **state)
{
	struct connection *c = *state;

	user_sessions_leave(&table, &c[0]);
	join(&c[0], "bob");
	join(&c[1], "bob");
	user_sessions_leave(&table, &c[0]);
	user_sessions_leave(&table, &c[0]);
	assert_int_equal(user_sessions_count(&table, "bob"), 1);
	user_sessions_leave(&table, &c[1]);
}

static void
names_that_meet_in_a_bucket_stay_apart(void **state)
{
	size_t bucket = hash_text("user0") % USER_SESSIONS_BUCKETS, other = 1;
	struct connection *c = *state;
	char name[NAME_ROOM];

	while (hash_text(name_of(other, name)) % USER_SESSIONS_BUCKETS != bucket)
		other++;
	join(&c[0], "user0");
	assert_int_equal(user_sessions_count(&table, name), 0);
	join(&c[1], name);
	join(&c[2], name);
	assert_int_equal(user_sessions_count(&table, "user0"), 1);
	assert_int_equal(user_sessions_count(&table, name), 2);
	user_sessions_leave(&table, &c[0]);
	assert_int_equal(user_sessions_count(&table, "user0"), 0);
	assert_int_equal(user_sessions_count(&table, name), 2);
	user_sessions_leave(&table, &c[1]);
	user_sessions_leave(&table, &c[2]);
}

static void
note_name(void *ctx, const char *username)
{
	bool *seen = ctx;
	unsigned user;

	assert_int_equal(sscanf(username, "user%u", &user), 1);
	assert_true(user < USERS);
	assert_false(seen[user]);
	seen[user] = true;
}

static void
many_users_are_counted_each_for_itself(void **state)
{
	static bool seen[USERS];
	struct connection *c = *state;
	char name[NAME_ROOM];

	for (size_t i = 0; i < (size_t)USERS * OF_EACH; i++)
		join(&c[i], name_of(i % USERS, name));
	assert_int_equal(table.users, USERS);
	user_sessions_names(&table, note_name, seen);
	for (size_t i = 0; i < USERS; i++) {
		assert_true(seen[i]);
		assert_int_equal(user_sessions_count(&table, name_of(i, name)), OF_EACH);
	}
	/* one of every second user */
	for (size_t i = 0; i < USERS; i += 2)
		user_sessions_leave(&table, &c[i]);
	for (size_t i = 0; i < USERS; i++)
		assert_int_equal(user_sessions_count(&table, name_of(i, name)),
		    i % 2 == 0 ? OF_EACH - 1 : OF_EACH);
	for (size_t i = 0; i < (size_t)USERS * OF_EACH; i++)
		user_sessions_leave(&table, &c[i]);
}

static void
mark(void *ctx, struct connection *c)
{
	(void)ctx;
	c->id++;
}

static void
mark_and_end(void *ctx, struct connection *c)
{
	(void)ctx;
	c->id++;
	if (c->tried)
		user_sessions_leave(&table, c);
}

static void
each_sees_those_of_one_user_and_may_end_them(void **state)
{
	struct connection *c = *state;

	user_sessions_each(NULL, mark, NULL);
	for (size_t i = 0; i < 6; i++)
		join(&c[i], i % 2 == 0 ? "bob" : "eve");
	user_sessions_each(user_sessions_find(&table, "bob"), mark, NULL);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(c[i].id, i % 2 == 0);
	c[2].tried = true;
	user_sessions_each(user_sessions_find(&table, "bob"), mark_and_end, NULL);
	assert_int_equal(user_sessions_count(&table, "bob"), 2);
	/* with the last one its place goes */
	c[0].tried = c[4].tried = true;
	user_sessions_each(user_sessions_find(&table, "bob"), mark_and_end, NULL);
	assert_null(user_sessions_find(&table, "bob"));
	assert_int_equal(c[0].id, 3);
	assert_int_equal(c[2].id, 2);
	assert_int_equal(user_sessions_count(&table, "eve"), 3);
	for (size_t i = 1; i < 6; i += 2)
		user_sessions_leave(&table, &c[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counts_go_up_and_down, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaving_twice_or_never_joined_does_nothing,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_that_meet_in_a_bucket_stay_apart,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_users_are_counted_each_for_itself,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_sees_those_of_one_user_and_may_end_them,
		    set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
