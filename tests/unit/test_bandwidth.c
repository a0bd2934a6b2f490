/* How the master divides a rate between sessions: the test is the workers at the other ends. */
#include "master/bandwidth.h"

#include "base/fd.h"
#include "master/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SESSIONS = 3, ALL = -1 };

struct fixture {
	struct master master;
	struct user *user;
	struct connection connections[SESSIONS];
	int workers[SESSIONS];
	struct ipc_inbox inbox;
};

static void
set_rates(struct fixture *f, int64_t up, int64_t down)
{
	f->user->upload_bandwidth = up;
	f->user->download_bandwidth = down;
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(user_new(&f->user), 0);
	assert_int_equal(user_set_text(&f->user->username, "bob"), 0);
	for (unsigned i = 0; i < SESSIONS; i++) {
		struct connection *c = &f->connections[i];
		int pair[2];

		assert_int_equal(ipc_pair(pair), 0);
		c->master = &f->master;
		c->id = i;
		c->user = f->user;
		c->authenticated = true;
		c->session.fd = pair[0];
		f->workers[i] = pair[1];
		assert_int_equal(user_sessions_join(&f->master.sessions, c, "bob"), 0);
	}
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < SESSIONS; i++) {
		bandwidth_session_end(&f->connections[i]);
		/* the rates are kept while one of them shares in them, and no longer */
		if (i == SESSIONS - 1)
			assert_null(f->connections[i].user_sessions->bandwidth);
		user_sessions_leave(&f->master.sessions, &f->connections[i]);
		fd_close(&f->connections[i].session.fd);
		fd_close(&f->workers[i]);
	}
	ipc_inbox_free(&f->inbox);
	user_free(&f->user);
	free(f);
	return 0;
}

/* What a worker says: so much each way, or ALL. */
static void
want(struct fixture *f, unsigned session, int64_t up, int64_t down)
{
	struct buf message = buf_init(64);

	ipc_encode_bandwidth_wanted(&message,
	    &(struct ipc_bandwidth_wanted){ .upload = (uint64_t)up, .download = (uint64_t)down });
	assert_int_equal(on_bandwidth_wanted(&f->connections[session],
	    rd_init(message.p + 1, message.n - 1)), 0);
	buf_free(&message);
}

/* True when a worker has been told something since. */
static bool
is_told(struct fixture *f, unsigned session, struct ipc_session_bandwidth *out)
{
	struct ipc_message message;
	int err = ipc_receive(f->workers[session], &f->inbox, &message);

	if (err == ERR_AGAIN)
		return false;
	assert_int_equal(err, 0);
	assert_int_equal(message.type, IPC_SESSION_BANDWIDTH);
	assert_int_equal(ipc_decode_session_bandwidth(message.fields, out), 0);
	return true;
}

static void
take(struct fixture *f, unsigned session)
{
	assert_int_equal(on_bandwidth_taken(&f->connections[session], rd_init(NULL, 0)), 0);
}

/* The worker is told these shares, and says that they came. */
static void
expect(struct fixture *f, unsigned session, uint64_t up, uint64_t down)
{
	struct ipc_session_bandwidth told;

	assert_true(is_told(f, session, &told));
	assert_int_equal(told.upload, up);
	assert_int_equal(told.download, down);
	assert_true(told.upload_limited == (f->user->upload_bandwidth > 0));
	assert_true(told.download_limited == (f->user->download_bandwidth > 0));
	assert_int_equal(bandwidth_share(&f->connections[session], true), up);
	assert_int_equal(bandwidth_share(&f->connections[session], false), down);
	take(f, session);
}

static void
expect_silence(struct fixture *f)
{
	struct ipc_session_bandwidth told;

	for (unsigned i = 0; i < SESSIONS; i++)
		assert_false(is_told(f, i, &told));
}

