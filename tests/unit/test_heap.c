/* heap_settle(): what is allocated after it lies above all that was there before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/heap.h"

enum { PIECES = 2000, LARGEST = 40 * 1024 };

static void *pieces[PIECES];

/* Of all sizes, two thirds of them freed again: in lists by size, next to each other and alone. */
static uintptr_t
fragment(void)
{
	uintptr_t end = 0;

	for (size_t i = 0; i < PIECES; i++) {
		size_t n = 1 + i * 7919 % (i % 8 == 0 ? LARGEST : 1200);

		pieces[i] = malloc(n);
		assert_non_null(pieces[i]);
		if ((uintptr_t)pieces[i] + n > end)
			end = (uintptr_t)pieces[i] + n;
	}
	for (size_t i = 0; i < PIECES; i++) {
		if (i % 3 != 0) {
			free(pieces[i]);
			pieces[i] = NULL;
		}
	}
	return end;
}

static void
new_pieces_lie_above(void **state)
{
	uintptr_t end = fragment();

	(void)state;
#ifdef POSTERN_SANITIZED
	(void)end;
	heap_settle();
#else
	void *low = malloc(64);

	/* there is something to take */
	assert_true((uintptr_t)low < end);
	free(low);
	heap_settle();
	for (size_t n = 1; n <= LARGEST; n += n < 1200 ? 1 : 997) {
		void *piece = malloc(n);

		assert_true((uintptr_t)piece > end);
		free(piece);
	}
#endif
	for (size_t i = 0; i < PIECES; i++)
		free(pieces[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_pieces_lie_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
