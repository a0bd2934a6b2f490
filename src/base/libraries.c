#include "base/libraries.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LIBRARIES_MAX = 128 };

#ifdef POSTERN_SANITIZED
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

struct range {
	uintptr_t start, end;
};

struct search {
	const char *const *names;
	size_t page;
	struct range unwanted[LIBRARIES_MAX];
	size_t count;
};

static bool
begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool
is_wanted(const char *path, const char *const *names)
{
	const char *slash = strrchr(path, '/');

	/* the program has no name, and what the kernel maps has no directory */
	if (slash == NULL || begins_with(slash + 1, "libc.") || begins_with(slash + 1, "ld-"))
		return true;
	for (; *names != NULL; names++) {
		if (begins_with(slash + 1, *names))
			return true;
	}
	return false;
}

static struct range
range_of(const struct dl_phdr_info *info, size_t page)
{
	struct range range = { UINTPTR_MAX, 0 };

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;
		uintptr_t end = start + segment->p_memsz;

		if (segment->p_type != PT_LOAD)
			continue;
		start -= start % page;
		end += (page - end % page) % page;
		range.start = start < range.start ? start : range.start;
		range.end = end > range.end ? end : range.end;
	}
	return range;
}

static int
look_at(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct search *search = ctx;

	(void)size;
	if (is_wanted(info->dlpi_name, search->names) || search->count == LIBRARIES_MAX)
		return 0;
	search->unwanted[search->count] = range_of(info, search->page);
	if (search->unwanted[search->count].start < search->unwanted[search->count].end)
		search->count++;
	return 0;
}

void
libraries_keep(const char *const *names)
{
	struct search search = { .names = names, .page = (size_t)sysconf(_SC_PAGESIZE) };

	/* the first call of a function may look its symbol up in every library */
	if (sanitized || getenv("LD_BIND_NOW") == NULL)
		return;
	(void)dl_iterate_phdr(look_at, &search);
	for (size_t i = 0; i < search.count; i++) {
		const struct range *range = &search.unwanted[i];

		/* what stays mapped does no harm */
		(void)munmap((void *)range->start, range->end - range->start);
	}
}
