#include "http/http_head.h"

#include <string.h>
#include <strings.h>

enum { LENGTH_DIGITS_MAX = 15 };

bool
http_text_is(struct view text, const char *word)
{
	return text.n == strlen(word) && strncasecmp((const char *)text.p, word, text.n) == 0;
}

int
http_head_find(struct view bytes, size_t *seen, size_t *end_out)
{
	*end_out = 0;
	for (size_t i = *seen; i < bytes.n && i < HTTP_HEAD_MAX; i++) {
		bool after_cr = i > 0 && bytes.p[i - 1] == '\r';

		/* RFC 9112 section 2.2: a bare CR or LF ends lines for some readers and not for others. */
		if (bytes.p[i] == '\0' || after_cr != (bytes.p[i] == '\n'))
			return 400;
		if (after_cr && i >= 3 && memcmp(bytes.p + i - 3, "\r\n\r\n", 4) == 0) {
			*end_out = i + 1;
			return 0;
		}
		*seen = i + 1;
	}
	return bytes.n >= HTTP_HEAD_MAX ? 431 : 0;
}

static bool
is_token(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* As many token characters as the line begins with (RFC 9110 section 5.6.2). */
static struct view
take_token(struct view *line)
{
	struct view token = { .p = line->p };

	while (token.n < line->n && is_token(line->p[token.n]))
		token.n++;
	line->p += token.n;
	line->n -= token.n;
	return token;
}

static bool
take_char(struct view *line, uint8_t c)
{
	if (line->n == 0 || line->p[0] != c)
		return false;
	line->p++;
	line->n--;
	return true;
}

/* Up to the end of the line, which is there: http_head_find() has seen it. */
static struct view
take_line(struct view *rest)
{
	const uint8_t *end = memmem(rest->p, rest->n, "\r\n", 2);
	struct view line = { .p = rest->p };

	if (end == NULL)
		bug("a head without an end");
	line.n = (size_t)(end - rest->p);
	rest->p += line.n + 2;
	rest->n -= line.n + 2;
	return line;
}

/* ---- the request line */

static struct view
after(struct view text, size_t n)
{
	return (struct view){ .p = text.p + n, .n = text.n - n };
}

static size_t
length_until(struct view text, const char *stops)
{
	size_t n = 0;

	while (n < text.n && strchr(stops, text.p[n]) == NULL)
		n++;
	return n;
}

/* RFC 9112 section 3.2: the origin form, or the absolute form, whose host wins over the field. */
static int
parse_target(struct http_head *head)
{
	static const char *const schemes[] = { "http://", "https://" };
	struct view rest = head->target;

	for (size_t i = 0; i < rest.n; i++) {
		if (rest.p[i] <= 0x20 || rest.p[i] >= 0x7f || rest.p[i] == '#')
			return 400;
	}
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);

		if (rest.n > n && strncasecmp((const char *)rest.p, schemes[i], n) == 0) {
			rest = after(rest, n);
			head->host = (struct view){ .p = rest.p, .n = length_until(rest, "/?") };
			rest = after(rest, head->host.n);
			if (head->host.n == 0 || rest.n == 0)
				return 400;
			break;
		}
	}
	if (rest.n == 0 || rest.p[0] != '/')
		return 400;
	head->path = (struct view){ .p = rest.p, .n = length_until(rest, "?") };
	rest = after(rest, head->path.n);
	if (rest.n > 0)
		head->query = after(rest, 1);
	return 0;
}

static int
parse_request_line(struct view line, struct http_head *head)
{
	head->method = take_token(&line);
	if (head->method.n == 0 || head->method.n > HTTP_METHOD_MAX || !take_char(&line, ' '))
		return 400;
	head->target = (struct view){ .p = line.p, .n = length_until(line, " ") };
	line = after(line, head->target.n);
	if (head->target.n > HTTP_TARGET_MAX)
		return 414;
	if (!take_char(&line, ' ') || line.n != strlen("HTTP/1.1") ||
	    memcmp(line.p, "HTTP/", 5) != 0)
		return 400;
	head->is_1_0 = view_is(line, "HTTP/1.0");
	if (!head->is_1_0 && !view_is(line, "HTTP/1.1"))
		return 505;
	return parse_target(head);
}

