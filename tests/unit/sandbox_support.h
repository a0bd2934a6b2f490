/*
 * sandbox_support.h - runs a function in a child that has entered a role, and says how it ended.
 */
#ifndef TESTS_SANDBOX_SUPPORT_H
#define TESTS_SANDBOX_SUPPORT_H

#include "base/tree_right.h"
#include "sandbox/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef POSTERN_SANITIZED
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

/* What a child returns when the role could not be entered. */
enum { NOT_ENTERED = 99 };

/* Whether a wait status is that of a call the filter does not have. */
static inline bool
was_forbidden(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

/* The errno of a call that failed, 0 of one that did not. */
static inline int
errno_of(long result)
{
	return result < 0 ? errno : 0;
}

/* The wait status of `body` in a child in that role; a child returns what body does. */
static inline int
run_in_role(enum sandbox_role role, int root_fd, bool read_only, int (*body)(void *), void *ctx)
{
	const struct sandbox_tree tree = { root_fd, read_only ? TREE_READ : TREE_ALL };
	struct sandbox_rules rules = { .trees = &tree, .tree_count = root_fd >= 0,
		.read_only = read_only };
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(sandbox_enter(role, &rules) == 0 ? body(ctx) : NOT_ENTERED);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == NOT_ENTERED);
	return status;
}

/* A fresh directory with a file "inside" and a directory "sub"; removed with tree_remove(). */
static inline int
tree_make(char *path_out, size_t size)
{
	char name[512];
	int root, fd;

	snprintf(path_out, size, "/tmp/postern-test-XXXXXX");
	assert_non_null(mkdtemp(path_out));
	snprintf(name, sizeof(name), "%s/inside", path_out);
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "content", 7), 7);
	close(fd);
	root = open(path_out, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	assert_int_equal(mkdirat(root, "sub", 0755), 0);
	return root;
}

static inline void
tree_remove(const char *path, int root_fd)
{
	char command[600];

	close(root_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

#endif
