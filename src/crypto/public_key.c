#include "crypto/public_key.h"

#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "crypto/public_key_parts.h"

#include "base/encode.h"

#include <string.h>

static const char *const type_names[KEY_TYPE_COUNT] = {
	[KEY_RSA] = "ssh-rsa",
	[KEY_ECDSA_P256] = "ecdsa-sha2-nistp256",
	[KEY_ECDSA_P384] = "ecdsa-sha2-nistp384",
	[KEY_ECDSA_P521] = "ecdsa-sha2-nistp521",
	[KEY_ED25519] = "ssh-ed25519",
	[KEY_SK_ECDSA_P256] = "sk-ecdsa-sha2-nistp256@openssh.com",
	[KEY_SK_ED25519] = "sk-ssh-ed25519@openssh.com",
};

const char *
key_type_name(enum key_type type)
{
	return type_names[type];
}

int
public_key_check(struct view blob, enum key_type *type_out)
{
	struct public_key_parts parts;
	EVP_PKEY *pkey = NULL;
	int err;

	if ((err = public_key_take_apart(blob, &parts)) != 0)
		return err;
	/* every 32 bytes are an ed25519 key to libcrypto, until a signature is looked at */
	if (parts.type != KEY_ED25519 && parts.type != KEY_SK_ED25519 &&
	    (err = public_key_to_pkey(&parts, &pkey)) != 0)
		return err;
	EVP_PKEY_free(pkey);
	if (type_out != NULL)
		*type_out = parts.type;
	return 0;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static void
skip_blanks(struct view *line)
{
	while (line->n > 0 && is_blank(line->p[0])) {
		line->p++;
		line->n--;
	}
}

/*
 * Takes the next word off a line. Blanks inside of double quotes belong to the word, and a quote
 * after a backslash does not end them: options are written so.
 */
static struct view
next_word(struct view *line, bool quotes)
{
	struct view word = { .p = line->p, .n = 0 };
	bool quoted = false;

	while (word.n < line->n && (quoted || !is_blank(line->p[word.n]))) {
		if (quotes && line->p[word.n] == '\\' && word.n + 1 < line->n &&
		    line->p[word.n + 1] == '"')
			word.n++;
		else if (quotes && line->p[word.n] == '"')
			quoted = !quoted;
		word.n++;
	}
	line->p += word.n;
	line->n -= word.n;
	skip_blanks(line);
	return word;
}

/* Names that start a key rather than options, whether we can use it or not. */
static bool
looks_like_type(struct view word)
{
	static const char *const starts[] = { "ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-" };
	size_t i, n;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		n = strlen(starts[i]);
		if (word.n > n && memcmp(word.p, starts[i], n) == 0)
			return true;
	}
	return false;
}

static void
trim_end(struct view *line)
{
	uint8_t last;

	while (line->n > 0) {
		last = line->p[line->n - 1];
		if (last != '\n' && last != '\r' && !is_blank(last))
			break;
		line->n--;
	}
}

/* The blob must be of the type that the line names. */
static int
check_line_blob(struct view name, struct view blob, struct public_key_line *out)
{
	struct rd r = rd_of(blob);
	struct view inner = rd_str(&r, PUBLIC_KEY_BLOB_MAX);
	struct buf key = buf_init(PUBLIC_KEY_BLOB_MAX);
	struct certificate certificate;
	int err;

	if (r.bad != 0)
		return r.bad;
	if (!view_eq(name, inner))
		return ERR_FORMAT;
	out->is_certificate = certificate_plain_name(name) != NULL;
	if (!out->is_certificate)
		return public_key_check(blob, &out->type);
	err = certificate_parse(blob, &certificate, &key);
	buf_free(&key);
	out->type = certificate.type;
	return err;
}

int
public_key_parse_line(struct view line, struct public_key_line *out, struct buf *blob_out)
{
	/* Large enough for a key that we refuse with a better reason than its length. */
	struct buf blob = buf_init(PUBLIC_KEY_LINE_MAX);
	struct view whole, name, text;
	int err;

	*out = (struct public_key_line){ 0 };
	if (line.n > PUBLIC_KEY_LINE_MAX)
		return ERR_LIMIT;
	trim_end(&line);
	skip_blanks(&line);
	if (line.n == 0 || line.p[0] == '#' || view_has_nul(line))
		return ERR_FORMAT;
	whole = line;
	name = next_word(&line, false);
	if (!looks_like_type(name)) {
		line = whole;
		out->options = next_word(&line, true);
		name = next_word(&line, false);
		if (!looks_like_type(name))
			return ERR_FORMAT;
	}
	text = next_word(&line, false);
	out->comment = line;
	if (text.n == 0)
		return ERR_FORMAT;
	if ((err = base64_decode(&blob, text)) == 0 &&
	    (err = check_line_blob(name, buf_view(&blob), out)) == 0) {
		buf_raw(blob_out, blob.p, blob.n);
		err = buf_error(blob_out);
	}
	buf_free(&blob);
	return err;
}

int
public_key_fingerprint(struct view blob, char *out)
{
	struct buf text = buf_init(PUBLIC_KEY_FINGERPRINT_BYTES);
	uint8_t hash[DIGEST_BYTES_MAX];
	int err;

	out[0] = '\0';
	if ((err = digest_once(DIGEST_SHA256, blob, hash)) != 0)
		return err;
	buf_text(&text, "SHA256:");
	base64_encode(&text, (struct view){ .p = hash, .n = digest_bytes(DIGEST_SHA256) }, false);
	if ((err = buf_error(&text)) == 0)
		err = view_copy(buf_view(&text), out, PUBLIC_KEY_FINGERPRINT_BYTES);
	buf_free(&text);
	return err;
}