/* ---- the fields */

static struct view
trim(struct view text)
{
	while (text.n > 0 && (text.p[0] == ' ' || text.p[0] == '\t'))
		text = after(text, 1);
	while (text.n > 0 && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t'))
		text.n--;
	return text;
}

/* A folded line (RFC 9112 section 5.2) begins with white space, so it has no name. */
static int
parse_field(struct view line, struct http_field *out)
{
	out->name = take_token(&line);
	if (out->name.n == 0 || !take_char(&line, ':'))
		return 400;
	out->value = trim(line);
	for (size_t i = 0; i < out->value.n; i++) {
		if ((out->value.p[i] < 0x20 && out->value.p[i] != '\t') || out->value.p[i] == 0x7f)
			return 400;
	}
	return 0;
}

struct view
http_head_field(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->field_count; i++) {
		if (http_text_is(head->fields[i].name, name))
			return head->fields[i].value;
	}
	return (struct view){ 0 };
}

size_t
http_head_count(const struct http_head *head, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < head->field_count; i++)
		count += http_text_is(head->fields[i].name, name);
	return count;
}

/* Whether one of the words of all fields of this name, which are lists, is this one. */
static bool
list_has(const struct http_head *head, const char *name, const char *word)
{
	for (size_t i = 0; i < head->field_count; i++) {
		struct view list = head->fields[i].value, item;

		if (!http_text_is(head->fields[i].name, name))
			continue;
		while (view_next_name(&list, &item)) {
			if (http_text_is(trim(item), word))
				return true;
		}
	}
	return false;
}

static int
parse_length(struct view text, uint64_t *out)
{
	*out = 0;
	if (text.n == 0 || text.n > LENGTH_DIGITS_MAX)
		return 400;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 400;
		*out = *out * 10 + (text.p[i] - '0');
	}
	return 0;
}

/* How the body ends (RFC 9112 section 6.3), with everything refused that has two meanings. */
static int
parse_framing(struct http_head *head)
{
	size_t lengths = http_head_count(head, "Content-Length");
	size_t codings = http_head_count(head, "Transfer-Encoding");

	if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0))
		return 400;
	if (codings > 0) {
		if (head->is_1_0)
			return 400;
		if (!http_text_is(http_head_field(head, "Transfer-Encoding"), "chunked"))
			return 501;
		head->chunked = true;
	}
	head->has_length = lengths > 0;
	return lengths > 0 ? parse_length(http_head_field(head, "Content-Length"), &head->length)
			   : 0;
}

static int
interpret(struct http_head *head)
{
	struct view expected = http_head_field(head, "Expect");
	int status = parse_framing(head);

	if (status != 0)
		return status;
	if (http_head_count(head, "Host") != 1)
		return 400;
	if (head->host.n == 0)
		head->host = http_head_field(head, "Host");
	head->keep_alive = head->is_1_0 ? list_has(head, "Connection", "keep-alive")
					: !list_has(head, "Connection", "close");
	if (expected.n > 0 && !http_text_is(expected, "100-continue"))
		return 417;
	head->expects_continue = expected.n > 0 && !head->is_1_0;
	return 0;
}

int
http_head_parse(struct view bytes, struct http_head *out)
{
	struct view line = take_line(&bytes);
	int status;

	memset(out, 0, offsetof(struct http_head, fields));
	out->field_count = 0;
	status = parse_request_line(line, out);
	while (status == 0) {
		line = take_line(&bytes);
		if (line.n == 0)
			return interpret(out);
		if (out->field_count == HTTP_FIELDS_MAX)
			return 431;
		status = parse_field(line, &out->fields[out->field_count]);
		out->field_count++;
	}
	return status;
}
