/*
 * buf.h - a growing byte buffer with a hard maximum, and the writer for what rd.h reads.
 *
 * A write that would pass the maximum, or that finds no memory, poisons the buffer; later writes
 * do nothing; check once with buf_error(). Memory is wiped before it is freed or moved.
 * Numbers are written big-endian. Used for messages, not for bulk data.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	uint8_t *p;
	size_t n;   /* bytes in use */
	size_t cap; /* bytes allocated */
	size_t max; /* never grows past this; never less than n */
	int bad;    /* 0, or why the buffer is poisoned */
};

/* An empty buffer; allocates nothing yet. */
struct buf buf_init(size_t max);
/* Wipes and frees; the buffer is then empty with the same maximum and may be used again. */
void buf_free(struct buf *b);
/* Forgets the content and the poison, keeps the memory. */
void buf_clear(struct buf *b);
/* Forgets what stands behind the first n bytes, and the poison; there must be so many. */
void buf_cut(struct buf *b, size_t n);
/* 0, ERR_LIMIT or ERR_MEMORY. */
MUST int buf_error(const struct buf *b);
struct view buf_view(const struct buf *b);

/* What buf_room() does when the memory is too small, or the buffer poisoned. */
uint8_t *buf_grow(struct buf *b, size_t n);
/* Appends n bytes of room and returns them, or NULL when poisoned. Valid until the next write. */
static inline uint8_t *
buf_room(struct buf *b, size_t n)
{
	uint8_t *p;

	if (b->bad != 0 || n > b->max - b->n || n > b->cap - b->n)
		return buf_grow(b, n);
	p = b->p + b->n;
	b->n += n;
	return p;
}

static inline void
buf_raw(struct buf *b, const void *bytes, size_t n)
{
	uint8_t *p;

	if (n > 0 && (p = buf_room(b, n)) != NULL)
		memcpy(p, bytes, n);
}

void buf_u8(struct buf *b, uint8_t v);
void buf_u16(struct buf *b, uint16_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
void buf_bool(struct buf *b, bool v);
/* RFC 4251 string: length, then bytes. */
void buf_str(struct buf *b, struct view v);
void buf_cstr(struct buf *b, const char *s);
/* RFC 4251 mpint from an unsigned big-endian number of n bytes (leading zeros allowed). */
void buf_mpint(struct buf *b, const uint8_t *bytes, size_t n);
/* Text without a length. */
static inline void
buf_text(struct buf *b, const char *s)
{
	buf_raw(b, s, strlen(s));
}

/* The number in decimal digits. */
void buf_decimal(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first n bytes and moves the rest to the front. */
void buf_drop(struct buf *b, size_t n);

/* Big-endian numbers in place, for headers that are filled in later. */
void put_u32(uint8_t *p, uint32_t v);
void put_u64(uint8_t *p, uint64_t v);
uint32_t get_u32(const uint8_t *p);

#endif
