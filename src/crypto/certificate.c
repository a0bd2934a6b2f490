#include "crypto/certificate.h"

#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static bool
type_of(struct view name, enum key_type *out)
{
	int i;

	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		const char *plain = key_type_name((enum key_type)i);

		if (view_is(name, certificate_name(view_of(plain)))) {
			*out = (enum key_type)i;
			return true;
		}
	}
	return false;
}

/* How many strings and numbers make up a key of this type. */
static size_t
field_count(enum key_type type)
{
	switch (type) {
	case KEY_ED25519: return 1;
	case KEY_RSA:
	case KEY_ECDSA_P256:
	case KEY_ECDSA_P384:
	case KEY_ECDSA_P521:
	case KEY_SK_ED25519: return 2;
	case KEY_SK_ECDSA_P256: break;
	}
	return 3;
}

/* The fields of the key as they stand in a plain key's blob: behind its name. */
static struct view
read_key(struct rd *r, enum key_type type)
{
	const uint8_t *start = r->p;
	size_t i;

	for (i = 0; i < field_count(type); i++)
		(void)rd_str(r, PUBLIC_KEY_BLOB_MAX);
	return (struct view){ .p = start, .n = r->bad != 0 ? 0 : (size_t)(r->p - start) };
}

static int
check_principals(struct view principals)
{
	struct rd r = rd_of(principals);
	size_t count;

	for (count = 0; r.bad == 0 && r.n > 0; count++)
		(void)rd_str(&r, CERTIFICATE_BLOB_MAX);
	return count > CERTIFICATE_PRINCIPALS_MAX ? ERR_LIMIT : rd_end(&r);
}

static bool
is_before(struct view a, struct view b)
{
	size_t shorter = a.n < b.n ? a.n : b.n;
	int order = shorter == 0 ? 0 : memcmp(a.p, b.p, shorter);

	return order < 0 || (order == 0 && a.n < b.n);
}

/* Ascending order makes sure that no name stands there twice with two meanings. */
static int
check_options(struct view options)
{
	struct rd r = rd_of(options);
	struct view name, last = { 0 };

	while (r.bad == 0 && r.n > 0) {
		name = rd_str(&r, CERTIFICATE_BLOB_MAX);
		(void)rd_str(&r, CERTIFICATE_BLOB_MAX);
		if (!is_before(last, name))
			rd_fail(&r, ERR_FORMAT);
		last = name;
	}
	return rd_end(&r);
}

static int
check(const struct certificate *c, struct view key)
{
	int err;

	if (c->kind != CERTIFICATE_OF_USER && c->kind != CERTIFICATE_OF_HOST)
		return ERR_FORMAT;
	if ((err = check_principals(c->principals)) != 0 ||
	    (err = check_options(c->critical)) != 0 || (err = check_options(c->extensions)) != 0 ||
	    (err = public_key_check(c->authority, NULL)) != 0)
		return err;
	return public_key_check(key, NULL);
}

int
certificate_parse(struct view blob, struct certificate *out, struct buf *key_out)
{
	struct buf key = buf_init(PUBLIC_KEY_BLOB_MAX);
	struct rd r = rd_of(blob);
	struct view name, fields;
	int err;

	*out = (struct certificate){ 0 };
	if (blob.n > CERTIFICATE_BLOB_MAX)
		return ERR_LIMIT;
	name = rd_str(&r, NAME_MAX_BYTES);
	if (r.bad != 0)
		return r.bad;
	if (!type_of(name, &out->type))
		return ERR_UNSUPPORTED;
	(void)rd_str(&r, CERTIFICATE_BLOB_MAX); /* the nonce: it only makes the signed bytes new */
	fields = read_key(&r, out->type);
	out->serial = rd_u64(&r);
	out->kind = (enum certificate_kind)rd_u32(&r);
	out->key_id = rd_str(&r, CERTIFICATE_BLOB_MAX);
	out->principals = rd_str(&r, CERTIFICATE_BLOB_MAX);
	out->valid_after = rd_u64(&r);
	out->valid_before = rd_u64(&r);
	out->critical = rd_str(&r, CERTIFICATE_BLOB_MAX);
	out->extensions = rd_str(&r, CERTIFICATE_BLOB_MAX);
	(void)rd_str(&r, CERTIFICATE_BLOB_MAX); /* reserved: to be ignored in this version */
	out->authority = rd_str(&r, PUBLIC_KEY_BLOB_MAX);
	out->signed_bytes = (struct view){ .p = blob.p, .n = blob.n - r.n };
	out->signature = rd_str(&r, PUBLIC_KEY_SIGNATURE_MAX);
	if ((err = rd_end(&r)) != 0)
		return err;
	buf_cstr(&key, key_type_name(out->type));
	buf_raw(&key, fields.p, fields.n);
	if ((err = buf_error(&key)) == 0 && (err = check(out, buf_view(&key))) == 0) {
		buf_raw(key_out, key.p, key.n);
		err = buf_error(key_out);
	}
	buf_free(&key);
	return err;
}

int
certificate_verify(const struct certificate *certificate, unsigned allow)
{
	struct rd r = rd_of(certificate->signature);
	struct view algorithm = rd_str(&r, NAME_MAX_BYTES);

	if (r.bad != 0)
		return r.bad;
	return public_key_verify(certificate->authority, algorithm, certificate->signed_bytes,
	    certificate->signature, allow);
}
