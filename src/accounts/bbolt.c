#include "accounts/bbolt.h"

#include "accounts/user_members.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

/*
 * The layout, from the documentation of bbolt and of its command that checks files. All numbers
 * are in the byte order of the machine that wrote the file; only little-endian ones are read.
 *
 *   page      u64 id, u16 flags, u16 count of elements, u32 pages that follow and belong to it
 *   meta      u32 magic, u32 version, u32 page size, u32 flags, bucket, u64 free list, u64 pages,
 *             u64 transaction, u64 FNV-1a of the bytes before it; two of them, the later counts
 *   bucket    u64 page of its root, u64 sequence; root 0: the page follows here
 *   branch    elements of u32 position of the key from here, u32 key size, u64 page
 *   leaf      elements of u32 flags, u32 position of the key from here, u32 key size, u32 value
 * size
 */
enum {
	FORMAT_VERSION = 2,
	PAGE_HEAD = 16,
	META_BYTES = 64,
	META_CHECKED = 56,
	ELEMENT = 16,
	FLAG_BRANCH = 1,
	FLAG_LEAF = 2,
	ELEMENT_IS_BUCKET = 1,
	DEPTH_MAX = 32,
	USERS_VERSION_MAX = 3,
};
static const uint32_t magic = 0xed0cdaed;

struct bbolt {
	struct view file;
	size_t page_size;
	uint64_t page_count; /* that the file has */
	uint64_t visits;     /* pages seen; more than there are is a loop */
	uint64_t bytes;      /* in pairs seen; more than there are lie one over the other */
};

struct bucket {
	uint64_t root;
	struct view value; /* for a bucket that follows in place */
};

/* What is called for each pair of a bucket, in the order of the keys. */
struct visitor {
	int (*seen)(void *data, struct view key, struct view value, bool is_bucket,
	    struct failure *failure);
	void *data;
};

static uint64_t
little(struct rd *r, size_t bytes)
{
	struct view raw = rd_raw(r, bytes);
	uint64_t number = 0;

	for (size_t i = raw.n; i > 0; i--)
		number = number << 8 | raw.p[i - 1];
	return number;
}

static uint16_t
little16(struct rd *r)
{
	return (uint16_t)little(r, 2);
}

static uint32_t
little32(struct rd *r)
{
	return (uint32_t)little(r, 4);
}

static int
damaged(struct failure *failure, const char *what)
{
	return failure_set(failure, ERR_FORMAT, "it is damaged: %s", what);
}

/* A part of a view, or an empty one when it is not all inside. */
static struct view
part(struct view whole, uint64_t from, uint64_t n)
{
	if (from > whole.n || n > whole.n - from)
		return (struct view){ 0 };
	return (struct view){ .p = whole.p + from, .n = (size_t)n };
}

bool
bbolt_is(struct view head)
{
	struct rd r = rd_of(head);

	(void)rd_raw(&r, PAGE_HEAD);
	return little32(&r) == magic && r.bad == 0;
}

/* --- the meta pages --- */

struct meta {
	uint32_t page_size;
	uint64_t root;
	uint64_t transaction;
};

static uint64_t
fnv1a(struct view bytes)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < bytes.n; i++)
		hash = (hash ^ bytes.p[i]) * 0x100000001b3;
	return hash;
}

static bool
parse_meta(struct view page, struct meta *out)
{
	struct view bytes = part(page, PAGE_HEAD, META_BYTES);
	struct rd r = rd_of(bytes);
	uint32_t found, version;

	*out = (struct meta){ 0 };
	found = little32(&r);
	version = little32(&r);
	out->page_size = little32(&r);
	(void)little32(&r);
	out->root = little(&r, 8);
	(void)little(&r, 8);
	(void)little(&r, 8);
	(void)little(&r, 8);
	out->transaction = little(&r, 8);
	return little(&r, 8) == fnv1a(part(bytes, 0, META_CHECKED)) && rd_end(&r) == 0 &&
	       found == magic && version == FORMAT_VERSION && out->page_size >= 512 &&
	       out->page_size <= 1 << 20 && (out->page_size & (out->page_size - 1)) == 0;
}

