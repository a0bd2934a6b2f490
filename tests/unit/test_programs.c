/*
 * Whose programs run and whose wait in line. Their supervisors are this program again, which then
 * does nothing but wait for the end of its socket.
 */
#include "master/program.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { SUPERVISOR_FD = 3 };

struct places {
	uv_loop_t loop;
	struct programs *programs;
};

static void
open_places(struct places *places, unsigned at_once)
{
	assert_int_equal(uv_loop_init(&places->loop), 0);
	assert_int_equal(programs_new(&places->programs, &places->loop, at_once), 0);
}

static void
close_places(struct places *places)
{
	programs_free(&places->programs);
	uv_run(&places->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&places->loop), 0);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void
on_output(void *ctx, struct view bytes)
{
	(void)ctx;
	(void)bytes;
	fail();
}

static void
on_ended(void *ctx, const struct program_end *end)
{
	(void)ctx;
	assert_int_equal(end->outcome, PROGRAM_STOPPED);
}

static struct program *
start(struct places *places, const char *address)
{
	static const char *const none[] = { NULL };
	struct program_request request = { .path = "/nowhere", .variables = none,
		.output = on_output, .ended = on_ended };
	struct address client;
	struct program *p;

	assert_int_equal(address_parse(address, &client), 0);
	request.source = address_source(&client);
	assert_int_equal(program_start(places->programs, &request, &p), 0);
	return p;
}

/* Whoever waits in line cannot be written to yet. */
static bool
runs(struct program *p)
{
	int err = program_write(p, (struct view){ 0 }, false);

	assert_true(err == 0 || err == ERR_EOF);
	return err == 0;
}

static void
turn(struct places *places)
{
	uv_run(&places->loop, UV_RUN_NOWAIT);
}

static void
wait_for(struct places *places, struct program *p)
{
	while (!runs(p))
		uv_run(&places->loop, UV_RUN_ONCE);
}

static void
half_for_one_address(void **state)
{
	struct places places;
	struct program *one[3], *other[3];

	(void)state;
	open_places(&places, 4);
	for (size_t i = 0; i < 3; i++)
		one[i] = start(&places, "192.0.2.1");
	turn(&places);
	assert_true(runs(one[0]) && runs(one[1]));
	assert_false(runs(one[2]));
	/* they have stood in line for less long */
	for (size_t i = 0; i < 3; i++)
		other[i] = start(&places, "192.0.2.2");
	turn(&places);
	assert_true(runs(other[0]) && runs(other[1]));
	assert_false(runs(other[2]) || runs(one[2]));
	/* the place that becomes free is for whoever has less than half */
	program_stop(&other[1]);
	wait_for(&places, other[2]);
	assert_false(runs(one[2]));
	program_stop(&one[0]);
	wait_for(&places, one[2]);
	close_places(&places);
}

static void
half_is_rounded_down_but_never_nothing(void **state)
{
	static const struct { unsigned at_once, share; } cases[] = { { 1, 1 }, { 2, 1 }, { 3, 1 },
		{ 5, 2 }, { 6, 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct program *p[4];
		struct places places;

		open_places(&places, cases[i].at_once);
		for (size_t n = 0; n < 4; n++)
			p[n] = start(&places, "192.0.2.1");
		turn(&places);
		for (size_t n = 0; n < 4; n++)
			assert_int_equal(runs(p[n]), n < cases[i].share);
		close_places(&places);
	}
}

static void
a_network_of_64_bits_is_one_address(void **state)
{
	struct places places;
	struct program *one, *neighbour, *other;

	(void)state;
	open_places(&places, 2);
	one = start(&places, "2001:db8:0:1::1");
	neighbour = start(&places, "2001:db8:0:1:ffff::2");
	other = start(&places, "2001:db8:0:2::1");
	turn(&places);
	assert_true(runs(one) && runs(other));
	assert_false(runs(neighbour));
	close_places(&places);
}

static void
a_higher_limit_lets_those_in_line_run(void **state)
{
	struct places places;
	struct program *p[3];

	(void)state;
	open_places(&places, 2);
	for (size_t i = 0; i < 3; i++)
		p[i] = start(&places, "192.0.2.1");
	turn(&places);
	assert_false(runs(p[1]));
	programs_set_limit(places.programs, 4);
	turn(&places);
	assert_true(runs(p[1]));
	assert_false(runs(p[2]));
	close_places(&places);
}

static int
wait_for_the_end(void)
{
	struct pollfd socket = { .fd = SUPERVISOR_FD, .events = 0 };

	/* POLLHUP is reported unasked */
	return poll(&socket, 1, -1) == 1 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_for_one_address),
		cmocka_unit_test(half_is_rounded_down_but_never_nothing),
		cmocka_unit_test(a_network_of_64_bits_is_one_address),
		cmocka_unit_test(a_higher_limit_lets_those_in_line_run),
	};

	if (argc > 1 && strcmp(argv[1], "supervisor") == 0)
		return wait_for_the_end();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
