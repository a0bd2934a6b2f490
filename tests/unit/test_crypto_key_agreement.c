#include "crypto_support.h"

#include "crypto/key_agreement_private.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>

enum { BYTES_MAX = 4096 };

/* Both sides once, over one algorithm. */
struct round {
	struct buf client_public, server_public, client_shared, server_shared;
	struct key_agreement *client;
};

static struct round
round_start(const struct key_agreement_algorithm *algorithm)
{
	struct round r = {
		.client_public = buf_init(BYTES_MAX),
		.server_public = buf_init(BYTES_MAX),
		.client_shared = buf_init(BYTES_MAX),
		.server_shared = buf_init(BYTES_MAX),
	};

	assert_int_equal(key_agreement_start(algorithm, &r.client_public, &r.client), 0);
	return r;
}

static void
round_free(struct round *r)
{
	key_agreement_free(&r->client);
	buf_free(&r->client_public);
	buf_free(&r->server_public);
	buf_free(&r->client_shared);
	buf_free(&r->server_shared);
}

static const struct key_agreement_algorithm *
find(const char *name)
{
	const struct key_agreement_algorithm *a = key_agreement_find(view_of(name));

	assert_non_null(a);
	return a;
}

static void
test_tables(void **state)
{
	const struct key_agreement_algorithm *a;
	size_t i;

	(void)state;
	for (i = 0; (a = key_agreement_at(i)) != NULL; i++) {
		assert_ptr_equal(key_agreement_find(view_of(a->name)), a);
		assert_true(key_agreement_known(view_of(a->name)));
	}
	assert_true(i == 9 || i == 10);
	assert_true(key_agreement_known(view_of("mlkem768x25519-sha256")));
	assert_int_equal(key_agreement_find(view_of("mlkem768x25519-sha256")) != NULL, i == 10);
	assert_null(key_agreement_find(view_of("diffie-hellman-group1-sha1")));
	assert_false(key_agreement_known(view_of("diffie-hellman-group-exchange-sha256")));
	assert_true(find("diffie-hellman-group14-sha1")->is_legacy);
	assert_int_equal(find("diffie-hellman-group14-sha1")->digest, DIGEST_SHA1);
	assert_int_equal(find("ecdh-sha2-nistp384")->digest, DIGEST_SHA384);
	assert_int_equal(find("diffie-hellman-group16-sha512")->digest, DIGEST_SHA512);
}

static void
test_round_trip(void **state)
{
	const struct key_agreement_algorithm *a;
	struct round r;
	struct view shared;
	struct rd rd;
	size_t i;

	(void)state;
	for (i = 0; (a = key_agreement_at(i)) != NULL; i++) {
		r = round_start(a);
		assert_int_equal(key_agreement_respond(a, buf_view(&r.client_public),
				     &r.server_public, &r.server_shared),
		    0);
		assert_int_equal(
		    key_agreement_finish(r.client, buf_view(&r.server_public), &r.client_shared),
		    0);
		assert_true(view_eq(buf_view(&r.client_shared), buf_view(&r.server_shared)));
		assert_false(view_eq(buf_view(&r.client_public), buf_view(&r.server_public)));
		/* The encoding is one whole mpint, or one string of a SHA-256 for the hybrid. */
		rd = rd_of(buf_view(&r.server_shared));
		if (a->is_optional)
			shared = rd_str(&rd, 32);
		else
			shared = rd_mpint(&rd, 1024);
		assert_int_equal(rd_end(&rd), 0);
		assert_true(shared.n >= 30);
		round_free(&r);
	}
}

/* Secrets differ from one exchange to the next. */
static void
test_ephemeral(void **state)
{
	const struct key_agreement_algorithm *a;
	struct buf public_first = buf_init(BYTES_MAX), public_second = buf_init(BYTES_MAX);
	struct round r;
	size_t i;

	(void)state;
	for (i = 0; (a = key_agreement_at(i)) != NULL; i++) {
		r = round_start(a);
		buf_clear(&public_first);
		buf_clear(&public_second);
		assert_int_equal(key_agreement_respond(a, buf_view(&r.client_public), &public_first,
				     &r.server_shared),
		    0);
		assert_int_equal(key_agreement_respond(a, buf_view(&r.client_public),
				     &public_second, &r.client_shared),
		    0);
		assert_false(view_eq(buf_view(&public_first), buf_view(&public_second)));
		assert_false(view_eq(buf_view(&r.server_shared), buf_view(&r.client_shared)));
		round_free(&r);
	}
	buf_free(&public_first);
	buf_free(&public_second);
}

