/* Files of SFTPGo's bolt provider, made here byte by byte; larger ones are in the tests of the
 * converter. */
#include "accounts_scratch.h"
#include "hostile_bytes.h"

#include "base/buf.h"

#include <sys/file.h>

enum { PAGE = 512, LEAF = 2, BRANCH = 1, FREE_LIST = 16, META = 4 };

static void
little(struct buf *b, uint64_t number, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		buf_u8(b, (uint8_t)(number >> 8 * i));
}

static void
page_head(struct buf *b, uint64_t id, unsigned flags, unsigned count)
{
	little(b, id, 8);
	little(b, flags, 2);
	little(b, count, 2);
	little(b, 0, 4);
}

static void
pad(struct buf *b)
{
	while (b->n % PAGE != 0)
		buf_u8(b, 0);
}

struct pair {
	const char *key;
	struct view value;
	bool is_bucket;
};

static void
leaf(struct buf *b, uint64_t id, const struct pair *pairs, size_t count)
{
	size_t position = 16 * count;

	page_head(b, id, LEAF, (unsigned)count);
	for (size_t i = 0; i < count; i++) {
		little(b, pairs[i].is_bucket, 4);
		little(b, position - 16 * i, 4);
		little(b, strlen(pairs[i].key), 4);
		little(b, pairs[i].value.n, 4);
		position += strlen(pairs[i].key) + pairs[i].value.n;
	}
	for (size_t i = 0; i < count; i++) {
		buf_text(b, pairs[i].key);
		buf_raw(b, pairs[i].value.p, pairs[i].value.n);
	}
}

static void
meta(struct buf *b, uint64_t id, uint64_t root, uint64_t transaction)
{
	uint64_t hash = 0xcbf29ce484222325;
	size_t start;

	page_head(b, id, META, 0);
	start = b->n;
	little(b, 0xed0cdaed, 4);
	little(b, 2, 4);
	little(b, PAGE, 4);
	little(b, 0, 4);
	little(b, root, 8);
	little(b, 0, 8);
	little(b, 2, 8);
	little(b, 6, 8);
	little(b, transaction, 8);
	for (size_t i = start; i < b->n; i++)
		hash = (hash ^ b->p[i]) * 0x100000001b3;
	little(b, hash, 8);
	pad(b);
}

/* A bucket without pages of its own. */
static void
inline_bucket(struct buf *b, const struct pair *pairs, size_t count)
{
	little(b, 0, 8);
	little(b, 0, 8);
	leaf(b, 0, pairs, count);
}

/* Page 3 is the root, page 4 a leaf of users, page 5 the branch above it. `version` 0: none. */
static struct buf
make(unsigned version, const char *json)
{
	struct buf b = buf_init(1 << 16), versions = buf_init(4096), root = buf_init(64);
	char text[32];
	struct pair user = { "bob", view_of(json), false }, number = { "version", { 0 }, false };
	struct pair buckets[2] = { { "db_version", { 0 }, true }, { "users", { 0 }, true } };

	snprintf(text, sizeof(text), "{\"Version\":%u}", version);
	number.value = view_of(text);
	inline_bucket(&versions, &number, 1);
	little(&root, 5, 8);
	little(&root, 1, 8);
	buckets[0].value = buf_view(&versions);
	buckets[1].value = buf_view(&root);
	meta(&b, 0, 3, 8);
	/* The older of the two knows of another root. */
	meta(&b, 1, 2, 7);
	page_head(&b, 2, FREE_LIST, 0);
	pad(&b);
	leaf(&b, 3, version == 0 ? buckets + 1 : buckets, version == 0 ? 1 : 2);
	pad(&b);
	leaf(&b, 4, &user, 1);
	pad(&b);
	page_head(&b, 5, BRANCH, 1);
	little(&b, 16, 4);
	little(&b, 3, 4);
	little(&b, 4, 8);
	buf_text(&b, "bob");
	pad(&b);
	assert_int_equal(buf_error(&b), 0);
	buf_free(&versions);
	buf_free(&root);
	return b;
}

#define USER                                                                                       \
	"\"id\":7,\"username\":\"bob\",\"home_dir\":\"/srv/bob\",\"password\":\"hash\","           \
	"\"used_quota_size\":5"

