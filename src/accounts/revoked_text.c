/*
 * Lists of revoked keys as text: an entry on each line, or the same entries in a JSON list.
 */
#include "accounts/revoked_keys_private.h"

#include "base/encode.h"
#include "crypto/crypto.h"

#include <jansson.h>
#include <string.h>

static const char fingerprint_start[] = "SHA256:";

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct view
trim(struct view v)
{
	while (v.n > 0 && is_blank(v.p[0])) {
		v.p++;
		v.n--;
	}
	while (v.n > 0 && is_blank(v.p[v.n - 1]))
		v.n--;
	return v;
}

static bool
take_start(struct view *v, const char *start)
{
	size_t n = strlen(start);

	if (v->n < n || memcmp(v->p, start, n) != 0)
		return false;
	v->p += n;
	v->n -= n;
	*v = trim(*v);
	return true;
}

static int
add_fingerprint(struct revoked_keys *keys, struct view text)
{
	struct buf hash = buf_init(SHA256_BYTES);
	int err = base64_decode(&hash, text);

	if (err == 0 && hash.n != SHA256_BYTES)
		err = ERR_FORMAT;
	if (err == 0)
		buf_raw(&keys->sha256, hash.p, hash.n);
	buf_free(&hash);
	return err;
}

static int
add_key(struct revoked_keys *keys, struct view text)
{
	struct buf blob = buf_init(CERTIFICATE_BLOB_MAX);
	struct public_key_line line;
	int err = public_key_parse_line(text, &line, &blob);

	if (err == 0)
		revoked_keys_add_blob(keys, buf_view(&blob));
	buf_free(&blob);
	return err;
}

/* Takes a decimal number off; 0 stands for "no number", and cannot be revoked. */
static bool
take_serial(struct view *v, uint64_t *out)
{
	bool any = v->n > 0;

	*out = 0;
	while (v->n > 0 && v->p[0] >= '0' && v->p[0] <= '9') {
		if (__builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, v->p[0] - '0', out))
			return false;
		v->p++;
		v->n--;
	}
	return any && *out != 0;
}

static int
add_serials(struct revoked_keys *keys, struct view text)
{
	uint64_t first, last;

	if (!take_serial(&text, &first))
		return ERR_FORMAT;
	last = first;
	if (take_start(&text, "-") && !take_serial(&text, &last))
		return ERR_FORMAT;
	if (text.n > 0 || last < first)
		return ERR_FORMAT;
	revoked_keys_add_serials(keys, revoked_by_any, first, last);
	return 0;
}

static int
add_entry(struct revoked_keys *keys, struct view entry)
{
	entry = trim(entry);
	if (entry.n == 0 || entry.p[0] == '#')
		return 0;
	if (take_start(&entry, "serial:"))
		return add_serials(keys, entry);
	if (take_start(&entry, "id:")) {
		if (entry.n == 0)
			return ERR_FORMAT;
		revoked_keys_add_key_id(keys, revoked_by_any, entry);
		return 0;
	}
	(void)take_start(&entry, "hash:");
	if (take_start(&entry, fingerprint_start))
		return add_fingerprint(keys, entry);
	/* ssh-keygen stores these three in three ways; they revoke the same */
	if (!take_start(&entry, "key:") && !take_start(&entry, "sha256:"))
		(void)take_start(&entry, "sha1:");
	return add_key(keys, entry);
}

static int
fault(struct failure *failure, const char *what, size_t number)
{
	return failure_set(failure, ERR_INVALID,
	    "%s %zu is no public key, fingerprint (SHA256:...), \"serial:\" or \"id:\"", what,
	    number);
}

static int
read_lines(struct view text, struct revoked_keys *keys, struct failure *failure)
{
	struct view line;

	for (size_t number = 1; view_next_line(&text, &line); number++) {
		if (add_entry(keys, line) != 0)
			return fault(failure, "line", number);
	}
	return 0;
}

static int
read_json(struct view text, struct revoked_keys *keys, struct failure *failure)
{
	json_error_t where;
	json_t *list = json_loadb((const char *)text.p, text.n, 0, &where), *item;
	size_t i;
	int err = 0;

	if (list == NULL)
		return failure_set(failure, ERR_INVALID, "line %d: %s", where.line, where.text);
	json_array_foreach(list, i, item) {
		const char *entry = json_string_value(item);

		if (entry == NULL || add_entry(keys, view_of(entry)) != 0) {
			err = fault(failure, "entry", i + 1);
			break;
		}
	}
	json_decref(list);
	return err;
}

int
revoked_text_read(struct view file, struct revoked_keys *keys, struct failure *failure)
{
	struct view start = trim(file);

	if (start.n > 0 && start.p[0] == '[')
		return read_json(file, keys, failure);
	return read_lines(file, keys, failure);
}
