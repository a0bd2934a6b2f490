#include "base/hash.h"

#include <string.h>

uint32_t
hash_bytes(const void *bytes, size_t n)
{
	const uint8_t *byte = bytes;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ byte[i]) * 16777619u;
	return hash;
}

uint32_t
hash_text(const char *text)
{
	return hash_bytes(text, strlen(text));
}
