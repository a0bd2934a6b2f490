/*
 * http_head.h - the head of a request: request line and header fields (RFC 9112 sections 3 and 5).
 *
 * The views of a parsed head point into the bytes that were parsed. Results are HTTP statuses: 0,
 * or what the client is to be told, after which the connection must be closed, because nobody
 * knows where the next request begins.
 */
#ifndef HTTP_HTTP_HEAD_H
#define HTTP_HTTP_HEAD_H

#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	HTTP_HEAD_MAX = 64 * 1024, /* bytes, with the empty line */
	HTTP_TARGET_MAX = 8 * 1024,
	HTTP_FIELDS_MAX = 100,
	HTTP_METHOD_MAX = 32,
};

struct http_field {
	struct view name, value; /* without the white space around the value */
};

struct http_head {
	struct view method;
	struct view target; /* as it was sent */
	struct view path;   /* still percent-encoded */
	struct view query;  /* likewise, without the '?' */
	struct view host;   /* of the absolute form of the target, or else of the field */
	bool is_1_0;        /* HTTP/1.0 */
	bool keep_alive;    /* what the client wants */
	bool expects_continue;
	bool chunked;
	bool has_length;
	uint64_t length;
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
};

/*
 * Looks for the end of a head. *end_out is then the number of its bytes, or 0 while there is none;
 * *seen says how far earlier calls looked, and begins at 0. 0; 400 for bytes that no head has; 431
 * when it is longer than HTTP_HEAD_MAX.
 */
MUST int http_head_find(struct view bytes, size_t *seen, size_t *end_out);
/* Parses what http_head_find() found. 0, 400, 414, 417, 431, 501 or 505. */
MUST int http_head_parse(struct view bytes, struct http_head *out);
/* The value of the first field of this name, in any case of letters; an empty view if none is. */
struct view http_head_field(const struct http_head *head, const char *name);
/* How many fields have this name. */
size_t http_head_count(const struct http_head *head, const char *name);

/* Compares without regard to the case of ASCII letters. */
bool http_text_is(struct view text, const char *word);

#endif
