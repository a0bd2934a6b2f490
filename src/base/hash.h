/*
 * hash.h - in which bucket of a table something stands. Not for what a stranger can choose at will
 * and store without a limit: it is no secret which texts meet in one bucket.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a of n bytes. */
uint32_t hash_bytes(const void *bytes, size_t n);
/* The same of a text, without its end. */
uint32_t hash_text(const char *text);

#endif