/* The first page is whole or was being written; then the second one, wherever it begins. */
static int
find_meta(struct view file, struct meta *out, struct failure *failure)
{
	struct meta first, second = { 0 };
	bool has_first = parse_meta(file, &first), has_second = false;

	for (size_t size = 512; size <= 1 << 20 && !has_second; size *= 2) {
		if (has_first && size != first.page_size)
			continue;
		has_second =
		    parse_meta(part(file, size, file.n > size ? file.n - size : 0), &second) &&
		    second.page_size == size;
	}
	if (!has_first && !has_second)
		return damaged(failure, "neither of its two heads is whole");
	*out =
	    !has_first || (has_second && second.transaction > first.transaction) ? second : first;
	return 0;
}

/* --- pages --- */

struct page {
	struct view bytes; /* with the head, and those that belong to it */
	uint16_t flags;
	uint16_t count;
};

static int
parse_page(struct view bytes, struct page *out, uint32_t *overflow_out)
{
	struct rd r = rd_of(bytes);

	*out = (struct page){ .bytes = bytes };
	(void)little(&r, 8);
	out->flags = little16(&r);
	out->count = little16(&r);
	*overflow_out = little32(&r);
	return r.bad;
}

static int
load_page(struct bbolt *bolt, uint64_t id, struct page *out, struct failure *failure)
{
	uint32_t overflow;
	struct view bytes;

	*out = (struct page){ 0 };
	if (id < 2 || id >= bolt->page_count)
		return damaged(failure, "a page lies outside of it");
	if (++bolt->visits > bolt->page_count)
		return damaged(failure, "its pages go round in a circle");
	bytes = part(bolt->file, id * bolt->page_size, bolt->page_size);
	if (parse_page(bytes, out, &overflow) != 0)
		return damaged(failure, "a page ends early");
	out->bytes =
	    part(bolt->file, id * bolt->page_size, ((uint64_t)overflow + 1) * bolt->page_size);
	return out->bytes.n == 0 ? damaged(failure, "a page ends early") : 0;
}

/* The element with this number, as a cursor at its beginning. */
static struct rd
element(const struct page *page, unsigned number, struct view *from_here)
{
	uint64_t at = PAGE_HEAD + (uint64_t)number * ELEMENT;

	*from_here =
	    at > page->bytes.n ? (struct view){ 0 } : part(page->bytes, at, page->bytes.n - at);
	return rd_of(*from_here);
}

static int walk_page(
    struct bbolt *bolt, uint64_t id, unsigned depth, struct visitor *to, struct failure *failure);

static int
walk_leaf(struct bbolt *bolt, const struct page *page, struct visitor *to, struct failure *failure)
{
	int err = 0;

	for (unsigned i = 0; i < page->count && err == 0; i++) {
		struct view here, pair;
		struct rd r = element(page, i, &here);
		uint32_t flags = little32(&r), position = little32(&r);
		uint64_t key_size = little32(&r), value_size = little32(&r);

		pair = part(here, position, key_size + value_size);
		if (r.bad != 0 || pair.n != key_size + value_size)
			return damaged(failure, "a value lies outside of its page");
		bolt->bytes += pair.n;
		if (bolt->bytes > bolt->file.n)
			return damaged(failure, "values lie one over the other");
		err = to->seen(to->data, part(pair, 0, key_size), part(pair, key_size, value_size),
		    (flags & ELEMENT_IS_BUCKET) != 0, failure);
	}
	return err;
}

static int
walk_branch(struct bbolt *bolt, const struct page *page, unsigned depth, struct visitor *to,
    struct failure *failure)
{
	int err = 0;

	for (unsigned i = 0; i < page->count && err == 0; i++) {
		struct view here;
		struct rd r = element(page, i, &here);
		uint64_t child;

		(void)little(&r, 8);
		child = little(&r, 8);
		if (r.bad != 0)
			return damaged(failure, "a branch ends early");
		err = walk_page(bolt, child, depth + 1, to, failure);
	}
	return err;
}

