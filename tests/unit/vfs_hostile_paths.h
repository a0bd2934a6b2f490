/*
 * vfs_hostile_paths.h - links that want to lead out of a root, and paths that a hostile client
 * sends: through these links, up and out, and of bytes that programs stumble over.
 */
#ifndef TESTS_VFS_HOSTILE_PATHS_H
#define TESTS_VFS_HOSTILE_PATHS_H

#include "vfs_tree.h"

#include <limits.h>

struct trap {
	const char *name, *target; /* @O is the host path of the outside, @R that of the root */
};

static const struct trap traps[] = {
	{ "abs_out", "@O" },
	{ "abs_secret", "@O/secret" },
	{ "abs_new", "@O/new" },
	{ "abs_empty", "@O/empty" },
	{ "rel_out", "../outside" },
	{ "rel_secret", "../outside/secret" },
	{ "rel_new", "../outside/new" },
	{ "deep_out", "../../../../../../../../../../../..@O" },
	{ "slash", "/" },
	{ "up", ".." },
	{ "up_up", "../../.." },
	{ "up_in_the_middle", "dir/../../outside" },
	{ "loop_a", "loop_b" },
	{ "loop_b", "loop_a" },
	{ "self", "self" },
	{ "dangling", "none" },
	{ "chain", "abs_out" },
	{ "chain_twice", "chain" },
	{ "proc_root", "/proc/self/root" },
	{ "proc_cwd", "/proc/self/cwd" },
	{ "proc_fd", "/proc/self/fd/0" },
	{ "etc", "/etc" },
	{ "host_root", "@R" },
	{ "host_file", "@R/dir/file" },
	{ "host_up", "@R/../outside" },
	{ "host_up_secret", "@R/../outside/secret" },
	{ "host_beside", "@R/../../@O" },
	{ "dir/up_out", "../../outside" },
	{ "dir/up_up", "../.." },
	{ "dir/abs_out", "@O" },
};

enum { TRAP_COUNT = sizeof(traps) / sizeof(traps[0]) };

struct corpus {
	size_t count;
	struct view paths[1200];
};

static inline void
corpus_add(struct corpus *corpus, const char *bytes, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	assert_true(corpus->count < sizeof(corpus->paths) / sizeof(corpus->paths[0]));
	memcpy(copy, bytes, n);
	corpus->paths[corpus->count++] = (struct view){ copy, n };
}

static inline void
corpus_add_text(struct corpus *corpus, const char *a, const char *b, const char *c)
{
	char text[PATH_MAX];

	snprintf(text, sizeof(text), "%s%s%s", a, b, c);
	corpus_add(corpus, text, strlen(text));
}

static inline void
corpus_add_links(struct corpus *corpus)
{
	static const char *const ends[] = { "", "/", "/secret", "/dir", "/dir/canary-entry",
		"/new", "/..", "/../secret", "/../outside/secret", "/empty", "/link",
		"/tmp" };

	for (size_t i = 0; i < TRAP_COUNT; i++) {
		for (size_t j = 0; j < sizeof(ends) / sizeof(ends[0]); j++)
			corpus_add_text(corpus, "/", traps[i].name, ends[j]);
	}
}

static inline void
corpus_add_climbing(struct corpus *corpus, const char *outside)
{
	static const char *const starts[] = { "", "/", "//", "./", "dir/", "/dir/../", "none/",
		"file/", "abs_out/", "dir/up_up/" };
	static const char *const climbs[] = { "..", "../..", "../../../../../../../../../..",
		"..//..", "./../.", "..\\..", "%2e%2e", "..%00", "..;", "\xc0\xae\xc0\xae" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		for (size_t j = 0; j < sizeof(climbs) / sizeof(climbs[0]); j++) {
			corpus_add_text(corpus, starts[i], climbs[j], "/outside/secret");
			corpus_add_text(corpus, starts[i], climbs[j], outside);
		}
	}
}

static inline void
corpus_add_names(struct corpus *corpus)
{
	static const char *const names[] = { "", "/", ".", "..", "...", " ", "-rf", "~", "~root",
		"*", "$HOME", "`id`", "\r\n", "\x1b[2J", "\xff\xfe\xfd", "\xf0\x9f\x92\xa9",
		"\xed\xa0\x80", "CON", "a:b", ".sftpgo-upload.x", "/proc/self/environ",
		"/proc/self/fd/0", "/dev/null", "/dev/tty", "/etc/passwd", "/sys/kernel" };
	char long_path[VPATH_MAX + 1];
	char name[] = "/dir/x?y";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		corpus_add(corpus, names[i], strlen(names[i]));
	for (unsigned byte = 0; byte < 256; byte++) {
		name[6] = (char)byte;
		corpus_add(corpus, name, sizeof(name) - 1);
	}
	memset(long_path, 'n', sizeof(long_path));
	corpus_add(corpus, long_path, VPATH_NAME_MAX);
	corpus_add(corpus, long_path, VPATH_NAME_MAX + 1);
	for (size_t i = 0; i < sizeof(long_path); i += 100)
		long_path[i] = '/';
	corpus_add(corpus, long_path, VPATH_MAX);
	corpus_add(corpus, long_path, VPATH_MAX + 1);
	for (size_t i = 0; i + 3 <= sizeof(long_path); i += 3)
		memcpy(long_path + i, "../", 3);
	corpus_add(corpus, long_path, sizeof(long_path));
}

#endif
