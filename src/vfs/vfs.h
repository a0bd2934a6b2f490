/*
 * vfs.h - what one account can see and do: its tree, its permissions, its storage.
 *
 * Every protocol reaches files through this module and through nothing else. A client's path goes
 * once through vpath_parse(); permissions, and the resolution in the kernel, take the result.
 * Local paths are resolved by openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS from the
 * root descriptor; no path string is compared to decide safety. FIFOs, sockets and devices are
 * never opened. Nothing here knows a protocol, a user name or another process.
 *
 * The tree has one root or several: the home directory, and the virtual folders of the policy.
 *
 * Symbolic links are followed inside the tree: an absolute link starts at the root, and one that
 * names the host path of the root (as older servers stored them) is taken from there on; a link in
 * a virtual folder leads within the folder, whose own directory is its root. Where
 * links lead, both spellings of the path need the permission: the client's, and the one without
 * links that the kernel then opens. So a link cannot lend the permissions of its directory.
 *
 * Paths and the policy return ERR_ codes. The tree returns 0 or a positive errno value: EACCES for
 * what policy refuses, ENOSPC, EDQUOT and the like as the kernel gave them. Which permission an
 * operation needs, and where, is written in one table: vfs/operation.h. Single-threaded. The
 * process should ignore SIGXFSZ, so that a file-size limit arrives as EFBIG.
 */
#ifndef VFS_VFS_H
#define VFS_VFS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/permission.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>

/* ---- paths */

enum { VPATH_MAX = 4095, VPATH_NAME_MAX = 255 };

/*
 * A path as the client sees it, in its only spelling: begins with '/', no "." or ".." or empty
 * component, no '/' at the end (but the root is "/"), no NUL, each component at most
 * VPATH_NAME_MAX bytes. Bytes are otherwise free; they need not be UTF-8.
 */
struct vpath {
	uint16_t length;
	char text[VPATH_MAX + 1];
};

/*
 * From a client's bytes. A relative path starts at the root; "" is the root; ".." at the root
 * stays there. ERR_FORMAT for a NUL, ERR_LIMIT for a path or a component that is too long.
 */
MUST int vpath_parse(struct vpath *out, struct view path);
/* The directory that holds it; the root's is the root. */
void vpath_parent(const struct vpath *path, struct vpath *out);
/* The last component; "" for the root. Points into the path. */
const char *vpath_name(const struct vpath *path);
bool vpath_is_root(const struct vpath *path);
/*
 * True when the client's own spelling ends in "/", "/." or "/..": it means a directory, so that
 * where a call would not follow a link at the end, it does (POSIX.1-2017 section 4.13).
 */
bool vpath_wants_directory(struct view path);

/* ---- policy */

/* Permissions of one directory; the nearest listed directory above a path decides for it. */
struct vfs_rule {
	struct vpath *directory;
	uint32_t permissions; /* enum permission bits */
};

/*
 * A virtual folder: a directory of this machine that the account sees in its tree. What would lie
 * at its place in the home is not seen. The directories above it exist for the account whether
 * they are there or not; nothing can be put into one that is not, until it has been made.
 */
struct vfs_folder {
	struct vpath *path; /* where the account sees it */
	struct vpath *host; /* where it is; only to understand and to show stored links */
};

/* The end of a file name, in any case of its ASCII letters. */
struct vfs_suffix {
	bool denied; /* else allowed */
	uint8_t length;
	char text[VPATH_NAME_MAX];
};

/*
 * Which names files may have in one directory; the nearest listed directory above a file decides
 * for it. A denied suffix decides first; then, where any is allowed, the name must end in one.
 * Files with other names are listed, and cannot be read, written, linked, renamed or removed.
 * Directories may have any name.
 */
struct vfs_filter {
	struct vpath *directory;
	struct vfs_suffix *suffixes;
	size_t suffix_count;
};

struct vfs_policy {
	struct vfs_rule *rules; /* one is for "/" */
	size_t rule_count;
	struct vfs_folder *folders;
	size_t folder_count;
	struct vfs_filter *filters;
	size_t filter_count;
	size_t suffix_count; /* of all filters */
	size_t bytes;        /* of it, encoded, but for what every policy has */
	bool strict_rename;  /* see vfs_rename() */
	bool rename_copies;  /* the protocol may move a file to another folder: see vfs_rename_or_move() */
};