static void
limits_of_accounts(void **state)
{
	static const struct {
		int64_t kilobytes;
		uint64_t share; /* 0: no limit */
	} table[] = {
		{ INT64_MIN, 0 }, { -1, 0 }, { 0, 0 }, { 1, 1000 }, { 2, 2000 },
		{ ((int64_t)1 << 40) / 1000, ((int64_t)1 << 40) / 1000 * 1000 },
		{ ((int64_t)1 << 40) / 1000 + 1, (uint64_t)1 << 40 },
		{ INT64_MAX, (uint64_t)1 << 40 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		set_rates(f, table[i].kilobytes, 1);
		assert_true(bandwidth_is_limited(f->user, true) == (table[i].share > 0));
		assert_true(bandwidth_is_limited(f->user, false));
		want(f, 0, ALL, 0);
		assert_int_equal(bandwidth_share(&f->connections[0], true), table[i].share);
		bandwidth_session_end(&f->connections[0]);
	}
}

static void
sessions_come_and_go(void **state)
{
	struct fixture *f = *state;

	set_rates(f, 0, 9);
	want(f, 0, 0, ALL);
	expect(f, 0, 0, 9000);
	expect_silence(f);
	want(f, 1, 0, ALL);
	expect(f, 0, 0, 4500);
	expect(f, 1, 0, 4500);
	want(f, 2, 0, ALL);
	for (unsigned i = 0; i < SESSIONS; i++)
		expect(f, i, 0, 3000);
	/* what one does not use the others have */
	want(f, 1, 0, 1000);
	expect(f, 0, 0, 4000);
	expect(f, 1, 0, 1000);
	expect(f, 2, 0, 4000);
	bandwidth_session_end(&f->connections[0]);
	expect(f, 2, 0, 8000);
	/* nothing has changed: nothing is said */
	want(f, 2, 0, ALL);
	expect_silence(f);
}

/* A worker that is held up has one message to take, and gets the latest afterwards. */
static void
one_message_at_a_time(void **state)
{
	struct ipc_session_bandwidth told;
	struct fixture *f = *state;

	set_rates(f, 0, 8);
	want(f, 0, 0, ALL);
	for (int i = 0; i < 1000; i++) {
		want(f, 1, 0, i % 2 == 0 ? ALL : 1000 + i);
		while (is_told(f, 1, &told))
			take(f, 1);
	}
	want(f, 1, 0, 3000);
	assert_true(is_told(f, 0, &told));
	assert_int_equal(told.download, 8000);
	assert_false(is_told(f, 0, &told));
	take(f, 0);
	expect(f, 0, 0, 5000);
	expect(f, 1, 0, 3000);
	expect_silence(f);
}

static void
changes_reach_all(void **state)
{
	struct fixture *f = *state;

	/* without a limit nobody is there to be told, until there is one */
	set_rates(f, 0, 0);
	set_rates(f, 6, 0);
	bandwidth_account_changed(&f->master, f->user);
	for (unsigned i = 0; i < SESSIONS; i++)
		expect(f, i, 0, 0);
	want(f, 0, ALL, 0);
	expect(f, 0, 6000, 0);
	/* what somebody wants of a direction without a limit is nothing */
	want(f, 1, 2000, ALL);
	expect(f, 0, 4000, 0);
	expect(f, 1, 2000, 0);
	set_rates(f, 3, 5);
	bandwidth_account_changed(&f->master, f->user);
	expect(f, 0, 1500, 0);
	expect(f, 1, 1500, 0);
	expect(f, 2, 0, 0);
	/* who is parked has no worker, and learns it when it is woken */
	bandwidth_session_end(&f->connections[2]);
	fd_close(&f->connections[2].session.fd);
	set_rates(f, 0, 0);
	bandwidth_account_changed(&f->master, f->user);
	expect(f, 0, 0, 0);
	expect(f, 1, 0, 0);
	set_rates(f, 3, 0);
	bandwidth_account_changed(&f->master, f->user);
	/* it has forgotten what was wanted, as the workers have */
	expect(f, 0, 0, 0);
	expect(f, 1, 0, 0);
	want(f, 1, ALL, 0);
	expect(f, 1, 3000, 0);
}

static void
accounts_are_apart(void **state)
{
	struct fixture *f = *state;
	struct user *other = NULL;

	set_rates(f, 4, 0);
	want(f, 0, ALL, 0);
	expect(f, 0, 4000, 0);
	assert_int_equal(user_copy(f->user, &other), 0);
	assert_int_equal(user_set_text(&other->username, "alice"), 0);
	user_sessions_leave(&f->master.sessions, &f->connections[1]);
	f->connections[1].user = other;
	assert_int_equal(user_sessions_join(&f->master.sessions, &f->connections[1], "alice"), 0);
	want(f, 1, ALL, 0);
	expect(f, 1, 4000, 0);
	other->upload_bandwidth = 5;
	bandwidth_account_changed(&f->master, other);
	expect(f, 1, 5000, 0);
	expect_silence(f);
	bandwidth_session_end(&f->connections[1]);
	f->connections[1].user = f->user;
	user_free(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(limits_of_accounts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sessions_come_and_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_message_at_a_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changes_reach_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(accounts_are_apart, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
