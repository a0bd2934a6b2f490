#include "sandbox/landlock.h"

#include "base/fd.h"
#include "base/tree_right.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/landlock.h, as of the seventh version. */
enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_CHAR = 1 << 6,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_MAKE_SOCK = 1 << 9,
	FS_MAKE_FIFO = 1 << 10,
	FS_MAKE_BLOCK = 1 << 11,
	FS_MAKE_SYM = 1 << 12,
	FS_REFER = 1 << 13,     /* 2 */
	FS_TRUNCATE = 1 << 14,  /* 3 */
	FS_IOCTL_DEV = 1 << 15, /* 5 */
};

enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };            /* 4 */
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 }; /* 6 */
enum { CREATE_RULESET_VERSION = 1 << 0 };
enum { RULE_PATH_BENEATH = 1 };
/* 7: what a process denied here tries is in the audit log, also after an execve(2). */
enum { RESTRICT_SELF_LOG_NEW_EXEC_ON = 1 << 1 };

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* 4 */
	uint64_t scoped;             /* 6 */
};

struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

/* Rights that version `abi` can withhold. */
static uint64_t
fs_known(unsigned abi)
{
	uint64_t rights = (FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		rights |= FS_REFER;
	if (abi >= 3)
		rights |= FS_TRUNCATE;
	if (abi >= 5)
		rights |= FS_IOCTL_DEV;
	return rights;
}

/* What the kernel calls it. A file's execution and devices are never allowed. */
static uint64_t
fs_rights(uint32_t rights)
{
	static const struct {
		uint32_t right;
		uint64_t fs;
	} rows[] = {
		{ TREE_READ_FILE, FS_READ_FILE },
		{ TREE_READ_DIRECTORY, FS_READ_DIR },
		{ TREE_WRITE_FILE, FS_WRITE_FILE | FS_TRUNCATE },
		{ TREE_MAKE_FILE, FS_MAKE_REG },
		{ TREE_MAKE_DIRECTORY, FS_MAKE_DIR },
		{ TREE_MAKE_LINK, FS_MAKE_SYM },
		{ TREE_REMOVE_FILE, FS_REMOVE_FILE },
		{ TREE_REMOVE_DIRECTORY, FS_REMOVE_DIR },
		{ TREE_MOVE, FS_REFER },
	};
	uint64_t fs = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((rights & rows[i].right) != 0)
			fs |= rows[i].fs;
	}
	return fs;
}

unsigned
landlock_abi(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return version < 0 ? 0 : (unsigned)version;
}

static size_t
attr_bytes(unsigned abi)
{
	if (abi >= 6)
		return sizeof(struct ruleset_attr);
	return abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static int
allow_beneath(int ruleset, int root_fd, uint64_t rights)
{
	struct path_beneath_attr beneath = { .allowed_access = rights, .parent_fd = root_fd };

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &beneath, 0) != 0)
		return ERR_DENIED;
	return 0;
}

/*
 * Moving a file between directories is refused by every layer that does not expressly allow it,
 * so the nursery's layer is one with a rule, and not one that leaves these rights out.
 */
static int
allow_all_files(int ruleset, uint64_t rights)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err = root < 0 ? ERR_IO : allow_beneath(ruleset, root, rights);

	fd_close(&root);
	return err;
}

static int
add_files(int ruleset, unsigned abi, enum landlock_reach reach, const struct sandbox_tree *trees,
    size_t tree_count)
{
	int err = 0;

	if (reach == LANDLOCK_NURSERY)
		return allow_all_files(ruleset, fs_rights(TREE_ALL) & fs_known(abi));
	for (size_t i = 0; reach == LANDLOCK_TREES && i < tree_count && err == 0; i++) {
		uint64_t rights = fs_rights(trees[i].rights) & fs_known(abi);

		if (rights != 0)
			err = allow_beneath(ruleset, trees[i].fd, rights);
	}
	return err;
}

int
landlock_enter(unsigned abi, enum landlock_reach reach, const struct sandbox_tree *trees,
    size_t tree_count)
{
	struct ruleset_attr attr = { .handled_access_fs = fs_known(abi),
		.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP,
		.scoped = SCOPE_ABSTRACT_UNIX_SOCKET |
			  (reach == LANDLOCK_SIGNALS ? 0 : SCOPE_SIGNAL) };
	unsigned flags = abi >= 7 ? RESTRICT_SELF_LOG_NEW_EXEC_ON : 0;
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, attr_bytes(abi), 0);
	int err;

	if (ruleset < 0)
		return ERR_DENIED;
	err = add_files(ruleset, abi, reach, trees, tree_count);
	if (err == 0 && syscall(SYS_landlock_restrict_self, ruleset, flags) != 0)
		err = ERR_DENIED;
	fd_close(&ruleset);
	return err;
}