enum {
	VFS_RULES_MAX = 1024,
	VFS_FOLDERS_MAX = 64,
	VFS_FILTERS_MAX = 1024,
	VFS_SUFFIXES_MAX = 4096,       /* of all filters */
	VFS_POLICY_BYTES_MAX = 120000, /* of all of it, encoded */
};

/*
 * Adds a rule; the directory goes through vpath_parse(). ERR_EXISTS when it has one already,
 * ERR_LIMIT past the limits, ERR_INVALID for bits that are no permission. The policy starts as
 * all zero and is given back with vfs_policy_free().
 */
MUST int vfs_policy_add(struct vfs_policy *policy, struct view directory, uint32_t permissions);
/*
 * Adds a folder at a path of the account. ERR_EXISTS when it and another lie within one another,
 * ERR_INVALID for "/" and for a host path that is not absolute, ERR_LIMIT.
 */
MUST int vfs_policy_add_folder(struct vfs_policy *policy, struct view path, struct view host);
/* Adds a filter, which lets every name pass until it has suffixes. ERR_EXISTS, ERR_LIMIT. */
MUST int vfs_policy_add_filter(struct vfs_policy *policy, struct view directory);
/* Adds a suffix to the filter that was added last. ERR_FORMAT for a NUL or '/', ERR_LIMIT. */
MUST int vfs_policy_add_suffix(struct vfs_policy *policy, struct view suffix, bool denied);
void vfs_policy_free(struct vfs_policy *policy);
/*
 * The policy as bytes for the worker that will enforce it, and back (checked as untrusted: it must
 * be what the encoder writes for a policy that has a rule for "/"). Decoding takes what it needs
 * from the cursor and leaves the rest; on an error the policy is empty.
 */
void vfs_policy_encode(struct buf *out, const struct vfs_policy *policy);
MUST int vfs_policy_decode(struct rd *r, struct vfs_policy *out);
/* The bits that hold on a path; none when no rule is above it. */
uint32_t vfs_policy_permissions(const struct vfs_policy *policy, const struct vpath *path);
/* True when no rule grants anything that changes a file or a directory. */
bool vfs_policy_read_only(const struct vfs_policy *policy);
/* The number of the folder that a path is in or is, from 1; 0 when it lies in the home. */
size_t vfs_policy_folder_of(const struct vfs_policy *policy, const struct vpath *path);
/*
 * What the kernel must let the process do beneath the home (0) or a folder (from 1): enum
 * tree_right bits, all that any operation could need that is granted anywhere in it.
 */
uint32_t vfs_policy_rights(const struct vfs_policy *policy, size_t folder);

/* ---- why it decides as it does, for people who ask */

/* What decides about a path; all of it points into the policy. */
struct vfs_decision {
	size_t folder;                  /* as vfs_policy_folder_of() */
	bool holds_folder;              /* a folder is at the path or below it */
	const struct vfs_rule *rule;    /* NULL: none, so nothing is granted */
	const struct vfs_rule *parent_rule; /* of the directory that holds it */
	const struct vfs_filter *filter;    /* NULL: a file may have any name */
	const struct vfs_suffix *suffix;    /* of it, that decided; NULL: none, that none fits did */
	bool passes;                        /* a file may have the name */
};

enum vfs_reason {
	VFS_REASON_PERMISSIONS,
	VFS_REASON_FILTER, /* the name of the file */
	VFS_REASON_FOLDER, /* the name cannot come, go or move: a folder is there, or below */
};

/* The verdict about one operation, for a file or for a directory. */
struct vfs_verdict {
	const char *operation; /* as in vfs/operation.h */
	bool as_target;        /* the path is the second of two */
	bool applies;          /* false: never asked, of such a path or by such a policy */
	bool allowed;
	enum vfs_reason reason;
	uint32_t needs, parent_needs; /* permissions on the path, on the directory that holds it */
};

void vfs_policy_decision(const struct vfs_policy *policy, const struct vpath *path,
	struct vfs_decision *out);
/*
 * The verdict with this number, from 0; false past the last. It is that of the path as it is
 * written: where links lead is not looked at, and there another spelling is asked about as well.
 */
bool vfs_policy_verdict(const struct vfs_policy *policy, const struct vpath *path,
	bool is_directory, unsigned number, struct vfs_verdict *out);

/* ---- quotas */

struct vfs_amount {
	int64_t bytes, files;
};

/*
 * What may be changed without asking, and what was changed: one for each quota of a session. Files
 * are changed only while it is open; what they cost is taken from `left` and added to `change`.
 * The owner fills in `number`, `ctx` and the two functions, reports `change` and the rest, and
 * sets them back. How it is counted is in vfs/charge.h.
 */
