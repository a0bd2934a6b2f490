/*
 * http_body.h - the body of a request: of a length that was said before, or in chunks (RFC 9112
 * sections 6 and 7.1). Chunk extensions and trailers are refused: nobody who uses an API sends
 * any, and readers have differed about where they end.
 */
#ifndef HTTP_HTTP_BODY_H
#define HTTP_HTTP_BODY_H

#include "base/buf.h"
#include "base/err.h"
#include "http/http_head.h"

#include <stdbool.h>
#include <stdint.h>

enum http_body_place {
	HTTP_BODY_DONE, /* the place of a body that is empty */
	HTTP_BODY_BYTES,
	HTTP_BODY_CHUNK_SIZE,
	HTTP_BODY_CHUNK_BYTES,
	HTTP_BODY_CHUNK_END, /* its CR LF */
	HTTP_BODY_LAST_END,  /* the CR LF after the last chunk */
};

struct http_body {
	enum http_body_place place;
	uint64_t left;  /* bytes of the body or the chunk that are still to come */
	unsigned at;    /* characters of a size or an end that were read */
};

/* 0, or 413 when the length is above the maximum. */
MUST int http_body_begin(struct http_body *body, const struct http_head *head, size_t max);
/*
 * Takes bytes from the front of the view, which is moved, and appends what they carry. Bytes
 * behind the end of the body stay. 0; 400 for what is no chunk; 413 when the buffer's maximum is
 * passed. The body is complete when its place is HTTP_BODY_DONE.
 */
MUST int http_body_read(struct http_body *body, struct view *bytes, struct buf *out);

#endif