static int
walk_page(
    struct bbolt *bolt, uint64_t id, unsigned depth, struct visitor *to, struct failure *failure)
{
	struct page page;
	int err;

	if (depth > DEPTH_MAX)
		return damaged(failure, "its tree is too deep");
	if ((err = load_page(bolt, id, &page, failure)) != 0)
		return err;
	if (page.flags == FLAG_LEAF)
		return walk_leaf(bolt, &page, to, failure);
	if (page.flags == FLAG_BRANCH)
		return walk_branch(bolt, &page, depth, to, failure);
	return damaged(failure, "a page is of no kind that it can be");
}

static int
walk_bucket(
    struct bbolt *bolt, const struct bucket *bucket, struct visitor *to, struct failure *failure)
{
	uint32_t overflow;
	struct page page;

	if (bucket->root != 0)
		return walk_page(bolt, bucket->root, 0, to, failure);
	if (parse_page(bucket->value, &page, &overflow) != 0 || page.flags != FLAG_LEAF)
		return damaged(failure, "a bucket without pages of its own");
	return walk_leaf(bolt, &page, to, failure);
}

/* --- the buckets of SFTPGo --- */

struct named {
	const char *name;
	struct bucket bucket;
	bool found;
};

static int
on_bucket(void *data, struct view key, struct view value, bool is_bucket, struct failure *failure)
{
	struct named *named = data;
	struct rd r = rd_of(value);

	if (!is_bucket || !view_is(key, named->name))
		return 0;
	named->bucket.root = little(&r, 8);
	(void)little(&r, 8);
	named->bucket.value = rd_rest(&r);
	if (r.bad != 0)
		return damaged(failure, "a bucket ends early");
	named->found = true;
	return 0;
}

static int
find_bucket(struct bbolt *bolt, uint64_t root, struct named *named, struct failure *failure)
{
	struct visitor to = { .seen = on_bucket, .data = named };

	return walk_page(bolt, root, 0, &to, failure);
}

static int
on_version(void *data, struct view key, struct view value, bool is_bucket, struct failure *failure)
{
	json_int_t *version = data;
	json_t *json;
	int err;

	if (is_bucket || !view_is(key, "version"))
		return 0;
	if ((err = accounts_json_parse(value, 4096, &json, failure)) != 0)
		return err;
	*version = json_integer_value(json_object_get(json, "Version"));
	json_decref(json);
	return 0;
}

struct reading {
	struct user_list *users;
	json_int_t version;
};

/*
 * Version 1 had no status, and every account was active; up to version 2 the permissions were a
 * list, which goes for "/".
 */
static int
upgrade(json_t *json, json_int_t version)
{
	json_t *permissions = json_object_get(json, "permissions"), *map;
	int bad = 0;

	if (version < 2)
		bad = json_object_set_new(json, "status", json_integer(USER_ACTIVE));
	if (bad == 0 && json_is_array(permissions)) {
		map = json_object();
		bad = json_object_set(map, "/", permissions);
		if (bad == 0)
			bad = json_object_set(json, "permissions", map);
		json_decref(map);
	}
	return bad == 0 ? 0 : ERR_MEMORY;
}

static int
read_user(struct view name, struct view text, json_int_t version, struct user **out,
    struct failure *failure)
{
	char *username = view_dup(name);
	json_t *json = NULL;
	int err = view_has_nul(name) ? failure_set(failure, ERR_FORMAT, "its name has a NUL")
		  : username == NULL ? ERR_MEMORY
				     : user_new(out);

	if (err == 0)
		err = accounts_json_parse(text, USER_JSON_MAX, &json, failure);
	if (err == 0 && !json_is_object(json))
		err = failure_set(failure, ERR_FORMAT, "it is no JSON object");
	if (err == 0 && (err = upgrade(json, version)) == 0 &&
	    (err = user_from_json(*out, json, failure)) == 0)
		/* The key is what SFTPGo finds it by. */
		err = user_set_text(&(*out)->username, username);
	json_decref(json);
	free(username);
	return err;
}

