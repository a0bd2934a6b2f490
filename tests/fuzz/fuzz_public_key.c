/*
 * Public keys and signatures. The first byte chooses: a line of authorized_keys, a key's blob, or
 * the four strings of a check (blob, algorithm name, data, signature).
 */
#include "crypto/crypto.h"

#include "base/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_line(struct view text)
{
	struct buf blob = buf_init(PUBLIC_KEY_LINE_MAX), line = buf_init(2 * PUBLIC_KEY_LINE_MAX);
	struct buf again = buf_init(PUBLIC_KEY_LINE_MAX);
	struct public_key_line parsed, parsed_again;

	if (public_key_parse_line(text, &parsed, &blob) == 0) {
		const char *name = key_type_name(parsed.type);

		if (!parsed.is_certificate && public_key_check(buf_view(&blob), NULL) != 0)
			bug("a line was accepted whose key is not");
		buf_text(&line, parsed.is_certificate ? certificate_name(view_of(name)) : name);
		buf_text(&line, " ");
		base64_encode(&line, buf_view(&blob), true);
		if (public_key_parse_line(buf_view(&line), &parsed_again, &again) != 0 ||
		    !view_eq(buf_view(&blob), buf_view(&again)))
			bug("a key does not survive being written");
	} else if (blob.n != 0) {
		bug("a refused line has left bytes");
	}
	buf_free(&blob);
	buf_free(&line);
	buf_free(&again);
}

static void
try_verify(struct rd r)
{
	struct view blob = rd_str(&r, PUBLIC_KEY_BLOB_MAX + 16);
	struct view algorithm = rd_str(&r, 256);
	struct view data = rd_str(&r, 4096);
	struct view signature = rd_str(&r, PUBLIC_KEY_SIGNATURE_MAX + 16);
	enum key_type type;

	if (rd_end(&r) != 0)
		return;
	if (public_key_verify(blob, algorithm, data, signature, 0) != 0)
		return;
	if (public_key_check(blob, &type) != 0 || !public_key_accepts(type, algorithm, 0))
		bug("a signature is good by a key that is not");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	char fingerprint[PUBLIC_KEY_FINGERPRINT_BYTES];
	uint8_t choice;

	if (crypto_init() != 0)
		bug("libcrypto does not start");
	choice = rd_u8(&r);
	if (choice == 'l')
		try_line(rd_rest(&r));
	else if (choice == 'v')
		try_verify(r);
	else if (public_key_check((struct view){ .p = r.p, .n = r.n }, NULL) == 0 &&
		 public_key_fingerprint((struct view){ .p = r.p, .n = r.n }, fingerprint) != 0)
		bug("a good key has no fingerprint");
	return 0;
}
