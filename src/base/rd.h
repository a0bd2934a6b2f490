/*
 * rd.h - the one cursor through which untrusted bytes are read.
 *
 * A view over somebody else's bytes: it never owns, copies or changes them. The first bad read
 * poisons the cursor; every later read then yields zero or an empty view, so that a parser reads
 * all its fields in a straight line and checks once, with rd_end(). All numbers are big-endian
 * (RFC 4251 section 5). Used by every parser: SSH, SFTP, IPC, key files, state hand-over.
 */
#ifndef BASE_RD_H
#define BASE_RD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
	const uint8_t *p; /* the next byte */
	size_t n;         /* bytes left */
	int bad;          /* 0, or the ERR_ code of the first bad read */
};

/* A string field: a view into the cursor's bytes, not terminated, may contain any byte. */
struct view {
	const uint8_t *p;
	size_t n;
};

struct rd rd_init(const void *bytes, size_t n);
static inline struct rd
rd_of(struct view v)
{
	return rd_init(v.p, v.n);
}

uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
/* RFC 4251 boolean: every non-zero value is true. */
bool rd_bool(struct rd *r);
/* A boolean that this server wrote: what is neither 0 nor 1 poisons the cursor. */
bool rd_flag(struct rd *r);
/* n bytes as they are. */
struct view rd_raw(struct rd *r, size_t n);
/* RFC 4251 string: uint32 length, then the bytes. Longer than max poisons with ERR_LIMIT. */
struct view rd_str(struct rd *r, size_t max);
/*
 * RFC 4251 mpint that must not be negative: a view without leading zero bytes. A negative number,
 * an unneeded leading zero or more than max bytes poisons the cursor.
 */
struct view rd_mpint(struct rd *r, size_t max);
/* Everything that is left. */
struct view rd_rest(struct rd *r);
/* 0 when every read was good and nothing is left; else the first fault, or ERR_TRAILING. */
MUST int rd_end(const struct rd *r);
/* Poisons the cursor, for faults that only the caller can see. The first fault stays. */
void rd_fail(struct rd *r, int err);

bool view_eq(struct view a, struct view b);
/* Compares with a C string of ours. */
bool view_is(struct view v, const char *s);
struct view view_of(const char *s);
/* True when the view holds a NUL byte: such bytes never become a C string. */
bool view_has_nul(struct view v);
/*
 * Copies into a terminated C string of `size` bytes. ERR_LIMIT when it does not fit, ERR_FORMAT
 * when the view holds a NUL; out is then empty.
 */
MUST int view_copy(struct view v, char *out, size_t size);
/* Allocates a terminated copy; NULL when the view holds a NUL or memory is short. Caller frees. */
char *view_dup(struct view v);
/*
 * Takes the next name off a comma-separated RFC 4251 name-list; false at the end. Empty names are
 * given back as empty views.
 */
bool view_next_name(struct view *list, struct view *name_out);
/*
 * Takes the next line off a text, without its end: LF, or CR LF. The last line need not have an
 * end; false when there is nothing left. Empty lines are given back; NUL is a byte like any other.
 */
bool view_next_line(struct view *text, struct view *line_out);

#endif
