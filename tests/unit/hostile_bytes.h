/*
 * hostile_bytes.h - a good input cut short and changed, for parsers that must survive whatever
 * comes. Each one is in memory of its own, so that a byte read too far is seen.
 */
#ifndef TESTS_HOSTILE_BYTES_H
#define TESTS_HOSTILE_BYTES_H

#include "base/rd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline void
give_copy(struct view bytes, size_t flipped_bit, void (*take)(struct view bytes))
{
	uint8_t *copy = malloc(bytes.n == 0 ? 1 : bytes.n);

	assert_non_null(copy);
	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	if (flipped_bit < 8 * bytes.n)
		copy[flipped_bit / 8] ^= (uint8_t)(1 << flipped_bit % 8);
	take((struct view){ .p = copy, .n = bytes.n });
	free(copy);
}

/* Every beginning, from nothing to all but the last byte. */
static inline void
each_cut(struct view good, void (*take)(struct view bytes))
{
	for (size_t n = 0; n < good.n; n++)
		give_copy((struct view){ .p = good.p, .n = n }, SIZE_MAX, take);
}

/* The whole with one bit changed, for every bit. */
static inline void
each_flip(struct view good, void (*take)(struct view bytes))
{
	for (size_t bit = 0; bit < 8 * good.n; bit++)
		give_copy(good, bit, take);
}

#endif
