#include "base/heap.h"

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum {
	ROOM = 120 * 1024, /* larger than any free piece, smaller than what malloc maps by itself */
	SMALL = 1032,      /* pieces up to this size are kept in lists by size when they are freed */
	SMALLEST = 24,
	STEP = 16, /* between two sizes */
	TRIM_THRESHOLD = 4 << 20,
};

#ifdef POSTERN_SANITIZED

/* The sanitizers have a heap of their own. */
void
heap_settle(void)
{
}

#else

/* All pieces of n bytes that lie free below the top are taken; gives back the first one above. */
static void *
take_free(size_t n, uintptr_t top)
{
	void *piece;

	do
		piece = malloc(n);
	while (piece != NULL && (uintptr_t)piece < top);
	return piece;
}

void
heap_settle(void)
{
	void *above = malloc(ROOM);
	const uintptr_t top = (uintptr_t)above;

	free(above);
	(void)mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD);
	for (size_t n = ROOM / 2; n > SMALL; n -= n / STEP)
		free(take_free(n, top));
	/* freed, these would not return to the top but go into a list, and be dealt out first */
	for (size_t n = SMALL; n >= SMALLEST; n -= STEP)
		(void)!take_free(n, top);
}

#endif