static void
refuse(const struct key_agreement_algorithm *a, struct view value)
{
	struct buf public_out = buf_init(BYTES_MAX), shared = buf_init(BYTES_MAX);
	struct buf ours = buf_init(BYTES_MAX);
	struct key_agreement *k;

	assert_int_not_equal(key_agreement_respond(a, value, &public_out, &shared), 0);
	assert_int_equal(public_out.n, 0);
	assert_int_equal(shared.n, 0);
	assert_int_equal(key_agreement_start(a, &ours, &k), 0);
	assert_int_not_equal(key_agreement_finish(k, value, &shared), 0);
	assert_int_equal(shared.n, 0);
	key_agreement_free(&k);
	buf_free(&ours);
	buf_free(&public_out);
	buf_free(&shared);
}

/* One byte too few, one too many, none: CVE-2026-59842 was a short value taken for a whole one. */
static void
test_lengths(void **state)
{
	const struct key_agreement_algorithm *a;
	struct round r;
	uint8_t value[BYTES_MAX];
	size_t i, n;

	(void)state;
	for (i = 0; (a = key_agreement_at(i)) != NULL; i++) {
		if (strncmp(a->name, "diffie", 6) == 0)
			continue;
		r = round_start(a);
		n = r.client_public.n;
		memcpy(value, r.client_public.p, n);
		value[n] = 0;
		refuse(a, view_bytes(value, n - 1));
		refuse(a, view_bytes(value, n + 1));
		refuse(a, view_bytes(value + 1, n - 1));
		refuse(a, view_bytes(value, 1));
		refuse(a, (struct view){ 0 });
		refuse(a, view_bytes(value, BYTES_MAX));
		round_free(&r);
	}
}

/* RFC 7748 section 6.1. */
static void
test_x25519_vector(void **state)
{
	struct buf secret =
	    unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
	struct buf peer = unhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
	struct buf raw = buf_init(64);
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret.p, secret.n);

	(void)state;
	assert_non_null(own);
	assert_int_equal(key_agreement_x25519.derive(NULL, own, buf_view(&peer), &raw), 0);
	assert_hex(
	    buf_view(&raw), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	EVP_PKEY_free(own);
	buf_free(&secret);
	buf_free(&peer);
	buf_free(&raw);
}

/* The points of small order, in all their encodings, of which the secret would be zero. */
static void
test_x25519_small_order(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000080",
	};
	struct buf point;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(points); i++) {
		point = unhex(points[i]);
		refuse(find("curve25519-sha256"), buf_view(&point));
		refuse(find("curve25519-sha256@libssh.org"), buf_view(&point));
		buf_free(&point);
	}
}

/* RFC 5903 section 8.1, through the same derive function that a connection uses. */
static void
test_ecdh_vector(void **state)
{
	const struct ec_curve *curve = ec_curve_of(KEY_ECDSA_P256);
	struct buf scalar =
	    unhex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");
	struct buf own_point =
	    unhex("04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
		  "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3");
	struct buf peer = unhex("04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
				"56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab");
	struct buf raw = buf_init(128);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *secret = BN_bin2bn(scalar.p, (int)scalar.n, NULL);
	OSSL_PARAM *params;
	EVP_PKEY *own;

	(void)state;
	assert_int_equal(OSSL_PARAM_BLD_push_utf8_string(
			     build, OSSL_PKEY_PARAM_GROUP_NAME, curve->openssl_name, 0),
	    1);
	assert_int_equal(OSSL_PARAM_BLD_push_octet_string(
			     build, OSSL_PKEY_PARAM_PUB_KEY, own_point.p, own_point.n),
	    1);
	assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret), 1);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(pkey_from_params("EC", EVP_PKEY_KEYPAIR, params, &own), 0);
	assert_int_equal(key_agreement_ecdh.derive(curve, own, buf_view(&peer), &raw), 0);
	assert_hex(
	    buf_view(&raw), "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(secret);
	EVP_PKEY_free(own);
	buf_free(&scalar);
	buf_free(&own_point);
	buf_free(&peer);
	buf_free(&raw);
}

