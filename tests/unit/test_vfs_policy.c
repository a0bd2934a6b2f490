/* Rules of directories: which one decides, and the policy as bytes that are not trusted. */
#include "vfs/vfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t
bits_on(const struct vfs_policy *policy, const char *text)
{
	struct vpath path;

	assert_int_equal(vpath_parse(&path, view_of(text)), 0);
	return vfs_policy_permissions(policy, &path);
}

static void
sample_fill(struct vfs_policy *policy)
{
	*policy = (struct vfs_policy){ 0 };
	assert_int_equal(vfs_policy_add(policy, view_of("/a/b"), PERMISSION_DOWNLOAD), 0);
	assert_int_equal(vfs_policy_add(policy, view_of("/"), PERMISSION_ALL), 0);
	assert_int_equal(vfs_policy_add(policy, view_of("a/"), PERMISSION_LIST), 0);
	assert_int_equal(vfs_policy_add(policy, view_of("/none"), 0), 0);
	assert_int_equal(vfs_policy_add_folder(policy, view_of("x/y/"), view_of("/srv/y")), 0);
	assert_int_equal(vfs_policy_add_folder(policy, view_of("/x/z"), view_of("/srv/z/")), 0);
	assert_int_equal(vfs_policy_add_filter(policy, view_of("/a")), 0);
	assert_int_equal(vfs_policy_add_suffix(policy, view_of(".exe"), true), 0);
	assert_int_equal(vfs_policy_add_suffix(policy, view_of(".jpg"), false), 0);
	assert_int_equal(vfs_policy_add_filter(policy, view_of("/b")), 0);
	policy->strict_rename = true;
}

static void
test_nearest_directory_decides(void **state)
{
	struct vfs_policy policy;

	(void)state;
	sample_fill(&policy);
	assert_int_equal(bits_on(&policy, "/"), PERMISSION_ALL);
	assert_int_equal(bits_on(&policy, "/x/y"), PERMISSION_ALL);
	assert_int_equal(bits_on(&policy, "/a"), PERMISSION_LIST);
	assert_int_equal(bits_on(&policy, "/a/x"), PERMISSION_LIST);
	assert_int_equal(bits_on(&policy, "/a/b"), PERMISSION_DOWNLOAD);
	assert_int_equal(bits_on(&policy, "/a/b/c/d"), PERMISSION_DOWNLOAD);
	assert_int_equal(bits_on(&policy, "/none/x"), 0);
	/* Components, not prefixes of text: "/ab" does not lie in "/a". */
	assert_int_equal(bits_on(&policy, "/ab"), PERMISSION_ALL);
	assert_int_equal(bits_on(&policy, "/a/bc"), PERMISSION_LIST);
	assert_int_equal(bits_on(&policy, "/nonesuch"), PERMISSION_ALL);
	vfs_policy_free(&policy);
}

static void
test_no_rule_grants_nothing(void **state)
{
	struct vfs_policy policy = { 0 };

	(void)state;
	assert_int_equal(bits_on(&policy, "/a"), 0);
	assert_int_equal(vfs_policy_add(&policy, view_of("/a"), PERMISSION_ALL), 0);
	assert_int_equal(bits_on(&policy, "/b"), 0);
	assert_int_equal(bits_on(&policy, "/"), 0);
	vfs_policy_free(&policy);
}

static void
test_add_refuses(void **state)
{
	struct vfs_policy policy;
	char name[VPATH_NAME_MAX + 2];

	(void)state;
	sample_fill(&policy);
	assert_int_equal(vfs_policy_add(&policy, view_of("//a/./"), 0), ERR_EXISTS);
	assert_int_equal(vfs_policy_add(&policy, view_of("/x"), PERMISSION_ALL + 1), ERR_INVALID);
	assert_int_equal(
	    vfs_policy_add(&policy, (struct view){ (const uint8_t *)"a\0b", 3 }, 0), ERR_FORMAT);
	memset(name, 'n', sizeof(name));
	assert_int_equal(
	    vfs_policy_add(&policy, (struct view){ (uint8_t *)name, VPATH_NAME_MAX + 1 }, 0),
	    ERR_LIMIT);
	assert_int_equal(policy.rule_count, 4);
	vfs_policy_free(&policy);
	assert_int_equal(policy.rule_count, 0);
}

