#include "base/pages.h"

#include "base/err.h"

#include <stdlib.h>
#include <sys/mman.h>

/* The sanitizers see the first byte behind memory of malloc, but not behind pages. */
#ifdef POSTERN_SANITIZED

void *
pages_alloc(size_t n)
{
	return calloc(1, n);
}

void
pages_free(void *p, size_t n)
{
	(void)n;
	free(p);
}

#else

void *
pages_alloc(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void
pages_free(void *p, size_t n)
{
	if (p != NULL && munmap(p, n) != 0)
		bug("giving back memory that is not ours");
}

#endif
