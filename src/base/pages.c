#include "base/pages.h"

#include "base/err.h"

#include <sys/mman.h>

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
