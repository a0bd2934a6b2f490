/* A user's JSON as text: parsed, merged into an account, and written. */
#include "accounts/user.h"

#include "accounts/secret_text.h"
#include "accounts/user_members.h"

#include <string.h>

/* jansson's own message quotes the text around the fault, which may be a password. */
int
accounts_json_parse(struct view text, size_t max, json_t **out, struct failure *failure)
{
	json_error_t error;

	*out = NULL;
	if (text.n > max)
		return failure_set(
		    failure, ERR_LIMIT, "the JSON text is longer than %zu bytes", max);
	if (text.n == 0)
		return failure_set(failure, ERR_FORMAT, "the JSON text ends too early");
	*out = json_loadb(
	    (const char *)text.p, text.n, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &error);
	if (*out != NULL)
		return 0;
	switch (json_error_code(&error)) {
	case json_error_out_of_memory: return ERR_MEMORY;
	case json_error_premature_end_of_input:
		return failure_set(failure, ERR_FORMAT, "the JSON text ends too early");
	case json_error_invalid_utf8:
		return failure_set(failure, ERR_FORMAT, "the JSON text is not UTF-8");
	case json_error_stack_overflow:
		return failure_set(failure, ERR_FORMAT, "the JSON text is nested too deeply");
	case json_error_numeric_overflow:
		return failure_set(failure, ERR_FORMAT,
		    "line %d of the JSON text has a number that "
		    "is too large",
		    error.line);
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return failure_set(failure, ERR_FORMAT,
		    "line %d of the JSON text has a NUL character", error.line);
	default:
		return failure_set(failure, ERR_FORMAT,
		    "the text is not JSON at line %d, column %d", error.line, error.column);
	}
}

int
user_from_text(struct user *user, struct view text, struct failure *failure)
{
	json_t *object;
	int err = accounts_json_parse(text, USER_JSON_MAX, &object, failure);

	if (err == 0)
		err = user_from_json(user, object, failure);
	json_decref(object);
	return err;
}

/* True for what we gave out in place of the stored secret, and for nothing at all. */
static bool
is_masked(const char *given, const char *stored)
{
	struct buf masked = buf_init(strlen(stored) + 1);
	bool same;

	if (given[0] == '\0')
		return true;
	secret_text_mask(stored, &masked);
	same = masked.n > 0 && view_is(buf_view(&masked), given);
	buf_free(&masked);
	return same;
}

static int
merge_into(
    struct user *merged, const struct user *stored, const json_t *body, struct failure *failure)
{
	struct user_s3 *s3 = &merged->filesystem.s3;
	int err;

	user_permissions_clear(merged);
	if ((err = user_from_json(merged, body, failure)) != 0)
		return err;
	if (merged->id != stored->id)
		return failure_set(failure, ERR_INVALID,
		    "user ID in request body does not match user ID in path parameter");
	if (merged->permissions.count == 0 &&
	    (err = user_permissions_copy(&stored->permissions, &merged->permissions)) != 0)
		return err;
	if (stored->filesystem.provider == USER_FILESYSTEM_S3 &&
	    is_masked(s3->access_secret, stored->filesystem.s3.access_secret))
		return user_set_text(&s3->access_secret, stored->filesystem.s3.access_secret);
	return 0;
}

int
user_merge_json(struct user **user, const json_t *body, struct failure *failure)
{
	struct user *merged;
	int err = user_copy(*user, &merged);

	if (err == 0 && (err = merge_into(merged, *user, body, failure)) == 0) {
		struct user *old = *user;

		*user = merged;
		merged = old;
	}
	user_free(&merged);
	return err;
}

int
user_merge_text(struct user **user, struct view body, struct failure *failure)
{
	json_t *object;
	int err = accounts_json_parse(body, USER_JSON_MAX, &object, failure);

	if (err == 0)
		err = user_merge_json(user, object, failure);
	json_decref(object);
	return err;
}

/* Characters that a browser or an old script parser could take for more than text. */
static int
write_escaped(const char *text, size_t n, void *data)
{
	struct buf *out = data;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c == '<' || c == '>' || c == '&') {
			buf_printf(out, "\\u%04x", c);
		} else if (n - i >= 3 && memcmp(text + i, "\xe2\x80", 2) == 0 &&
			   ((uint8_t)text[i + 2] | 1) == 0xa9) {
			buf_printf(out, "\\u20%02x", (uint8_t)text[i + 2] - 0x80);
			i += 2;
		} else {
			buf_u8(out, c);
		}
	}
	return buf_error(out) == 0 ? 0 : -1;
}

void
accounts_json_write(const json_t *value, bool indent, struct buf *out)
{
	size_t flags = JSON_ENCODE_ANY | (indent ? JSON_INDENT(2) : JSON_COMPACT);

	if (json_dump_callback(value, write_escaped, out, flags) != 0 && buf_error(out) == 0)
		out->bad = ERR_MEMORY;
}