struct vfs_quota {
	uint32_t number;
	bool open;
	bool in_use; /* set by each change, for the owner to see when there is none any more */
	bool unsure; /* something could not be counted: the files have to be */
	struct vfs_amount left, change;
	struct vfs_amount nameless; /* of what is charged: removed, but still open */
	int64_t beyond;             /* files above the limit: as many that go are not left again */
	LIST_HEAD(, charge) charges;
	void *ctx;
	/*
	 * Opens it, with at least so much left: 0, EDQUOT when there is not so much, ETIMEDOUT when
	 * nobody says. `beyond`: there may be more files than the limit allows, for a moment.
	 */
	int (*ask)(struct vfs_quota *quota, struct vfs_amount need, bool beyond);
	/* Limits, 0 for none, and what is used of them. 0 or ETIMEDOUT. */
	int (*show)(struct vfs_quota *quota, struct vfs_amount *limit, struct vfs_amount *used);
};

/* While it is open: gives back what was paid for files that have not grown; sets `nameless`. */
void vfs_quota_settle(struct vfs_quota *quota);
/*
 * It was closed and is open again. What others did to our files meanwhile may have been counted
 * since, or not: it is not ours to report.
 */
void vfs_quota_reopened(struct vfs_quota *quota);

/* ---- the tree */

struct vfs;
struct vfs_file;
struct vfs_directory;

/*
 * Takes root_fd (an O_PATH or readable descriptor of the home directory; on an error it stays the
 * caller's) and copies the policy. root_path is the absolute host path of the root, or NULL; it is
 * used only to understand and to show stored links that name it. New files get 0666 and new
 * directories 0777, both less the process's umask. ENOTDIR, EINVAL or ENOMEM.
 */
MUST int vfs_new(struct vfs **out, int root_fd, const char *root_path,
	const struct vfs_policy *policy);
/*
 * The same for a policy with folders: their descriptors in its order, as many as it has; they are
 * taken like root_fd.
 */
MUST int vfs_new_with_folders(struct vfs **out, int root_fd, const char *root_path,
	const struct vfs_policy *policy, const int *folder_fds);
/*
 * From now on this policy decides. Its folders must be those of the present one, in that order:
 * else EINVAL; ENOMEM. After an error nothing has changed. What is open stays open, and is still
 * judged by what was granted when it was opened; the rights that the kernel was asked for at the
 * beginning do not grow, so that a caller compares vfs_policy_rights() first.
 */
MUST int vfs_set_policy(struct vfs *vfs, const struct vfs_policy *policy);
/* Every file and directory was closed before. */
void vfs_free(struct vfs **vfs);
/*
 * What is changed in the home (0) or a folder (from 1) counts from now on; borrowed, and there
 * until the last file is closed. Several may have one quota.
 */
void vfs_set_quota(struct vfs *vfs, size_t root, struct vfs_quota *quota);

/* Where the bytes of an upload go until it is complete; see vfs/upload.h for every case. */
enum vfs_upload_mode {
	VFS_UPLOAD_DIRECT = 0, /* to the file itself */
	VFS_UPLOAD_ATOMIC = 1, /* to a hidden file beside it, which then takes its place */
	VFS_UPLOAD_ATOMIC_RESUME = 2, /* as ATOMIC; a failed upload leaves what has come */
};

struct vfs_uploads {
	enum vfs_upload_mode mode;
	/* vfs_close() answers when content and name of an uploaded file are on the disk */
	bool sync;
	uint64_t size_max; /* bytes that a file may have after a write; 0: no limit */
};

/*
 * How uploads are made from now on; without it all zero. The mode only changes while no file is
 * open for writing.
 */
void vfs_set_uploads(struct vfs *vfs, const struct vfs_uploads *uploads);
/* What such uploads need besides, beneath a root with these rights (vfs_policy_rights()). */
uint32_t vfs_upload_rights(const struct vfs_uploads *uploads, uint32_t rights);

/* Which members of struct vfs_attributes count, as bits. */
enum vfs_attribute {
	VFS_ATTRIBUTE_SIZE = 1,
	VFS_ATTRIBUTE_OWNER = 2,
	VFS_ATTRIBUTE_MODE = 4,
	VFS_ATTRIBUTE_TIMES = 8,
};