static void
accounts_of_every_version_are_read(void **state)
{
	static const struct {
		unsigned version;
		const char *json;
	} cases[] = {
		{ 0, "{" USER ",\"permissions\":[\"list\"]}" },
		{ 1, "{" USER ",\"permissions\":[\"list\"]}" },
		{ 2, "{" USER ",\"status\":1,\"permissions\":[\"list\"]}" },
		{ 3, "{" USER ",\"status\":1,\"permissions\":{\"/\":[\"list\"]}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = make(cases[i].version, cases[i].json);
		struct failure failure = { 0 };
		struct user_list users;

		assert_true(bbolt_is(buf_view(&b)));
		if (bbolt_parse(buf_view(&b), &users, &failure) != 0)
			fail_msg("version %u: %s", cases[i].version, failure.text);
		assert_int_equal(users.count, 1);
		assert_string_equal(users.items[0]->username, "bob");
		assert_int_equal(users.items[0]->id, 7);
		assert_int_equal(users.items[0]->status, USER_ACTIVE);
		assert_int_equal(users.items[0]->used_quota_size, 5);
		assert_int_equal(users.items[0]->permissions.count, 1);
		assert_string_equal(users.items[0]->permissions.items[0].path, "/");
		user_list_free(&users);
		buf_free(&b);
	}
}

static void
refused(const struct buf *b, const char *wanted)
{
	struct failure failure = { 0 };
	struct user_list users;

	assert_int_equal(bbolt_parse(buf_view(b), &users, &failure), ERR_FORMAT);
	assert_int_equal(users.count, 0);
	if (strstr(failure.text, wanted) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", wanted, failure.text);
}

/* Writes little-endian bytes over a file and wants it to be refused. */
static void
with_change(size_t at, uint64_t number, size_t bytes, const char *wanted)
{
	struct buf b = make(3, "{" USER ",\"permissions\":{\"/\":[\"list\"]}}");

	for (size_t i = 0; i < bytes; i++)
		b.p[at + i] = (uint8_t)(number >> 8 * i);
	refused(&b, wanted);
	buf_free(&b);
}

static void
damage_is_told(void **state)
{
	struct buf b = make(4, "{}");

	(void)state;
	refused(&b, "it is of version 4; this program knows versions 1 to 3");
	buf_free(&b);
	b = make(3, "[]");
	refused(&b, "user number 0 cannot be read: it is no JSON object");
	buf_free(&b);
	b = make(3, "{\"id\":");
	refused(&b, "user number 0 cannot be read");
	buf_free(&b);
	with_change(5 * PAGE + 16 + 8, 5, 8, "in a circle");
	with_change(5 * PAGE + 16 + 8, 6, 8, "lies outside of it");
	with_change(5 * PAGE + 16 + 8, UINT64_MAX, 8, "lies outside of it");
	with_change(5 * PAGE + 16 + 8, 1, 8, "lies outside of it");
	with_change(5 * PAGE + 16 + 8, 2, 8, "no kind");
	with_change(5 * PAGE + 10, 0xffff, 2, "lies outside of it");
	with_change(5 * PAGE + 12, 0xffffffff, 4, "ends early");
	with_change(4 * PAGE + 16 + 4, 0xffffffff, 4, "outside of its page");
	with_change(4 * PAGE + 16 + 8, 0xffffffff, 4, "outside of its page");
	with_change(4 * PAGE + 16 + 12, 0xffffffff, 4, "outside of its page");
	/* The second head is whole, but its root is the list of free pages. */
	with_change(16 + 56, 0, 8, "no kind");
	b = make(3, "{}");
	b.n = PAGE - 1;
	b.p[20] ^= 1;
	refused(&b, "neither of its two heads");
	b.p[16] ^= 1;
	refused(&b, "no database of SFTPGo");
	buf_free(&b);
}

static void
parse(struct view file)
{
	struct user_list users;

	if (bbolt_parse(file, &users, NULL) == 0)
		user_list_free(&users);
}

static void
every_truncation_and_flip_is_survived(void **state)
{
	struct buf b = make(3, "{" USER ",\"permissions\":{\"/\":[\"list\"]}}");

	(void)state;
	each_cut(buf_view(&b), parse);
	each_flip(buf_view(&b), parse);
	buf_free(&b);
}

static void
a_file_in_use_is_left_alone(void **state)
{
	struct buf b = make(3, "{" USER ",\"permissions\":{\"/\":[\"list\"]}}");
	const char *path = scratch_path("sftpgo.bolt");
	struct provider_config config = scratch_config("bolt", path);
	struct failure failure = { 0 };
	struct provider *provider;
	struct user_list users;
	int fd;

	(void)state;
	assert_int_equal(bbolt_load(path, &users, &failure), ERR_NOT_FOUND);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(write(fd, b.p, b.n) == (ssize_t)b.n);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(bbolt_load(path, &users, &failure), ERR_UNAVAILABLE);
	assert_non_null(strstr(failure.text, "stop SFTPGo"));
	close(fd);
	assert_int_equal(bbolt_load(path, &users, &failure), 0);
	assert_int_equal(users.count, 1);
	user_list_free(&users);
	/* Configured directly, it is named and not touched. */
	assert_int_equal(provider_open(&config, &provider, &failure), ERR_FORMAT);
	assert_non_null(strstr(failure.text, "postern provider convert --from bbolt:"));
	assert_int_equal(bbolt_load(path, &users, &failure), 0);
	user_list_free(&users);
	buf_free(&b);
}

static int
setup(void **state)
{
	(void)state;
	scratch_make();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_of_every_version_are_read),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(every_truncation_and_flip_is_survived),
		cmocka_unit_test_setup_teardown(a_file_in_use_is_left_alone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
