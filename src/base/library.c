#include "base/library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

int
library_symbols_load(const char *name, const struct library_symbol *symbols, size_t count,
    const char **reason_out)
{
	/* Never unloaded: libraries such as these leave things behind at the end of threads. */
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	bool good = library != NULL;

	for (size_t i = 0; i < count && good; i++) {
		void *symbol = dlsym(library, symbols[i].name);

		/* POSIX promises that a function's address fits; C has no cast for it. */
		memcpy(symbols[i].function, &symbol, sizeof(symbol));
		good = symbol != NULL;
	}
	*reason_out = good ? NULL : dlerror();
	return good ? 0 : ERR_UNSUPPORTED;
}