struct vfs_attributes {
	unsigned valid; /* enum vfs_attribute bits; a result has them all */
	uint64_t size;
	uint32_t uid, gid;
	uint32_t mode;  /* with the file type, as st_mode; only the lower 9 bits are ever set */
	int64_t atime, mtime; /* seconds since 1970 */
	uint32_t atime_nsec, mtime_nsec;
	uint32_t links; /* result only */
};

enum vfs_open_flag {
	VFS_READ = 1,
	VFS_WRITE = 2,
	VFS_CREATE = 4,
	VFS_TRUNCATE = 8,
	VFS_EXCLUSIVE = 16, /* fail with EEXIST when it exists */
	VFS_APPEND = 32,    /* a resumed upload: writes before the size at open fail with EINVAL;
	                     * means nothing with TRUNCATE */
};

/*
 * Opens a regular file; EISDIR for a directory, EACCES for a FIFO, socket or device (without
 * opening it). Reading needs `download` on the parent; writing a new file `upload`, an existing
 * one `overwrite`, both on the parent; reading and writing needs both. EINVAL for flags with
 * neither, and for VFS_CREATE or VFS_TRUNCATE without VFS_WRITE. EXCLUSIVE holds at the open and,
 * where the name appears only then, at the close. Frees with vfs_close().
 */
MUST int vfs_open(struct vfs *vfs, const struct vpath *path, unsigned flags,
	struct vfs_file **out);
/* What the open found: a new file, and the size before (and before it was truncated). */
bool vfs_file_is_new(const struct vfs_file *file);
uint64_t vfs_file_size_before(const struct vfs_file *file);
/* The size now, for reports of the server itself; needs no permission. 0 when it is not known. */
uint64_t vfs_file_size(const struct vfs_file *file);
const struct vpath *vfs_file_path(const struct vfs_file *file);
/*
 * Short results are normal at the end of the file and nowhere else; bytes in *done_out.
 * Ranges that end above INT64_MAX are EINVAL; a file not opened for it is EBADF.
 */
MUST int vfs_read(struct vfs_file *file, const struct iovec *iov, int iov_count, uint64_t offset,
	size_t *done_out);
/*
 * Writes all the bytes, or fails: *done_out says how many were written before the failure. EFBIG
 * above the largest size that an upload may have. After a failure the upload is a failed one.
 */
MUST int vfs_write(struct vfs_file *file, const struct iovec *iov, int iov_count, uint64_t offset,
	size_t *done_out);
/* `list` on the parent, as vfs_stat(). */
MUST int vfs_file_stat(struct vfs_file *file, struct vfs_attributes *out);
/*
 * As vfs_set_attributes(), with the same permissions, on the open file itself. Times that are set
 * while it is open for writing hold after the close, whatever is written in between.
 */
MUST int vfs_file_set_attributes(struct vfs_file *file, const struct vfs_attributes *set);
MUST int vfs_file_sync(struct vfs_file *file);
/*
 * Copies between two open files; length 0 is "to the end" (as it is when the copy begins). EINVAL
 * when both are one file, by whatever names. *copied_out also counts what was copied before a
 * failure.
 */
MUST int vfs_file_copy(struct vfs_file *from, uint64_t from_offset, uint64_t length,
	struct vfs_file *to, uint64_t to_offset, uint64_t *copied_out);
/* `list` on the parent. */
MUST int vfs_file_statvfs(struct vfs_file *file, struct statvfs *out);
/*
 * Not all of it has come, or will, for a reason that is not known here (an errno value): an upload
 * is to end as a failed one.
 */
void vfs_file_fail(struct vfs_file *file, int error);
/*
 * Closes, frees and nulls. For a file open for writing this is the end of the upload: the first
 * error that it met, then or now, is the result again. What is left after one, the table in
 * vfs/upload.h says.
 */
int vfs_close(struct vfs_file **file);

struct vfs_entry {
	char name[VPATH_NAME_MAX + 1];
	struct vfs_attributes attributes; /* of the entry itself, links not followed */
};

/* Needs `list` on the directory. */
MUST int vfs_open_directory(struct vfs *vfs, const struct vpath *path,
	struct vfs_directory **out);
const struct vpath *vfs_directory_path(const struct vfs_directory *directory);
/*
 * The next entry, in the order of the file system, without "." and ".."; *end_out at the end.
 * Virtual folders, and the directories above them, come first. The vfs must still be there.
 * A directory of any size costs the same memory. Entries that vanish meanwhile are left out; one
 * that cannot be looked at has its type and nothing else.
 */