static int
on_user(void *data, struct view key, struct view value, bool is_bucket, struct failure *failure)
{
	struct reading *reading = data;
	struct failure inner = { 0 };
	struct user *user = NULL;
	int err;

	if (is_bucket)
		return 0;
	if ((err = read_user(key, value, reading->version, &user, &inner)) == 0)
		err = user_list_give(reading->users, &user);
	user_free(&user);
	if (err != 0 && err != ERR_MEMORY)
		err = failure_set(failure, err, "user number %zu cannot be read: %s",
		    reading->users->count, inner.text);
	return err;
}

static int
read_version(struct bbolt *bolt, uint64_t root, json_int_t *out, struct failure *failure)
{
	struct named named = { .name = "db_version" };
	struct visitor to = { .seen = on_version, .data = out };
	int err = find_bucket(bolt, root, &named, failure);

	*out = 1;
	if (err == 0 && named.found)
		err = walk_bucket(bolt, &named.bucket, &to, failure);
	if (err == 0 && (*out < 1 || *out > USERS_VERSION_MAX))
		err = failure_set(failure, ERR_FORMAT,
		    "it is of version %lld; this program knows versions 1 to %d", (long long)*out,
		    USERS_VERSION_MAX);
	return err;
}

int
bbolt_parse(struct view file, struct user_list *out, struct failure *failure)
{
	struct named users = { .name = "users" };
	struct reading reading = { .users = out };
	struct visitor to = { .seen = on_user, .data = &reading };
	struct bbolt bolt = { .file = file };
	struct meta meta = { 0 };
	int err;

	*out = (struct user_list){ 0 };
	if (!bbolt_is(file))
		return failure_set(
		    failure, ERR_FORMAT, "it is no database of SFTPGo's bolt provider");
	if ((err = find_meta(file, &meta, failure)) != 0)
		return err;
	bolt.page_size = meta.page_size;
	bolt.page_count = file.n / meta.page_size;
	err = read_version(&bolt, meta.root, &reading.version, failure);
	bolt.visits = bolt.bytes = 0;
	if (err == 0)
		err = find_bucket(&bolt, meta.root, &users, failure);
	if (err == 0 && users.found) {
		bolt.visits = bolt.bytes = 0;
		err = walk_bucket(&bolt, &users.bucket, &to, failure);
	}
	if (err == 0 && !users.found)
		err = failure_set(failure, ERR_FORMAT, "it has no bucket \"users\"");
	if (err != 0)
		user_list_free(out);
	return err;
}

/* SFTPGo holds its lock as long as it runs, and may be writing. */
static int
take_lock(const char *path, int *fd_out, struct failure *failure)
{
	int err = 0;

	if ((*fd_out = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0)
		return failure_set(failure, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		    "cannot open %s: %s", path, strerror(errno));
	if (flock(*fd_out, LOCK_SH | LOCK_NB) != 0) {
		err = failure_set(failure, ERR_UNAVAILABLE,
		    "%s is in use: stop SFTPGo before its database is read", path);
		fd_close(fd_out);
	}
	return err;
}

int
bbolt_load(const char *path, struct user_list *out, struct failure *failure)
{
	struct buf text = buf_init(BBOLT_BYTES_MAX);
	struct failure inner = { 0 };
	int fd = -1, err = take_lock(path, &fd, failure);

	*out = (struct user_list){ 0 };
	if (err == 0 && (err = fd_read_file(path, &text)) != 0 && err != ERR_MEMORY)
		err = failure_set(failure, err, "cannot read %s: %s", path,
		    err == ERR_LIMIT    ? "it is larger than 1 GiB"
		    : err == ERR_FORMAT ? "it is not a regular file"
					: strerror(errno));
	else if (err == 0 && (err = bbolt_parse(buf_view(&text), out, &inner)) != 0 &&
		 err != ERR_MEMORY)
		err = failure_set(failure, err, "%s: %s", path, inner.text);
	buf_free(&text);
	fd_close(&fd);
	return err;
}
