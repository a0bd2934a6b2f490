/* A process that gives libraries back cannot reach them any more, and goes on without them. */
#include "base/libraries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The kernel looks at the byte: what is not mapped is EFAULT and no signal. */
static bool
is_mapped(uintptr_t address)
{
	int pair[2];
	bool mapped;

	if (pipe(pair) != 0)
		_exit(2);
	mapped = write(pair[1], (const void *)address, 1) == 1;
	close(pair[0]);
	close(pair[1]);
	return mapped;
}

static int
status_after(const char *const *names)
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		libraries_keep(names);
		_exit(is_mapped((uintptr_t)_cmocka_run_group_tests) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_unwanted(void **state)
{
	const char *const none[] = { NULL };

	(void)state;
#ifdef POSTERN_SANITIZED
	skip();
#endif
	assert_int_equal(status_after(none), 0);
}

static void
test_wanted(void **state)
{
	const char *const names[] = { "libnothing.", "libcmocka.", NULL };

	(void)state;
	assert_int_equal(status_after(names), 1);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unwanted),
		cmocka_unit_test(test_wanted),
	};

	(void)argc;
	if (getenv("LD_BIND_NOW") == NULL) {
		setenv("LD_BIND_NOW", "1", 1);
		execv("/proc/self/exe", argv);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