static void
test_ecdh_bad_points(void **state)
{
	static const char *const names[] = { "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
		"ecdh-sha2-nistp521" };
	uint8_t point[1 + 2 * EC_FIELD_BYTES_MAX];
	struct round r;
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		r = round_start(find(names[i]));
		n = r.client_public.n;
		/* off the curve */
		memcpy(point, r.client_public.p, n);
		point[n - 1] ^= 1;
		refuse(find(names[i]), view_bytes(point, n));
		memcpy(point, r.client_public.p, n);
		point[10] ^= 0x40;
		refuse(find(names[i]), view_bytes(point, n));
		/* other forms: compressed, hybrid, unknown; the point at infinity */
		memcpy(point, r.client_public.p, n);
		point[0] = (uint8_t)(2 | (point[n - 1] & 1));
		refuse(find(names[i]), view_bytes(point, (n - 1) / 2 + 1));
		point[0] = (uint8_t)(6 | (point[n - 1] & 1));
		refuse(find(names[i]), view_bytes(point, n));
		point[0] = 0;
		refuse(find(names[i]), view_bytes(point, n));
		refuse(find(names[i]), view_bytes(point, 1));
		/* zero, and a coordinate above the field */
		memset(point, 0, n);
		point[0] = 4;
		refuse(find(names[i]), view_bytes(point, n));
		memset(point + 1, 0xff, n - 1);
		refuse(find(names[i]), view_bytes(point, n));
		round_free(&r);
	}
}

/* The body of an mpint that is p plus a small number. */
static struct buf
near_prime(const char *group, int plus)
{
	struct buf whole = buf_init(BYTES_MAX), body = buf_init(BYTES_MAX), ignored;
	EVP_PKEY *key = NULL;
	BIGNUM *prime = NULL;

	ignored = buf_init(BYTES_MAX);
	assert_int_equal(key_agreement_dh.generate(group, &key, &ignored), 0);
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_P, &prime), 1);
	if (plus < 0)
		BN_sub_word(prime, (BN_ULONG)-plus);
	else
		BN_add_word(prime, (BN_ULONG)plus);
	assert_int_equal(bn_to_mpint(prime, &whole), 0);
	buf_raw(&body, whole.p + 4, whole.n - 4);
	EVP_PKEY_free(key);
	BN_free(prime);
	buf_free(&whole);
	buf_free(&ignored);
	return body;
}

/* RFC 8268 section 4: e from 2 to p - 2; -1, 0, +1 around both ends. */
static void
test_dh_bounds(void **state)
{
	static const struct {
		const char *name, *group;
	} rows[] = {
		{ "diffie-hellman-group14-sha256", "modp_2048" },
		{ "diffie-hellman-group14-sha1", "modp_2048" },
		{ "diffie-hellman-group16-sha512", "modp_4096" },
		{ "diffie-hellman-group18-sha512", "modp_8192" },
	};
	static const uint8_t small[] = { 0, 1, 2, 3, 0x80 };
	struct buf value, public_out = buf_init(BYTES_MAX), shared = buf_init(BYTES_MAX);
	const struct key_agreement_algorithm *a;
	size_t i;
	int plus;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		a = find(rows[i].name);
		refuse(a, (struct view){ 0 });       /* 0 */
		refuse(a, view_bytes(small, 1));     /* 0, not canonical */
		refuse(a, view_bytes(small, 3));     /* leading zero */
		refuse(a, view_bytes(small + 1, 1)); /* 1 */
		refuse(a, view_bytes(small + 4, 1)); /* negative */
		assert_int_equal(
		    key_agreement_respond(a, view_bytes(small + 2, 1), &public_out, &shared),
		    0); /* 2 */
		buf_clear(&public_out);
		buf_clear(&shared);
		for (plus = -3; plus <= 1; plus++) {
			value = near_prime(rows[i].group, plus);
			if (plus <= -2)
				assert_int_equal(key_agreement_respond(
						     a, buf_view(&value), &public_out, &shared),
				    0);
			else
				refuse(a, buf_view(&value));
			buf_clear(&public_out);
			buf_clear(&shared);
			buf_free(&value);
		}
	}
	buf_free(&public_out);
	buf_free(&shared);
}