static void
test_rule_limit(void **state)
{
	struct vfs_policy policy = { 0 };
	char name[32];

	(void)state;
	for (int i = 0; i < VFS_RULES_MAX; i++) {
		snprintf(name, sizeof(name), "/%d", i);
		assert_int_equal(vfs_policy_add(&policy, view_of(name), 0), 0);
	}
	assert_int_equal(vfs_policy_add(&policy, view_of("/more"), 0), ERR_LIMIT);
	vfs_policy_free(&policy);
}

static void
test_byte_limit(void **state)
{
	struct vfs_policy policy = { 0 };
	char text[VPATH_MAX + 1];
	struct buf bytes = buf_init(VFS_POLICY_BYTES_MAX);
	/* The header, and rules of 8 bytes and the path: the last one fills the limit exactly. */
	size_t left = VFS_POLICY_BYTES_MAX - 14;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 64 == 0 ? '/' : 'p';
	for (unsigned i = 0; left > 0; i++) {
		size_t n = left > 3000 ? 2000 : left - 8;

		snprintf(text + 1, 5, "%04u", i);
		text[5] = 'p';
		assert_true(n <= VPATH_MAX);
		assert_int_equal(
		    vfs_policy_add(&policy, (struct view){ (uint8_t *)text, n }, 0), 0);
		left -= n + 8;
	}
	vfs_policy_encode(&bytes, &policy);
	assert_int_equal(buf_error(&bytes), 0);
	assert_int_equal(bytes.n, VFS_POLICY_BYTES_MAX);
	assert_int_equal(vfs_policy_add(&policy, view_of("/"), 0), ERR_LIMIT);
	buf_free(&bytes);
	vfs_policy_free(&policy);
}

static void
test_round_trip(void **state)
{
	struct vfs_policy policy, copy;
	struct buf bytes = buf_init(4096), again = buf_init(4096);
	struct rd r;

	(void)state;
	sample_fill(&policy);
	vfs_policy_encode(&bytes, &policy);
	buf_u8(&bytes, 7);
	r = rd_of(buf_view(&bytes));
	assert_int_equal(vfs_policy_decode(&r, &copy), 0);
	assert_int_equal(rd_u8(&r), 7);
	assert_int_equal(rd_end(&r), 0);
	assert_int_equal(copy.rule_count, policy.rule_count);
	for (size_t i = 0; i < copy.rule_count; i++) {
		assert_string_equal(copy.rules[i].directory->text, policy.rules[i].directory->text);
		assert_int_equal(copy.rules[i].permissions, policy.rules[i].permissions);
	}
	vfs_policy_encode(&again, &copy);
	assert_int_equal(again.n, bytes.n - 1);
	assert_memory_equal(again.p, bytes.p, again.n);
	buf_free(&bytes);
	buf_free(&again);
	vfs_policy_free(&policy);
	vfs_policy_free(&copy);
}

static int
decode(const uint8_t *p, size_t n, struct vfs_policy *out)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);
	struct rd r;
	int err;

	assert_non_null(exact);
	memcpy(exact, p, n);
	r = rd_init(exact, n);
	err = vfs_policy_decode(&r, out);
	if (err != 0) {
		assert_int_equal(out->rule_count, 0);
		assert_null(out->rules);
		assert_int_not_equal(rd_end(&r), 0);
	}
	free(exact);
	return err;
}

static void
test_every_truncation(void **state)
{
	struct vfs_policy policy, copy;
	struct buf bytes = buf_init(4096);

	(void)state;
	sample_fill(&policy);
	vfs_policy_encode(&bytes, &policy);
	for (size_t n = 0; n < bytes.n; n++)
		assert_int_not_equal(decode(bytes.p, n, &copy), 0);
	buf_free(&bytes);
	vfs_policy_free(&policy);
}

