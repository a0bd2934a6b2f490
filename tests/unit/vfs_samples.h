/*
 * vfs_samples.h - each operation of the table (vfs/operation.h) as a call of the vfs, with names
 * that it can be tried on: "dir" with "file", "sub" and "link", and "other" with "there".
 */
#ifndef TESTS_VFS_SAMPLES_H
#define TESTS_VFS_SAMPLES_H

#include "vfs_folders.h"

#include "vfs/operation.h"

struct needs {
	uint32_t own, parent, node, target_parent;
};

#define ROW(name, own, parent, node, target_parent, ...) \
	[OPERATION_##name] = { own, parent, node, target_parent },
static const struct needs needs[OPERATION_COUNT] = { VFS_OPERATIONS(ROW) };
#undef ROW

#define NAME(name, ...) [OPERATION_##name] = #name,
static const char *const names[OPERATION_COUNT] = { VFS_OPERATIONS(NAME) };
#undef NAME

typedef int operation_call(struct vfs *vfs, const struct vpath *path, const struct vpath *target);

static inline int
open_with(struct vfs *vfs, const struct vpath *path, unsigned flags)
{
	struct vfs_file *file;
	int err = vfs_open(vfs, path, flags, &file);

	if (err == 0)
		assert_int_equal(vfs_close(&file), 0);
	return err;
}

static inline int
call_open_read(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return open_with(vfs, path, VFS_READ);
}

static inline int
call_create(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return open_with(vfs, path, VFS_WRITE | VFS_CREATE);
}

static inline int
call_overwrite(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return open_with(vfs, path, VFS_WRITE | VFS_CREATE | VFS_TRUNCATE);
}

static inline int
call_open_directory(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	struct vfs_directory *directory;
	int err = vfs_open_directory(vfs, path, &directory);

	(void)target;
	vfs_close_directory(&directory);
	return err;
}

static inline int
call_stat(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	struct vfs_attributes attributes;
	int err = vfs_stat(vfs, path, true, &attributes);

	(void)target;
	assert_int_equal(vfs_stat(vfs, path, false, &attributes), err);
	return err;
}

static inline int
call_statvfs(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	struct statvfs answer;

	(void)target;
	return vfs_statvfs(vfs, path, &answer);
}

static inline int
call_read_link(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	struct buf text = buf_init(4096);
	int err = vfs_read_link(vfs, path, &text);

	(void)target;
	buf_free(&text);
	return err;
}

static inline int
call_set_size(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	const struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_SIZE, .size = 1 };

	(void)target;
	return vfs_set_attributes(vfs, path, true, &set);
}

static inline int
call_set_owner(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	const struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_OWNER, .uid = geteuid(),
		.gid = getegid() };

	(void)target;
	return vfs_set_attributes(vfs, path, true, &set);
}

static inline int
call_set_mode(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	const struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_MODE, .mode = 0700 };

	(void)target;
	return vfs_set_attributes(vfs, path, false, &set);
}

static inline int
call_set_times(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	const struct vfs_attributes set = { .valid = VFS_ATTRIBUTE_TIMES, .atime = 1, .mtime = 2 };

	(void)target;
	return vfs_set_attributes(vfs, path, true, &set);
}

static inline int
call_symlink(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return vfs_symlink(vfs, view_of("anything"), path);
}

static inline int
call_rename(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	return vfs_rename(vfs, path, target, false);
}

/* What is beside the target. */
static inline int
call_replace(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	struct vpath there;

	vpath_parent(target, &there);
	memcpy(there.text + there.length, "/there", 7);
	there.length = (uint16_t)(there.length + 6);
	return vfs_rename(vfs, path, &there, true);
}

static inline int
call_remove(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return vfs_remove(vfs, path, NULL);
}

static inline int
call_make_directory(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return vfs_make_directory(vfs, path);
}

static inline int
call_remove_directory(struct vfs *vfs, const struct vpath *path, const struct vpath *target)
{
	(void)target;
	return vfs_remove_directory(vfs, path);
}

struct sample {
	enum operation operation;
	bool is_directory;
	const char *path;
	operation_call *call;
};

static const struct sample samples[] = {
	{ OPERATION_OPEN_READ, false, "/dir/file", call_open_read },
	{ OPERATION_CREATE_FILE, false, "/dir/new", call_create },
	{ OPERATION_OVERWRITE_FILE, false, "/dir/file", call_overwrite },
	{ OPERATION_OPEN_DIRECTORY, true, "/dir/sub", call_open_directory },
	{ OPERATION_STAT, false, "/dir/file", call_stat },
	{ OPERATION_STAT, true, "/dir/sub", call_stat },
	{ OPERATION_STATVFS, false, "/dir/file", call_statvfs },
	{ OPERATION_READ_LINK, false, "/dir/link", call_read_link },
	{ OPERATION_SET_SIZE, false, "/dir/file", call_set_size },
	{ OPERATION_SET_OWNER, false, "/dir/file", call_set_owner },
	{ OPERATION_SET_OWNER, true, "/dir/sub", call_set_owner },
	{ OPERATION_SET_MODE, false, "/dir/file", call_set_mode },
	{ OPERATION_SET_MODE, true, "/dir/sub", call_set_mode },
	{ OPERATION_SET_TIMES, false, "/dir/file", call_set_times },
	{ OPERATION_SET_TIMES, true, "/dir/sub", call_set_times },
	{ OPERATION_SYMLINK, false, "/dir/new", call_symlink },
	{ OPERATION_HARD_LINK, false, "/dir/file", vfs_hard_link },
	{ OPERATION_RENAME, false, "/dir/file", call_rename },
	{ OPERATION_RENAME, true, "/dir/sub", call_rename },
	{ OPERATION_RENAME_STRICTLY, false, "/dir/file", call_rename },
	{ OPERATION_RENAME_STRICTLY, true, "/dir/sub", call_rename },
	{ OPERATION_REPLACE_STRICTLY, false, "/dir/file", call_replace },
	{ OPERATION_REMOVE, false, "/dir/file", call_remove },
	{ OPERATION_REMOVE, false, "/dir/link", call_remove },
	{ OPERATION_MAKE_DIRECTORY, true, "/dir/new", call_make_directory },
	{ OPERATION_REMOVE_DIRECTORY, true, "/dir/sub", call_remove_directory },
};

enum { SAMPLE_COUNT = sizeof(samples) / sizeof(samples[0]) };

#endif
