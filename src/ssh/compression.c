#include "ssh/compression.h"

#include <stdlib.h>
#include <zlib.h>

struct compression {
	z_stream stream;
	bool compress;
};

int
compression_new(bool compress, struct compression **out)
{
	struct compression *c = calloc(1, sizeof(*c));
	int result;

	*out = NULL;
	if (c == NULL)
		return ERR_MEMORY;
	c->compress = compress;
	/* Whoever asks for compression has a slow line; whoever serves many has a busy processor.
	 */
	result = compress ? deflateInit(&c->stream, Z_BEST_SPEED) : inflateInit(&c->stream);
	if (result != Z_OK) {
		free(c);
		return ERR_MEMORY;
	}
	*out = c;
	return 0;
}

void
compression_free(struct compression **c)
{
	if (*c == NULL)
		return;
	if ((*c)->compress)
		deflateEnd(&(*c)->stream);
	else
		inflateEnd(&(*c)->stream);
	free(*c);
	*c = NULL;
}

size_t
compression_bound(size_t n)
{
	/* Stored blocks of at most 16 KiB with 5 bytes each, the stream's header, the flush. */
	return n + n / 1024 + 64;
}

int
compression_run(
    struct compression *c, const uint8_t *bytes, size_t n, uint8_t *out, size_t size, size_t *n_out)
{
	z_stream *z = &c->stream;
	int result;

	z->next_in = (Bytef *)(uintptr_t)bytes;
	z->avail_in = (uInt)n;
	z->next_out = out;
	z->avail_out = (uInt)size;
	*n_out = 0;
	if (c->compress) {
		result = deflate(z, Z_PARTIAL_FLUSH);
	} else {
		result = inflate(z, Z_SYNC_FLUSH);
		/* All of the input may have been taken by an earlier call: nothing is wrong then.
		 */
		if (result == Z_BUF_ERROR && z->avail_in == 0)
			result = Z_OK;
	}
	if (z->avail_out == 0)
		return ERR_LIMIT; /* there may be more: the caller gives room for one byte too many
				   */
	if (result != Z_OK || z->avail_in != 0)
		return ERR_FORMAT;
	*n_out = size - z->avail_out;
	return 0;
}