MUST int vfs_read_directory(struct vfs_directory *directory, struct vfs_entry *out, bool *end_out);
/* `list` on the parent, as vfs_stat(). */
MUST int vfs_directory_stat(struct vfs_directory *directory, struct vfs_attributes *out);
void vfs_close_directory(struct vfs_directory **directory);

/* Needs `list` on the parent. */
MUST int vfs_stat(struct vfs *vfs, const struct vpath *path, bool follow,
	struct vfs_attributes *out);
/*
 * Sets what `set->valid` names: `chmod`, `chown`, `chtimes` (and `overwrite` for the size), on the
 * path itself for a file, on the parent for a directory. All or none of the permissions must hold
 * before anything is set. The change is made through a descriptor that the kernel lets us open,
 * because that is what confines it: so EOPNOTSUPP for a link that is not followed, EACCES for a
 * FIFO, socket or device, and EACCES for a file that this process may neither read nor write.
 * What this tree has an upload under way to is not touched: the file that will be there after it
 * is set, as by vfs_file_set_attributes().
 */
MUST int vfs_set_attributes(struct vfs *vfs, const struct vpath *path, bool follow,
	const struct vfs_attributes *set);
/*
 * `list` on the parent. The link's target as the client should see it, without a NUL at the end:
 * a stored host path of the root is shown as the client's path, anything else as it is stored,
 * because that is how it is followed. EINVAL when it is not a link.
 */
MUST int vfs_read_link(struct vfs *vfs, const struct vpath *path, struct buf *out);
/*
 * `create_symlinks` on the link's parent. A target that begins with '/' is a path of the client;
 * it is stored relative to the link, so that it leads to the same file from inside and outside.
 * A relative target is stored as it is. EACCES for the target "/", EINVAL for a NUL in it, EXDEV
 * for one that begins with '/' and would lead out of the virtual folder that the link is in.
 */
MUST int vfs_symlink(struct vfs *vfs, struct view target, const struct vpath *link);
/*
 * `create_symlinks` on the new name's parent, and `download` and `overwrite` on the old's. EISDIR
 * for a directory, EACCES for anything else that is not a regular file, EXDEV from one folder to
 * another; links are not followed.
 */
MUST int vfs_hard_link(struct vfs *vfs, const struct vpath *from, const struct vpath *to);
/*
 * `rename` on the target's parent; with strict_rename also `rename` and `delete` on the source's,
 * and `overwrite` on the target's where something is replaced. Replaces an existing file, or fails
 * with EEXIST. EACCES for the root, a folder and what is above one, on either side; EXDEV from one
 * folder to another. Links are renamed, not their targets. What a directory holds is not looked
 * at: it is then judged by the rules of its new place.
 */
MUST int vfs_rename(struct vfs *vfs, const struct vpath *from, const struct vpath *to,
	bool replace);
/*
 * As vfs_rename(). Where that is EXDEV and the policy has rename_copies, *move_out is a move that
 * has begun, else NULL: the file is copied by vfs_move_step(), and then the source removed. For
 * that the client needs, besides, what it would need to do so itself: `download` and `delete` on
 * the source's parent, `upload` on the target's, or `overwrite` where something is replaced. EXDEV
 * remains for what is not a regular file, and to replace what is none.
 */
struct vfs_move;
MUST int vfs_rename_or_move(struct vfs *vfs, const struct vpath *from, const struct vpath *to,
	bool replace, struct vfs_move **move_out);
/*
 * Copies at most so many bytes. *done_out: the copy is there, with mode and times, its content is
 * on the disk, and the source is gone. After an error the source is as it was: EBUSY when somebody
 * has changed it meanwhile.
 */
MUST int vfs_move_step(struct vfs_move *move, uint64_t bytes, bool *done_out);
/* Frees and nulls. What was copied by a move that is not done is removed where that is allowed. */
void vfs_move_free(struct vfs_move **move);
/*
 * `delete` on the parent. EISDIR for a directory; a link is removed, not its target. was_out may
 * be NULL.
 */
MUST int vfs_remove(struct vfs *vfs, const struct vpath *path, struct vfs_attributes *was_out);
/* `create_dirs` on the parent. Also makes a directory that was only virtual before. */
MUST int vfs_make_directory(struct vfs *vfs, const struct vpath *path);
/* `delete` on the parent. EACCES for the root, for a folder and for what is above one. */
MUST int vfs_remove_directory(struct vfs *vfs, const struct vpath *path);
/* `list` on the parent. */
MUST int vfs_statvfs(struct vfs *vfs, const struct vpath *path, struct statvfs *out);

#endif
