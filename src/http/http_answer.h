/*
 * http_answer.h - the head of an answer (RFC 9112 section 4).
 */
#ifndef HTTP_HTTP_ANSWER_H
#define HTTP_HTTP_ANSWER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct http_answer {
	int status;
	const char *content_type;
	uint64_t length;         /* of the body */
	bool keep_alive;
	bool is_1_0;             /* of a request that was HTTP/1.0 */
	struct view request_id;  /* told back when it is not empty */
	const char *authenticate; /* WWW-Authenticate; NULL: none */
	struct view cookie;      /* Set-Cookie; empty: none */
	unsigned retry_after_seconds; /* 0: none */
	int64_t wall_ms;         /* for Date */
};

/* The reason phrase of a status that we send; "" for others. */
const char *http_status_text(int status);
void http_answer_write(struct buf *out, const struct http_answer *answer);

#endif
