/*
 * certificate_support.h - certificates made in memory, for the tests of those who read them.
 */
#ifndef TESTS_CERTIFICATE_SUPPORT_H
#define TESTS_CERTIFICATE_SUPPORT_H

#include "crypto_support.h"

/* What is to stand in a certificate; what is zero here is zero or empty there. */
struct recipe {
	struct view key; /* blob of a plain key of any type */
	const struct private_key *authority;
	const char *algorithm; /* of the signature; NULL: the authority's best */
	struct view authority_blob; /* shown in place of the authority's own */
	uint64_t serial;
	uint32_t kind;
	const char *key_id;
	struct view principals, critical, extensions, reserved;
	uint64_t valid_after, valid_before;
};

static inline struct buf
certificate_make(const struct recipe *recipe)
{
	struct buf out = buf_init(1 << 17), signature = buf_init(4096);
	struct rd r = rd_of(recipe->key);
	const char *name = certificate_name(rd_str(&r, 64)), *algorithm = recipe->algorithm;
	uint8_t nonce[32];

	assert_non_null(name);
	crypto_random(nonce, sizeof(nonce));
	buf_cstr(&out, name);
	buf_str(&out, view_bytes(nonce, sizeof(nonce)));
	buf_raw(&out, r.p, r.n);
	buf_u64(&out, recipe->serial);
	buf_u32(&out, recipe->kind);
	buf_cstr(&out, recipe->key_id == NULL ? "" : recipe->key_id);
	buf_str(&out, recipe->principals);
	buf_u64(&out, recipe->valid_after);
	buf_u64(&out, recipe->valid_before);
	buf_str(&out, recipe->critical);
	buf_str(&out, recipe->extensions);
	buf_str(&out, recipe->reserved);
	buf_str(&out, recipe->authority_blob.n > 0 ? recipe->authority_blob
						   : private_key_blob(recipe->authority));
	if (algorithm == NULL)
		algorithm = private_key_algorithm_at(recipe->authority, 0, 0);
	assert_int_equal(private_key_sign(recipe->authority, view_of(algorithm), buf_view(&out),
			     PUBLIC_KEY_ALLOW_SHA1, &signature),
	    0);
	buf_str(&out, buf_view(&signature));
	assert_int_equal(buf_error(&out), 0);
	buf_free(&signature);
	return out;
}

/* A sequence of RFC 4251 strings, to be freed; the list ends with NULL. */
static inline struct buf
strings_make(const char *const *list)
{
	struct buf out = buf_init(1 << 16);

	for (; *list != NULL; list++)
		buf_cstr(&out, *list);
	return out;
}

#define STRINGS(...) strings_make((const char *const[]){ __VA_ARGS__, NULL })

#endif
