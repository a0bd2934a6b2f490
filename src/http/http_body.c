#include "http/http_body.h"

#include "base/encode.h"

enum { SIZE_DIGITS_MAX = 8 };

int
http_body_begin(struct http_body *body, const struct http_head *head, size_t max)
{
	*body = (struct http_body){ .place = HTTP_BODY_DONE };
	if (head->chunked) {
		body->place = HTTP_BODY_CHUNK_SIZE;
	} else if (head->has_length && head->length > 0) {
		if (head->length > max)
			return 413;
		body->place = HTTP_BODY_BYTES;
		body->left = head->length;
	}
	return 0;
}

static int
take_bytes(struct http_body *body, struct view *bytes, struct buf *out)
{
	size_t n = bytes->n < body->left ? bytes->n : (size_t)body->left;

	if (n > out->max - out->n)
		return 413;
	buf_raw(out, bytes->p, n);
	bytes->p += n;
	bytes->n -= n;
	body->left -= n;
	return 0;
}

/* One character of "1a2b\r\n". `at` counts the digits; above the maximum the CR has been seen. */
static int
take_size(struct http_body *body, uint8_t c)
{
	int value = hex_value(c);

	if (body->at > SIZE_DIGITS_MAX) {
		if (c != '\n')
			return 400;
		body->at = 0;
		body->place = body->left > 0 ? HTTP_BODY_CHUNK_BYTES : HTTP_BODY_LAST_END;
	} else if (c == '\r' && body->at > 0) {
		body->at = SIZE_DIGITS_MAX + 1;
	} else if (value < 0 || body->at == SIZE_DIGITS_MAX) {
		return 400;
	} else {
		body->left = body->left * 16 + (uint64_t)value;
		body->at++;
	}
	return 0;
}

/* One character of CR LF. */
static int
take_end(struct http_body *body, uint8_t c)
{
	if (c != "\r\n"[body->at])
		return 400;
	if (body->at++ == 0)
		return 0;
	body->at = 0;
	body->place = body->place == HTTP_BODY_LAST_END ? HTTP_BODY_DONE : HTTP_BODY_CHUNK_SIZE;
	return 0;
}

int
http_body_read(struct http_body *body, struct view *bytes, struct buf *out)
{
	int status = 0;

	while (status == 0 && bytes->n > 0 && body->place != HTTP_BODY_DONE) {
		if (body->place == HTTP_BODY_BYTES || body->place == HTTP_BODY_CHUNK_BYTES) {
			status = take_bytes(body, bytes, out);
			if (body->left == 0)
				body->place = body->place == HTTP_BODY_BYTES ? HTTP_BODY_DONE
									      : HTTP_BODY_CHUNK_END;
			continue;
		}
		status = body->place == HTTP_BODY_CHUNK_SIZE ? take_size(body, bytes->p[0])
							       : take_end(body, bytes->p[0]);
		bytes->p++;
		bytes->n--;
	}
	return status;
}