static void
test_dh_long_values(void **state)
{
	uint8_t value[BYTES_MAX];

	(void)state;
	memset(value, 0x7f, sizeof(value));
	refuse(find("diffie-hellman-group14-sha256"), view_bytes(value, 1024));
	refuse(find("diffie-hellman-group18-sha512"), view_bytes(value, 1025));
	refuse(find("diffie-hellman-group18-sha512"), view_bytes(value, 1026));
	refuse(find("diffie-hellman-group18-sha512"), view_bytes(value, sizeof(value)));
}

/* RFC 4253 section 5: a K with a leading zero byte is written without it, in every family. */
static void
test_shared_is_canonical(void **state)
{
	const struct key_agreement_algorithm *a = find("curve25519-sha256");
	struct round r;
	struct rd rd;
	bool shorter = false;
	int i;

	(void)state;
	for (i = 0; i < 4000 && !shorter; i++) {
		r = round_start(a);
		assert_int_equal(key_agreement_respond(a, buf_view(&r.client_public),
				     &r.server_public, &r.server_shared),
		    0);
		rd = rd_of(buf_view(&r.server_shared));
		shorter = rd_mpint(&rd, 32).n < 32;
		assert_int_equal(rd_end(&rd), 0);
		round_free(&r);
	}
	assert_true(shorter);
}

/* A secret that is not the peer's: every flipped bit of the hybrid's answer changes it. */
static void
test_changed_answer(void **state)
{
	const struct key_agreement_algorithm *a;
	struct round r;
	size_t i;
	int err;

	(void)state;
	for (i = 0; (a = key_agreement_at(i)) != NULL; i++) {
		r = round_start(a);
		assert_int_equal(key_agreement_respond(a, buf_view(&r.client_public),
				     &r.server_public, &r.server_shared),
		    0);
		r.server_public.p[r.server_public.n / 2] ^= 4;
		err = key_agreement_finish(r.client, buf_view(&r.server_public), &r.client_shared);
		if (err == 0)
			assert_false(
			    view_eq(buf_view(&r.client_shared), buf_view(&r.server_shared)));
		round_free(&r);
	}
}

/* What does not fit into the caller's buffers is an error, and nothing is half written. */
static void
test_small_buffers(void **state)
{
	const struct key_agreement_algorithm *a = find("curve25519-sha256");
	struct buf public_out = buf_init(31), shared = buf_init(8);
	struct round r = round_start(a);

	(void)state;
	assert_int_not_equal(
	    key_agreement_respond(a, buf_view(&r.client_public), &public_out, &r.server_shared), 0);
	assert_int_equal(r.server_shared.n, 0);
	assert_int_not_equal(
	    key_agreement_respond(a, buf_view(&r.client_public), &r.server_public, &shared), 0);
	assert_int_equal(r.server_public.n, 0);
	round_free(&r);
	buf_free(&public_out);
	buf_free(&shared);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_ephemeral),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_x25519_vector),
		cmocka_unit_test(test_x25519_small_order),
		cmocka_unit_test(test_ecdh_vector),
		cmocka_unit_test(test_ecdh_bad_points),
		cmocka_unit_test(test_dh_bounds),
		cmocka_unit_test(test_dh_long_values),
		cmocka_unit_test(test_shared_is_canonical),
		cmocka_unit_test(test_changed_answer),
		cmocka_unit_test(test_small_buffers),
	};

	return cmocka_run_group_tests(tests, setup_crypto, NULL);
}
