#include "ssh.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("client: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

void
bytes_add(struct bytes *b, const void *data, size_t n)
{
	if (b->n + n > b->capacity) {
		b->capacity = (b->n + n) * 2 + 256;
		b->p = realloc(b->p, b->capacity);
		if (b->p == NULL)
			die("no memory");
	}
	if (n > 0)
		memcpy(b->p + b->n, data, n);
	b->n += n;
}

void
bytes_u8(struct bytes *b, uint8_t value)
{
	bytes_add(b, &value, 1);
}

void
bytes_u32(struct bytes *b, uint32_t value)
{
	uint8_t wire[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
		(uint8_t)value };

	bytes_add(b, wire, sizeof(wire));
}

void
bytes_u64(struct bytes *b, uint64_t value)
{
	bytes_u32(b, (uint32_t)(value >> 32));
	bytes_u32(b, (uint32_t)value);
}

void
bytes_string(struct bytes *b, const void *data, size_t n)
{
	bytes_u32(b, (uint32_t)n);
	bytes_add(b, data, n);
}

void
bytes_text(struct bytes *b, const char *text)
{
	bytes_string(b, text, strlen(text));
}

void
bytes_free(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){ 0 };
}

uint32_t
read_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t
read_u64(const uint8_t *p)
{
	return (uint64_t)read_u32(p) << 32 | read_u32(p + 4);
}
