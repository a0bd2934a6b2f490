/*
 * crypto_support.h - what the tests of crypto/ share: hexadecimal, programs, and a scratch folder.
 */
#ifndef TESTS_CRYPTO_SUPPORT_H
#define TESTS_CRYPTO_SUPPORT_H

#include "crypto/crypto.h"

#include "base/encode.h"
#include "base/fd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline struct view
view_bytes(const void *p, size_t n)
{
	return (struct view){ .p = p, .n = n };
}

/* Decoded bytes, to be freed with buf_free(). */
static inline struct buf
unhex(const char *hex)
{
	struct buf out = buf_init(65536);

	assert_int_equal(hex_decode(&out, view_of(hex)), 0);
	return out;
}

static inline void
assert_hex(struct view got, const char *hex)
{
	struct buf want = unhex(hex);

	assert_int_equal(got.n, want.n);
	if (want.n > 0)
		assert_memory_equal(got.p, want.p, want.n);
	buf_free(&want);
}

/* A new folder under TMPDIR; its name is written to out. */
static inline void
scratch_make(char *out, size_t size)
{
	const char *parent = getenv("TMPDIR");

	snprintf(out, size, "%s/postern-crypto-XXXXXX", parent == NULL ? "/tmp" : parent);
	assert_non_null(mkdtemp(out));
}

/* Runs a program quietly, with `input` (or nothing) as its standard input; its exit status. */
static inline int
run_program(const char *input, const char *const argv[])
{
	int status, null, in;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		in = input == NULL ? null : open(input, O_RDONLY | O_CLOEXEC);
		dup2(in, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

#define RUN(...) run_program(NULL, (const char *const[]){ __VA_ARGS__, NULL })

static inline struct buf
load(const char *path)
{
	struct buf out = buf_init(1 << 20);

	assert_int_equal(fd_read_file(path, &out), 0);
	return out;
}

static inline int
setup_crypto(void **state)
{
	(void)state;
	return crypto_init();
}

#endif