/* A flipped bit is an error, or a policy that means what it says: it encodes to the same bytes. */
static void
test_every_bit_flip(void **state)
{
	struct vfs_policy policy, copy;
	struct buf bytes = buf_init(4096);

	(void)state;
	sample_fill(&policy);
	vfs_policy_encode(&bytes, &policy);
	for (size_t bit = 0; bit < bytes.n * 8; bit++) {
		struct buf again = buf_init(4096);

		bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (decode(bytes.p, bytes.n, &copy) == 0) {
			vfs_policy_encode(&again, &copy);
			assert_true(again.n <= bytes.n);
			assert_memory_equal(again.p, bytes.p, again.n);
			vfs_policy_free(&copy);
		}
		buf_free(&again);
		bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_free(&bytes);
	vfs_policy_free(&policy);
}

/* The two settings. */
static void
header(struct buf *bytes)
{
	buf_bool(bytes, false);
	buf_bool(bytes, false);
}

/* No folders and no filters. */
static void
no_more(struct buf *bytes)
{
	buf_u32(bytes, 0);
	buf_u32(bytes, 0);
}

static void
test_decode_refuses(void **state)
{
	static const struct {
		const char *first, *second;
		uint32_t bits;
		int err;
	} cases[] = {
		{ "/", "/a", PERMISSION_ALL, 0 },
		{ "/", "/", 0, ERR_EXISTS },
		{ "/a", "/b", 0, ERR_FORMAT }, /* nothing for "/" */
		{ "/", "/a/", 0, ERR_FORMAT },
		{ "/", "a", 0, ERR_FORMAT },
		{ "/", "/a/../b", 0, ERR_FORMAT },
		{ "/", "/a", PERMISSION_ALL + 1, ERR_INVALID },
		{ "/", "/a", 0x80000000, ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf bytes = buf_init(4096);
		struct vfs_policy policy;

		header(&bytes);
		buf_u32(&bytes, 2);
		buf_cstr(&bytes, cases[i].first);
		buf_u32(&bytes, 0);
		buf_cstr(&bytes, cases[i].second);
		buf_u32(&bytes, cases[i].bits);
		no_more(&bytes);
		assert_int_equal(decode(bytes.p, bytes.n, &policy), cases[i].err);
		vfs_policy_free(&policy);
		buf_free(&bytes);
	}
}

static void
test_decode_count_limit(void **state)
{
	struct buf bytes = buf_init(1 << 20);
	struct vfs_policy policy;
	char name[32];

	(void)state;
	header(&bytes);
	buf_u32(&bytes, VFS_RULES_MAX);
	buf_cstr(&bytes, "/");
	buf_u32(&bytes, 0);
	for (int i = 1; i <= VFS_RULES_MAX; i++) {
		snprintf(name, sizeof(name), "/%d", i);
		buf_cstr(&bytes, name);
		buf_u32(&bytes, 0);
		if (i == VFS_RULES_MAX - 1)
			no_more(&bytes);
	}
	assert_int_equal(decode(bytes.p, bytes.n, &policy), 0);
	assert_int_equal(policy.rule_count, VFS_RULES_MAX);
	vfs_policy_free(&policy);
	put_u32(bytes.p + 2, VFS_RULES_MAX + 1);
	assert_int_equal(decode(bytes.p, bytes.n, &policy), ERR_LIMIT);
	put_u32(bytes.p + 2, UINT32_MAX);
	assert_int_equal(decode(bytes.p, bytes.n, &policy), ERR_LIMIT);
	buf_free(&bytes);
}

static void
test_read_only(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		struct vfs_policy policy = { 0 };
		uint32_t bit = 1U << i;

		assert_int_equal(vfs_policy_add(&policy, view_of("/"), PERMISSION_LIST), 0);
		assert_int_equal(vfs_policy_add(&policy, view_of("/a"), bit), 0);
		assert_int_equal(vfs_policy_read_only(&policy),
		    bit == PERMISSION_LIST || bit == PERMISSION_DOWNLOAD);
		vfs_policy_free(&policy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest_directory_decides),
		cmocka_unit_test(test_no_rule_grants_nothing),
		cmocka_unit_test(test_add_refuses),
		cmocka_unit_test(test_rule_limit),
		cmocka_unit_test(test_byte_limit),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_bit_flip),
		cmocka_unit_test(test_decode_refuses),
		cmocka_unit_test(test_decode_count_limit),
		cmocka_unit_test(test_read_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
