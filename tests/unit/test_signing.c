/* How often one session may have a signature, at n and n + 1. The test owns the clock. */
#include "master/signing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
each_second_has_its_number(void **state)
{
	struct signing_rate rate = { 0 };

	(void)state;
	for (uint64_t second = 5; second < 8; second++) {
		for (unsigned i = 0; i < SIGNING_EACH_SECOND_MAX; i++)
			assert_true(signing_admit(&rate, second * 1000 + i));
		assert_false(signing_admit(&rate, second * 1000 + 999));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_second_has_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
