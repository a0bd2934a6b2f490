/*
 * Key revocation lists as ssh-keygen -k writes them (OpenSSH's PROTOCOL.krl). Signatures in them
 * are not looked at, as OpenSSH does not: the file is the administrator's own.
 */
#include "accounts/revoked_keys_private.h"

#include "crypto/crypto.h"

enum {
	FORMAT_VERSION = 1,
	EXTENSION_NAME_MAX = 256,

	/* sections of the file */
	SECTION_CERTIFICATES = 1,
	SECTION_KEYS = 2,
	SECTION_SHA1 = 3,
	SECTION_SIGNATURE = 4,
	SECTION_SHA256 = 5,
	SECTION_EXTENSION = 255,

	/* sections of SECTION_CERTIFICATES */
	CERTIFICATES_SERIALS = 0x20,
	CERTIFICATES_RANGE = 0x21,
	CERTIFICATES_BITMAP = 0x22,
	CERTIFICATES_KEY_IDS = 0x23,
	CERTIFICATES_EXTENSION = 0x39,
};

static const uint8_t magic[8] = { 'S', 'S', 'H', 'K', 'R', 'L', '\n', 0 };

bool
revoked_krl_is(struct view file)
{
	struct rd r = rd_of(file);

	return view_eq(rd_raw(&r, sizeof(magic)), (struct view){ .p = magic, .n = sizeof(magic) });
}

static struct view
string(struct rd *r)
{
	return rd_str(r, REVOKED_KEYS_FILE_MAX);
}

/* Bit n of the number, counted from the lowest, is the serial number `offset` + n. */
static void
read_bitmap(struct rd *r, struct revoked_keys *keys, const uint8_t *authority)
{
	uint64_t offset = rd_u64(r);
	struct view bitmap = rd_mpint(r, REVOKED_KEYS_FILE_MAX);
	size_t bits = bitmap.n * 8;

	if (bits > UINT64_MAX - offset)
		rd_fail(r, ERR_LIMIT);
	for (size_t n = 0; r->bad == 0 && n < bits && keys->serials.bad == 0; n++) {
		if (bitmap.p[bitmap.n - 1 - n / 8] >> (n % 8) & 1)
			revoked_keys_add_serials(keys, authority, offset + n, offset + n);
	}
}

/* One that is critical may revoke what we would let in. */
static void
read_extension(struct rd *r)
{
	(void)rd_str(r, EXTENSION_NAME_MAX);
	if (rd_bool(r))
		rd_fail(r, ERR_UNSUPPORTED);
	(void)string(r);
}

static int
read_certificate_section(
    uint8_t type, struct rd r, struct revoked_keys *keys, const uint8_t *authority)
{
	uint64_t first;

	while (r.bad == 0 && r.n > 0) {
		switch (type) {
		case CERTIFICATES_SERIALS:
			first = rd_u64(&r);
			revoked_keys_add_serials(keys, authority, first, first);
			break;
		case CERTIFICATES_RANGE:
			first = rd_u64(&r);
			revoked_keys_add_serials(keys, authority, first, rd_u64(&r));
			break;
		case CERTIFICATES_BITMAP: read_bitmap(&r, keys, authority); break;
		case CERTIFICATES_KEY_IDS:
			revoked_keys_add_key_id(keys, authority, string(&r));
			break;
		case CERTIFICATES_EXTENSION: read_extension(&r); break;
		default: rd_fail(&r, ERR_UNSUPPORTED);
		}
	}
	return rd_end(&r);
}

static int
read_certificates(struct rd r, struct revoked_keys *keys)
{
	struct view blob = string(&r);
	uint8_t authority[SHA256_BYTES] = { 0 };
	int err;

	(void)string(&r); /* reserved */
	if (r.bad != 0)
		return r.bad;
	/* no authority is any of them: revoked_by_any */
	if (blob.n > 0 && (err = digest_once(DIGEST_SHA256, blob, authority)) != 0)
		return err;
	while (r.bad == 0 && r.n > 0) {
		uint8_t type = rd_u8(&r);
		struct view section = string(&r);

		if (r.bad == 0 && (err = read_certificate_section(type, rd_of(section), keys,
				       authority)) != 0)
			rd_fail(&r, err);
	}
	return rd_end(&r);
}

static int
read_section(uint8_t type, struct rd r, struct revoked_keys *keys)
{
	struct view hash;

	if (type == SECTION_CERTIFICATES)
		return read_certificates(r, keys);
	while (r.bad == 0 && r.n > 0) {
		switch (type) {
		case SECTION_KEYS: revoked_keys_add_blob(keys, string(&r)); break;
		case SECTION_SHA1:
		case SECTION_SHA256:
			hash = string(&r);
			if (hash.n != (type == SECTION_SHA1 ? SHA1_BYTES : SHA256_BYTES))
				rd_fail(&r, ERR_FORMAT);
			buf_raw(type == SECTION_SHA1 ? &keys->sha1 : &keys->sha256, hash.p, hash.n);
			break;
		case SECTION_EXTENSION: read_extension(&r); break;
		default: rd_fail(&r, ERR_UNSUPPORTED);
		}
	}
	return rd_end(&r);
}

int
revoked_krl_read(struct view file, struct revoked_keys *keys, struct failure *failure)
{
	struct rd r = rd_of(file);
	int err;

	(void)rd_raw(&r, sizeof(magic));
	if (rd_u32(&r) != FORMAT_VERSION)
		rd_fail(&r, ERR_UNSUPPORTED);
	(void)rd_u64(&r); /* version of the list, */
	(void)rd_u64(&r); /* when it was made, */
	(void)rd_u64(&r); /* flags: none are defined, */
	(void)string(&r); /* reserved, */
	(void)string(&r); /* comment */
	while (r.bad == 0 && r.n > 0) {
		uint8_t type = rd_u8(&r);
		struct view section = string(&r);

		if (type == SECTION_SIGNATURE) {
			(void)string(&r);
			continue;
		}
		if (r.bad == 0 && (err = read_section(type, rd_of(section), keys)) != 0)
			rd_fail(&r, err);
	}
	if ((err = rd_end(&r)) != 0)
		return failure_set(failure, ERR_INVALID, "the key revocation list: %s",
		    err_text(err));
	return 0;
}
