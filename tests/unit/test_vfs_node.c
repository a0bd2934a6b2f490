/* Names: looking, listing, renaming, removing, linking, attributes. */
#include "vfs_tree.h"

#include <limits.h>
#include <malloc.h>

static struct tree tree;
static struct vfs *vfs;

static void
make_directory(const char *name)
{
	assert_int_equal(mkdirat(tree.root_fd, name, 0755), 0);
}

static void
make_link(const char *target, const char *name)
{
	assert_int_equal(symlinkat(target, tree.root_fd, name), 0);
}

static void
assert_stored_link(const char *name, const char *target)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(tree.root_fd, name, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, target);
}

static bool
exists(const char *name)
{
	struct stat st;

	return fstatat(tree.root_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
stat_of(const char *text, bool follow, struct vfs_attributes *out)
{
	struct vpath path = path_of(text);

	return vfs_stat(vfs, &path, follow, out);
}

static int
rename_of(const char *from_text, const char *to_text, bool replace)
{
	struct vpath from = path_of(from_text), to = path_of(to_text);

	return vfs_rename(vfs, &from, &to, replace);
}

static int
hard_link_of(const char *from_text, const char *to_text)
{
	struct vpath from = path_of(from_text), to = path_of(to_text);

	return vfs_hard_link(vfs, &from, &to);
}

static int
symlink_of(const char *target, const char *link)
{
	struct vpath path = path_of(link);

	return vfs_symlink(vfs, view_of(target), &path);
}

static int
remove_of(const char *text, struct vfs_attributes *was)
{
	struct vpath path = path_of(text);

	return vfs_remove(vfs, &path, was);
}

static int
read_link_of(const char *text, char *out, size_t size)
{
	struct vpath path = path_of(text);
	struct buf target = buf_init(PATH_MAX);
	int err = vfs_read_link(vfs, &path, &target);

	assert_true(target.n < size);
	if (target.n > 0)
		memcpy(out, target.p, target.n);
	out[target.n] = '\0';
	buf_free(&target);
	return err;
}

static int
set_of(const char *text, bool follow, struct vfs_attributes set)
{
	struct vpath path = path_of(text);

	return vfs_set_attributes(vfs, &path, follow, &set);
}

static void
test_stat(void **state)
{
	struct vfs_attributes a;
	struct statvfs statistics;
	struct vpath root = path_of("/");

	(void)state;
	make_directory("d");
	put_file(tree.root_fd, "d/f", "12345");
	make_link("d/f", "link");
	make_link("none", "dangling");
	assert_int_equal(stat_of("/", true, &a), 0);
	assert_true(S_ISDIR(a.mode));
	assert_int_equal(stat_of("/d", false, &a), 0);
	assert_true(S_ISDIR(a.mode));
	assert_int_equal(stat_of("/d/f", false, &a), 0);
	assert_int_equal(a.mode, S_IFREG | 0644);
	assert_int_equal(a.size, 5);
	assert_int_equal(stat_of("/link", true, &a), 0);
	assert_int_equal(a.mode, S_IFREG | 0644);
	assert_int_equal(stat_of("/link", false, &a), 0);
	assert_true(S_ISLNK(a.mode));
	assert_int_equal(stat_of("/dangling", true, &a), ENOENT);
	assert_int_equal(stat_of("/dangling", false, &a), 0);
	assert_int_equal(stat_of("/none", true, &a), ENOENT);
	assert_int_equal(stat_of("/none/f", true, &a), ENOENT);
	assert_int_equal(stat_of("/d/f/x", true, &a), ENOTDIR);
	assert_int_equal(stat_of("/link/x", true, &a), ENOTDIR);
	assert_int_equal(vfs_statvfs(vfs, &root, &statistics), 0);
	assert_true(statistics.f_bsize > 0);
}

/* Every byte that a name may hold, through every call that takes or gives a name. */
static void
test_names_of_every_byte(void **state)
{
	(void)state;
	make_directory("d");
	for (unsigned byte = 1; byte < 256; byte++) {
		char name[] = { 'd', '/', (char)byte, (char)byte, (char)byte, '\0' };
		char other[] = { 'd', '/', 'o', (char)byte, '\0' };
		struct vfs_attributes a;
		struct vfs_file *file;
		struct vpath path;
		struct vfs_directory *directory;
		struct vfs_entry entry;
		bool end;

		if (byte == '/')
			continue;
		path = path_of(name);
		assert_int_equal(vfs_open(vfs, &path, VFS_WRITE | VFS_CREATE, &file), 0);
		assert_int_equal(vfs_close(&file), 0);
		assert_int_equal(stat_of(name, false, &a), 0);
		assert_true(exists(name));
		path = path_of("/d");
		assert_int_equal(vfs_open_directory(vfs, &path, &directory), 0);
		assert_int_equal(vfs_read_directory(directory, &entry, &end), 0);
		assert_false(end);
		assert_string_equal(entry.name, name + 2);
		assert_int_equal(vfs_read_directory(directory, &entry, &end), 0);
		assert_true(end);
		vfs_close_directory(&directory);
		assert_int_equal(rename_of(name, other, false), 0);
		assert_false(exists(name));
		assert_int_equal(hard_link_of(other, name), 0);
		assert_int_equal(remove_of(other, NULL), 0);
		assert_int_equal(remove_of(name, NULL), 0);
		path = path_of(name);
		assert_int_equal(vfs_make_directory(vfs, &path), 0);
		assert_int_equal(vfs_remove_directory(vfs, &path), 0);
		assert_int_equal(symlink_of(name, name), 0);
		assert_stored_link(name, name);
		assert_int_equal(remove_of(name, NULL), 0);
	}
}

static void
test_longest_name(void **state)
{
	char name[VPATH_NAME_MAX + 1];
	struct vfs_directory *directory;
	struct vpath path, root = path_of("/");
	struct vfs_entry entry;
	bool end;

	(void)state;
	memset(name, 'n', VPATH_NAME_MAX);
	name[VPATH_NAME_MAX] = '\0';
	path = path_of(name);
	assert_int_equal(vfs_make_directory(vfs, &path), 0);
	assert_int_equal(vfs_open_directory(vfs, &root, &directory), 0);
	assert_int_equal(vfs_read_directory(directory, &entry, &end), 0);
	assert_string_equal(entry.name, name);
	vfs_close_directory(&directory);
	assert_int_equal(vfs_remove_directory(vfs, &path), 0);
}

/* As deep as a path can say, which is deeper than any one system call takes from outside. */
static void
test_deepest_path(void **state)
{
	struct vpath path = path_of("/");
	struct vfs_attributes a;
	char text[VPATH_MAX + 1];

	(void)state;
	for (size_t n = 2; n <= VPATH_MAX; n += 2) {
		for (size_t i = 0; i < n; i++)
			text[i] = i % 2 == 0 ? '/' : 'd';
		assert_int_equal(vpath_parse(&path, (struct view){ (uint8_t *)text, n }), 0);
		assert_int_equal(vfs_make_directory(vfs, &path), 0);
	}
	assert_int_equal(vfs_stat(vfs, &path, true, &a), 0);
	assert_true(S_ISDIR(a.mode));
	while (!vpath_is_root(&path)) {
		assert_int_equal(vfs_remove_directory(vfs, &path), 0);
		vpath_parent(&path, &path);
	}
}

static void
test_directories(void **state)
{
	struct vpath root = path_of("/"), d = path_of("/d"), f = path_of("/f");
	struct vpath link = path_of("/link"), in = path_of("/d/in"), none = path_of("/none/d");
	struct vfs_directory *directory;

	(void)state;
	put_file(tree.root_fd, "f", "");
	make_link("d", "link");
	umask(027);
	assert_int_equal(vfs_make_directory(vfs, &d), 0);
	umask(022);
	assert_int_equal(vfs_make_directory(vfs, &d), EEXIST);
	assert_int_equal(vfs_make_directory(vfs, &root), EEXIST);
	assert_int_equal(vfs_make_directory(vfs, &f), EEXIST);
	assert_int_equal(vfs_make_directory(vfs, &link), EEXIST);
	assert_int_equal(vfs_make_directory(vfs, &none), ENOENT);
	{
		struct vfs_attributes a;

		assert_int_equal(stat_of("/d", true, &a), 0);
		assert_int_equal(a.mode & 07777, 0750);
	}
	assert_int_equal(vfs_make_directory(vfs, &in), 0);
	assert_int_equal(vfs_remove_directory(vfs, &d), ENOTEMPTY);
	assert_int_equal(vfs_remove_directory(vfs, &link), ENOTDIR);
	assert_int_equal(vfs_remove_directory(vfs, &f), ENOTDIR);
	assert_int_equal(vfs_remove_directory(vfs, &root), EACCES);
	assert_int_equal(vfs_remove_directory(vfs, &none), ENOENT);
	assert_int_equal(vfs_open_directory(vfs, &f, &directory), ENOTDIR);
	assert_int_equal(vfs_open_directory(vfs, &none, &directory), ENOENT);
	assert_int_equal(vfs_open_directory(vfs, &link, &directory), 0);
	assert_string_equal(vfs_directory_path(directory)->text, "/link");
	vfs_close_directory(&directory);
	assert_int_equal(vfs_remove_directory(vfs, &in), 0);
	assert_int_equal(vfs_remove_directory(vfs, &d), 0);
}

/* Each of many entries exactly once, in the memory that one entry takes. */
static void
test_large_directory(void **state)
{
	enum { ENTRIES = 20000 };
	unsigned char *seen = calloc(ENTRIES, 1);
	struct vfs_directory *directory;
	struct vpath path = path_of("/large");
	struct vfs_entry entry;
	struct mallinfo2 before, after;
	unsigned count = 0;
	char name[32];
	bool end = false;
	int fd;

	(void)state;
	assert_non_null(seen);
	make_directory("large");
	fd = openat(tree.root_fd, "large", O_PATH | O_CLOEXEC);
	for (unsigned i = 0; i < ENTRIES; i++) {
		snprintf(name, sizeof(name), "entry-%05u", i);
		assert_int_equal(mknodat(fd, name, S_IFREG | 0600, 0), 0);
	}
	close(fd);
	assert_int_equal(vfs_open_directory(vfs, &path, &directory), 0);
	before = mallinfo2();
	for (;;) {
		unsigned number;
		char after_number;

		assert_int_equal(vfs_read_directory(directory, &entry, &end), 0);
		if (end)
			break;
		assert_int_equal(
		    sscanf(entry.name, "entry-%5u%c", &number, &after_number), 1);
		assert_true(number < ENTRIES);
		assert_int_equal(seen[number], 0);
		assert_int_equal(entry.attributes.mode, S_IFREG | 0600);
		seen[number] = 1;
		count++;
	}
	after = mallinfo2();
	assert_int_equal(count, ENTRIES);
	assert_int_equal(before.uordblks, after.uordblks);
	/* At the end it stays at the end. */
	assert_int_equal(vfs_read_directory(directory, &entry, &end), 0);
	assert_true(end);
	vfs_close_directory(&directory);
	free(seen);
}

static void
test_entries_are_not_followed(void **state)
{
	struct vfs_directory *directory;
	struct vpath root = path_of("/");
	struct vfs_entry entry;
	bool end;

	(void)state;
	make_link("/none", "link");
	assert_int_equal(vfs_open_directory(vfs, &root, &directory), 0);
	assert_int_equal(vfs_read_directory(directory, &entry, &end), 0);
	assert_false(end);
	assert_string_equal(entry.name, "link");
	assert_true(S_ISLNK(entry.attributes.mode));
	vfs_close_directory(&directory);
}

static void
test_entries_that_vanish(void **state)
{
	struct vfs_directory *directory;
	struct vpath path = path_of("/d");
	struct vfs_entry entry;
	struct vfs_attributes a;
	bool end;

	(void)state;
	make_directory("d");
	put_file(tree.root_fd, "d/a", "");
	put_file(tree.root_fd, "d/b", "");
	put_file(tree.root_fd, "d/c", "");
	assert_int_equal(vfs_open_directory(vfs, &path, &directory), 0);
	assert_int_equal(vfs_read_directory(directory, &entry, &end), 0);
	assert_false(end);
	for (const char *name = "abc"; *name != '\0'; name++)
		assert_int_equal(unlinkat(tree.root_fd, (char[]){ 'd', '/', *name, '\0' }, 0), 0);
	assert_int_equal(vfs_read_directory(directory, &entry, &end), 0);
	assert_true(end);
	assert_int_equal(unlinkat(tree.root_fd, "d", AT_REMOVEDIR), 0);
	assert_int_equal(vfs_read_directory(directory, &entry, &end), 0);
	assert_true(end);
	assert_int_equal(vfs_directory_stat(directory, &a), 0);
	vfs_close_directory(&directory);
}

static void
test_rename(void **state)
{
	char text[8];

	(void)state;
	make_directory("d");
	make_directory("empty");
	put_file(tree.root_fd, "d/a", "a");
	put_file(tree.root_fd, "b", "b");
	make_link("b", "link");
	make_link("none", "dangling");
	assert_int_equal(rename_of("/d/a", "/b", false), EEXIST);
	assert_int_equal(rename_of("/d/a", "/link", false), EEXIST);
	assert_int_equal(rename_of("/d/a", "/dangling", false), EEXIST);
	assert_content(vfs, "/d/a", "a");
	assert_int_equal(rename_of("/d/a", "/b", true), 0);
	assert_content(vfs, "/b", "a");
	assert_int_equal(rename_of("/b", "/d/new", false), 0);
	assert_content(vfs, "/d/new", "a");
	assert_int_equal(rename_of("/d", "/d/new/x", true), ENOTDIR);
	assert_int_equal(rename_of("/d", "/d/inside", true), EINVAL);
	assert_int_equal(rename_of("/d", "/d/inside", false), EINVAL);
	assert_int_equal(rename_of("/none", "/x", true), ENOENT);
	assert_int_equal(rename_of("/none", "/x", false), ENOENT);
	assert_int_equal(rename_of("/d", "/none/x", true), ENOENT);
	put_file(tree.root_fd, "f", "f");
	assert_int_equal(rename_of("/empty", "/f", true), ENOTDIR);
	assert_int_equal(rename_of("/f", "/empty", true), EISDIR);
	assert_int_equal(rename_of("/f", "/d", false), EEXIST);
	assert_int_equal(rename_of("/empty", "/d", true), ENOTEMPTY);
	assert_int_equal(rename_of("/", "/x", true), EACCES);
	assert_int_equal(rename_of("/d", "/", true), EACCES);
	assert_int_equal(rename_of("/d", "/", false), EACCES);
	/* The link moves, and what it led to stays. */
	assert_int_equal(rename_of("/link", "/d/moved", false), 0);
	assert_int_equal(read_link_of("/d/moved", text, sizeof(text)), 0);
	assert_string_equal(text, "b");
	assert_int_equal(rename_of("/f", "/dangling", true), 0);
	assert_content(vfs, "/dangling", "f");
	assert_int_equal(rename_of("/d", "/renamed", false), 0);
	assert_content(vfs, "/renamed/new", "a");
}

static void
test_remove(void **state)
{
	struct vfs_attributes was;

	(void)state;
	make_directory("d");
	put_file(tree.root_fd, "f", "12345");
	make_link("f", "link");
	make_link("d", "to_d");
	assert_int_equal(remove_of("/d", &was), EISDIR);
	assert_int_equal(remove_of("/", &was), EISDIR);
	assert_int_equal(remove_of("/none", &was), ENOENT);
	assert_int_equal(remove_of("/link", &was), 0);
	assert_true(S_ISLNK(was.mode));
	assert_int_equal(remove_of("/to_d", &was), 0);
	assert_true(exists("f"));
	assert_true(exists("d"));
	assert_int_equal(remove_of("/f", &was), 0);
	assert_int_equal(was.size, 5);
	assert_false(exists("f"));
	assert_int_equal(mkfifoat(tree.root_fd, "fifo", 0600), 0);
	assert_int_equal(remove_of("/fifo", NULL), 0);
}

static void
test_hard_link(void **state)
{
	struct vfs_attributes a;

	(void)state;
	make_directory("d");
	put_file(tree.root_fd, "f", "data");
	make_link("f", "link");
	assert_int_equal(mkfifoat(tree.root_fd, "fifo", 0600), 0);
	assert_int_equal(hard_link_of("/f", "/d/twin"), 0);
	assert_int_equal(stat_of("/d/twin", false, &a), 0);
	assert_int_equal(a.links, 2);
	assert_int_equal(hard_link_of("/f", "/d/twin"), EEXIST);
	assert_int_equal(hard_link_of("/f", "/"), EEXIST);
	assert_int_equal(hard_link_of("/link", "/x"), EACCES);
	assert_int_equal(hard_link_of("/fifo", "/x"), EACCES);
	assert_int_equal(hard_link_of("/d", "/x"), EISDIR);
	assert_int_equal(hard_link_of("/", "/x"), EISDIR);
	assert_int_equal(hard_link_of("/none", "/x"), ENOENT);
	assert_int_equal(hard_link_of("/f", "/none/x"), ENOENT);
	assert_false(exists("x"));
}

static void
test_symlink_is_stored_relative(void **state)
{
	static const struct {
		const char *target, *link, *stored;
	} cases[] = {
		{ "/f", "/l1", "f" },
		{ "/d/f", "/l2", "d/f" },
		{ "/f", "/d/l3", "../f" },
		{ "/d/f", "/d/l4", "f" },
		{ "/d", "/d/l5", "." },
		{ "/d/e", "/d/e/l6", "." },
		{ "/d", "/d/e/l7", ".." },
		{ "/dd/x", "/d/e/l8", "../../dd/x" },
		{ "/d/ee", "/d/e/l9", "../ee" },
		{ "//d/../d/./f/", "/l10", "d/f" },
		{ "/../../etc/passwd", "/d/l11", "../etc/passwd" },
		{ "f", "/l12", "f" },
		{ "../f", "/d/l13", "../f" },
		{ "./x//y", "/l14", "./x//y" },
		{ "/none", "/l15", "none" },
		/* /s leads to /d/e, so the link is there, two directories deep. */
		{ "/f", "/s/l16", "../../f" },
		{ "/d/e/x", "/s/l17", "x" },
	};

	(void)state;
	make_directory("d");
	make_directory("d/e");
	put_file(tree.root_fd, "f", "data");
	make_link("d/e", "s");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(symlink_of(cases[i].target, cases[i].link), 0);
		assert_stored_link(cases[i].link + 1, cases[i].stored);
	}
	assert_content(vfs, "/l1", "data");
	assert_content(vfs, "/d/l3", "data");
	assert_content(vfs, "/s/l16", "data");
	assert_content(vfs, "/d/l13", "data");
	assert_int_equal(symlink_of("/f", "/l1"), EEXIST);
	assert_int_equal(symlink_of("/f", "/"), EEXIST);
	assert_int_equal(symlink_of("/", "/x"), EACCES);
	assert_int_equal(symlink_of("/..", "/x"), EACCES);
	assert_int_equal(symlink_of("", "/x"), ENOENT);
	assert_int_equal(symlink_of("/f", "/none/x"), ENOENT);
	assert_false(exists("x"));
}

static void
test_symlink_limits(void **state)
{
	char text[PATH_MAX + 1];
	struct vpath link = path_of("/link"), deep = path_of("/d/link"), again = path_of("/again");

	(void)state;
	make_directory("d");
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 64 == 0 ? '/' : 'p';
	assert_int_equal(
	    vfs_symlink(vfs, (struct view){ (uint8_t *)"a\0b", 3 }, &link), EINVAL);
	/* A relative target of PATH_MAX - 1 bytes is the longest that there is. */
	assert_int_equal(
	    vfs_symlink(vfs, (struct view){ (uint8_t *)text + 1, PATH_MAX }, &link),
	    ENAMETOOLONG);
	assert_int_equal(
	    vfs_symlink(vfs, (struct view){ (uint8_t *)text, PATH_MAX }, &link), ENAMETOOLONG);
	assert_int_equal(
	    vfs_symlink(vfs, (struct view){ (uint8_t *)text, VPATH_MAX }, &link), 0);
	/* "../" makes it too long. */
	assert_int_equal(
	    vfs_symlink(vfs, (struct view){ (uint8_t *)text, VPATH_MAX }, &deep), ENAMETOOLONG);
	assert_int_equal(
	    vfs_symlink(vfs, (struct view){ (uint8_t *)text, VPATH_MAX - 2 }, &deep), 0);
	assert_int_equal(
	    vfs_symlink(vfs, (struct view){ (uint8_t *)text + 1, PATH_MAX - 1 }, &again), 0);
}

static void
test_links_are_shown(void **state)
{
	char text[512], host[256];

	(void)state;
	make_directory("d");
	put_file(tree.root_fd, "f", "data");
	put_file(tree.root_fd, "d/f", "deep");
	make_link("d/f", "relative");
	make_link("/d/f", "absolute");
	snprintf(host, sizeof(host), "%s/d/f", tree.root);
	make_link(host, "host");
	make_link(tree.root, "host_root");
	snprintf(host, sizeof(host), "%s-beside/f", tree.root);
	make_link(host, "beside");
	snprintf(host, sizeof(host), "%s/../outside", tree.root);
	make_link(host, "climbing");
	assert_int_equal(read_link_of("/relative", text, sizeof(text)), 0);
	assert_string_equal(text, "d/f");
	assert_int_equal(read_link_of("/absolute", text, sizeof(text)), 0);
	assert_string_equal(text, "/d/f");
	assert_int_equal(read_link_of("/host", text, sizeof(text)), 0);
	assert_string_equal(text, "/d/f");
	assert_int_equal(read_link_of("/host_root", text, sizeof(text)), 0);
	assert_string_equal(text, "/");
	assert_int_equal(read_link_of("/beside", text, sizeof(text)), 0);
	snprintf(host, sizeof(host), "%s-beside/f", tree.root);
	assert_string_equal(text, host);
	assert_int_equal(read_link_of("/climbing", text, sizeof(text)), 0);
	assert_string_equal(text, "/../outside");
	assert_int_equal(read_link_of("/f", text, sizeof(text)), EINVAL);
	assert_int_equal(read_link_of("/d", text, sizeof(text)), EINVAL);
	assert_int_equal(read_link_of("/", text, sizeof(text)), EINVAL);
	assert_int_equal(read_link_of("/none", text, sizeof(text)), ENOENT);
	/* And what is shown is what is followed. */
	assert_content(vfs, "/relative", "deep");
	assert_content(vfs, "/absolute", "deep");
	assert_content(vfs, "/host", "deep");
	assert_content(vfs, "/host_root/d/f", "deep");
	assert_content(vfs, "/host_root/host_root/f", "data");
}

static void
test_link_chains(void **state)
{
	char name[16], target[16];
	struct vfs_attributes a;

	(void)state;
	make_directory("d");
	put_file(tree.root_fd, "d/f", "data");
	make_link("d/f", "l0");
	for (int i = 1; i <= 40; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(target, sizeof(target), "l%d", i - 1);
		make_link(target, name);
	}
	assert_content(vfs, "/l39", "data"); /* 40 links, as the kernel has it */
	assert_int_equal(stat_of("/l40", true, &a), ELOOP);
	assert_int_equal(stat_of("/l40", false, &a), 0);
	make_link("loop_b", "loop_a");
	make_link("./loop_a/", "loop_b");
	make_link("self/self", "self");
	assert_int_equal(stat_of("/loop_a", true, &a), ELOOP);
	assert_int_equal(stat_of("/loop_a/x", false, &a), ELOOP);
	assert_int_equal(stat_of("/self", true, &a), ELOOP);
	/* Up and down again, through what is really there. */
	make_link("d/../d/./f", "crooked");
	make_link("..", "d/up");
	make_link("/d/up/d/up/d/f", "tour");
	make_link("d/f/..", "through_a_file");
	make_link("none/..", "through_nothing");
	assert_content(vfs, "/crooked", "data");
	assert_content(vfs, "/tour", "data");
	assert_content(vfs, "/d/up/d/up/d/f", "data");
	assert_int_equal(stat_of("/through_a_file", true, &a), ENOTDIR);
	assert_int_equal(stat_of("/through_nothing", true, &a), ENOENT);
}

static void
test_attributes_by_path(void **state)
{
	const struct vfs_attributes mode = { .valid = VFS_ATTRIBUTE_MODE, .mode = 07711 };
	const struct vfs_attributes size = { .valid = VFS_ATTRIBUTE_SIZE, .size = 2 };
	const struct vfs_attributes times = { .valid = VFS_ATTRIBUTE_TIMES, .atime = 10,
		.mtime = 4102444800 };
	const struct vfs_attributes never = { .valid = VFS_ATTRIBUTE_TIMES,
		.mtime_nsec = 0x3fffffff };
	const struct vfs_attributes nothing = { 0 };
	struct vfs_attributes a;

	(void)state;
	make_directory("d");
	put_file(tree.root_fd, "f", "12345");
	make_link("f", "link");
	make_link("none", "dangling");
	assert_int_equal(set_of("/f", true, mode), 0);
	assert_int_equal(set_of("/f", true, size), 0);
	assert_int_equal(set_of("/f", true, times), 0);
	assert_int_equal(set_of("/f", true, never), EINVAL);
	assert_int_equal(set_of("/f", true, nothing), 0);
	assert_int_equal(stat_of("/f", true, &a), 0);
	assert_int_equal(a.mode, S_IFREG | 0711);
	assert_int_equal(a.size, 2);
	assert_int_equal(a.atime, 10);
	assert_int_equal(a.mtime, 4102444800);
	assert_int_equal(set_of("/d", false, mode), 0);
	assert_int_equal(set_of("/d", false, times), 0);
	assert_int_equal(set_of("/d", false, size), EISDIR);
	assert_int_equal(stat_of("/d", true, &a), 0);
	assert_int_equal(a.mode, S_IFDIR | 0711);
	assert_int_equal(set_of("/", true, mode), 0);
	assert_int_equal(set_of("/link", false, mode), EOPNOTSUPP);
	assert_int_equal(set_of("/link", false, times), EOPNOTSUPP);
	assert_int_equal(set_of("/link", true,
	    (struct vfs_attributes){ .valid = VFS_ATTRIBUTE_MODE, .mode = 0600 }), 0);
	assert_int_equal(stat_of("/f", true, &a), 0);
	assert_int_equal(a.mode, S_IFREG | 0600);
	assert_int_equal(set_of("/dangling", true, mode), ENOENT);
	assert_int_equal(set_of("/none", true, mode), ENOENT);
}

static int
setup(void **state)
{
	(void)state;
	umask(022);
	tree_make_in_memory(&tree);
	vfs = tree_vfs(&tree, PERMISSION_ALL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vfs_free(&vfs);
	tree_free(&tree);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stat),
		TEST(test_names_of_every_byte),
		TEST(test_longest_name),
		TEST(test_deepest_path),
		TEST(test_directories),
		TEST(test_large_directory),
		TEST(test_entries_are_not_followed),
		TEST(test_entries_that_vanish),
		TEST(test_rename),
		TEST(test_remove),
		TEST(test_hard_link),
		TEST(test_symlink_is_stored_relative),
		TEST(test_symlink_limits),
		TEST(test_links_are_shown),
		TEST(test_link_chains),
		TEST(test_attributes_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
