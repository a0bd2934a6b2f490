#include "worker/http_credentials.h"

#include "base/encode.h"

#include <string.h>

enum { TEXT_MAX = 2 * 1024, PART_MAX = 1024, CODE_MAX = 64, CSRF_MAX = 96 };

static void
take_token(struct http_credentials *out, struct view token)
{
	if (token.n == 0 || token.n > PART_MAX)
		return;
	out->kind = IPC_HTTP_BEARER;
	out->secret = token;
}

/* RFC 7617. */
static void
take_basic(struct http_credentials *out, struct view value)
{
	const uint8_t *colon;

	if (base64_decode(&out->text, value) != 0)
		return;
	value = buf_view(&out->text);
	colon = value.n > 0 ? memchr(value.p, ':', value.n) : NULL;
	if (colon == NULL || view_has_nul(value))
		return;
	out->user = (struct view){ .p = value.p, .n = (size_t)(colon - value.p) };
	out->secret = (struct view){ .p = colon + 1, .n = value.n - out->user.n - 1 };
	if (out->user.n <= PART_MAX && out->secret.n <= PART_MAX)
		out->kind = IPC_HTTP_BASIC;
}

static struct view
short_field(const struct http_head *head, const char *name, size_t max)
{
	struct view value = http_head_field(head, name);

	return value.n <= max ? value : (struct view){ 0 };
}

/* RFC 6750 for Bearer. Whoever says it in a field of its own does not mean the cookie. */
void
http_credentials_read(struct http_credentials *out, const struct http_head *head)
{
	struct view value = http_head_field(head, "Authorization"), word = value;
	const uint8_t *end = value.n > 0 ? memchr(value.p, ' ', value.n) : NULL;

	*out = (struct http_credentials){ .text = buf_init(TEXT_MAX) };
	if (http_head_count(head, "X-API-Key") > 0) {
		take_token(out, http_head_field(head, "X-API-Key"));
	} else if (end != NULL) {
		word.n = (size_t)(end - value.p);
		value = (struct view){ .p = end + 1, .n = value.n - word.n - 1 };
		if (http_text_is(word, "Bearer"))
			take_token(out, value);
		else if (http_text_is(word, "Basic"))
			take_basic(out, value);
	} else if (value.n == 0) {
		take_token(out, http_cookie_get(head, HTTP_SESSION_COOKIE));
	}
	out->code = short_field(head, "X-One-Time-Code", CODE_MAX);
	out->csrf = short_field(head, "X-CSRF-Token", CSRF_MAX);
}

void
http_credentials_free(struct http_credentials *credentials)
{
	buf_free(&credentials->text);
	*credentials = (struct http_credentials){ 0 };
}
