/*
 * pages.h - large buffers straight from the kernel: zero when they come, and cleared by the kernel
 * before anybody else sees them, so that secrets in them need no wiping when they are given back.
 * Pages that were never touched cost nothing, neither to get nor to give back.
 */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>

/* At least n bytes, page-aligned; NULL when there are none. */
void *pages_alloc(size_t n);
/* Gives them back. p may be NULL. n as in pages_alloc(). */
void pages_free(void *p, size_t n);

#endif
