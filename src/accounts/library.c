#include "accounts/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over the pointers */

static int
load(const char *name, const struct library_symbol *symbols, size_t count)
{
	/* Never unloaded: libraries such as these leave things behind at the end of threads. */
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (library == NULL)
		return ERR_UNSUPPORTED;
	for (size_t i = 0; i < count; i++) {
		void *symbol = dlsym(library, symbols[i].name);

		if (symbol == NULL)
			return ERR_UNSUPPORTED;
		/* POSIX promises that a function's address fits; C has no cast for it. */
		memcpy(symbols[i].function, &symbol, sizeof(symbol));
	}
	return 0;
}

int
library_load(const char *name, const char *package, const struct library_symbol *symbols,
    size_t count, struct failure *failure)
{
	const char *reason = NULL;
	int err;

	pthread_mutex_lock(&lock);
	if ((err = load(name, symbols, count)) != 0)
		reason = dlerror();
	pthread_mutex_unlock(&lock);
	if (err != 0)
		return failure_set(failure, err,
		    "the library %s cannot be loaded (%s); install the package %s", name,
		    reason == NULL ? "no reason given" : reason, package);
	return 0;
}
