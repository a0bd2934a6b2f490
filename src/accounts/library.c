#include "accounts/library.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over the pointers */

int
library_load(const char *name, const char *package, const struct library_symbol *symbols,
    size_t count, struct failure *failure)
{
	const char *reason = NULL;
	int err;

	pthread_mutex_lock(&lock);
	err = library_symbols_load(name, symbols, count, &reason);
	pthread_mutex_unlock(&lock);
	if (err != 0)
		return failure_set(failure, err,
		    "the library %s cannot be loaded (%s); install the package %s", name,
		    reason == NULL ? "no reason given" : reason, package);
	return 0;
}
