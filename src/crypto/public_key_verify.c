/*
 * Signatures of SSH (RFC 4253 section 6.6, RFC 8332, RFC 5656, RFC 8709) and of FIDO keys.
 */
#include "crypto/public_key.h"

#include "crypto/digest.h"
#include "crypto/public_key_parts.h"
#include "crypto/signature_name.h"

#include <string.h>

enum {
	ALGORITHM_NAME_MAX = 64,
	FIDO_USER_PRESENT = 0x01,
	FIDO_USER_VERIFIED = 0x04,
	/* DER of two numbers of 66 bytes: 2 * (66 + 4) and the sequence's own head. */
	ECDSA_DER_MAX = 160,
};

/* A signature blob taken apart. */
struct signature {
	struct view algorithm;
	struct view value;
	uint8_t flags;    /* FIDO */
	uint32_t counter; /* FIDO */
};

static bool
is_fido(enum key_type type)
{
	return type == KEY_SK_ECDSA_P256 || type == KEY_SK_ED25519;
}

static int
signature_parse(struct view blob, bool fido, struct signature *out)
{
	struct rd r = rd_of(blob);

	*out = (struct signature){ 0 };
	if (blob.n > PUBLIC_KEY_SIGNATURE_MAX)
		return ERR_LIMIT;
	out->algorithm = rd_str(&r, ALGORITHM_NAME_MAX);
	out->value = rd_str(&r, PUBLIC_KEY_SIGNATURE_MAX);
	if (fido) {
		out->flags = rd_u8(&r);
		out->counter = rd_u32(&r);
	}
	return rd_end(&r);
}

/*
 * What an authenticator signs: SHA-256 of the application, flags, counter, SHA-256 of the data.
 */
static int
fido_message(
    struct view application, const struct signature *signature, struct view data, struct buf *out)
{
	uint8_t hash[DIGEST_BYTES_MAX];
	int err;

	if ((err = digest_once(DIGEST_SHA256, application, hash)) != 0)
		return err;
	buf_raw(out, hash, digest_bytes(DIGEST_SHA256));
	buf_u8(out, signature->flags);
	buf_u32(out, signature->counter);
	if ((err = digest_once(DIGEST_SHA256, data, hash)) != 0)
		return err;
	buf_raw(out, hash, digest_bytes(DIGEST_SHA256));
	return buf_error(out);
}

/*
 * RFC 8332 wants a value as long as the modulus; some clients leave leading zeros out, as in a
 * number. A longer one is refused.
 */
static int
verify_rsa(const struct public_key_parts *parts, EVP_PKEY *pkey, const char *digest,
    struct view data, struct view value)
{
	uint8_t padded[PUBLIC_KEY_RSA_BITS_MAX / 8] = { 0 };
	size_t n = parts->modulus.n;

	if (value.n == 0 || value.n > n)
		return ERR_CRYPTO;
	memcpy(padded + (n - value.n), value.p, value.n);
	return pkey_verify(pkey, digest, data, (struct view){ .p = padded, .n = n });
}

static int
verify_ecdsa(EVP_PKEY *pkey, const char *digest, struct view data, struct view value)
{
	struct buf der = buf_init(ECDSA_DER_MAX);
	int err;

	if ((err = ecdsa_signature_to_der(value, &der)) == 0)
		err = pkey_verify(pkey, digest, data, buf_view(&der));
	buf_free(&der);
	return err;
}

static int
verify_ed25519(EVP_PKEY *pkey, struct view data, struct view value)
{
	if (value.n != ED25519_SIGNATURE_BYTES)
		return ERR_CRYPTO;
	return pkey_verify(pkey, NULL, data, value);
}

static int
verify_value(
    const struct public_key_parts *parts, const char *digest, struct view data, struct view value)
{
	EVP_PKEY *pkey = NULL;
	int err;

	if ((err = public_key_to_pkey(parts, &pkey)) != 0)
		return err;
	if (parts->type == KEY_RSA)
		err = verify_rsa(parts, pkey, digest, data, value);
	else if (ec_curve_of(parts->type) != NULL)
		err = verify_ecdsa(pkey, digest, data, value);
	else
		err = verify_ed25519(pkey, data, value);
	EVP_PKEY_free(pkey);
	return err;
}

int
public_key_verify(struct view blob, struct view algorithm, struct view data,
    struct view signature_blob, unsigned allow)
{
	struct buf message = buf_init(256);
	const struct signature_name *name;
	struct public_key_parts parts;
	struct signature signature;
	int err;

	if ((err = public_key_take_apart(blob, &parts)) != 0)
		return err;
	if ((name = signature_name_find(parts.type, algorithm, allow)) == NULL)
		return ERR_DENIED;
	if ((err = signature_parse(signature_blob, is_fido(parts.type), &signature)) != 0)
		return err;
	/* The name inside decides nothing, but must not tell another story (CVE-2026-35387). */
	if (!view_eq(signature.algorithm, algorithm))
		return ERR_DENIED;
	if ((allow & PUBLIC_KEY_DEMAND_VERIFIED) &&
	    !(is_fido(parts.type) && (signature.flags & FIDO_USER_VERIFIED)))
		return ERR_CRYPTO;
	if (is_fido(parts.type)) {
		/* CVE-2026-39831: without this, software on the user's machine signs unasked. */
		if (!(signature.flags & FIDO_USER_PRESENT))
			return ERR_CRYPTO;
		err = fido_message(parts.application, &signature, data, &message);
		data = buf_view(&message);
	}
	if (err == 0)
		err = verify_value(&parts, signature_name_digest(name), data, signature.value);
	buf_free(&message);
	return err;
}
