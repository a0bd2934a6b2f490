/*
 * compression.h - zlib streams over packet payloads (RFC 4253 section 6.2, zlib@openssh.com).
 *
 * One stream a direction, begun afresh with every key exchange; each payload ends with a partial
 * flush. Expansion is bounded by the room that the caller gives, so that a bomb gains nothing.
 */
#ifndef SSH_COMPRESSION_H
#define SSH_COMPRESSION_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct compression;

MUST int compression_new(bool compress, struct compression **out);
void compression_free(struct compression **c);
/* Room that the compressed form of n bytes may need. */
size_t compression_bound(size_t n);
/* 0; ERR_LIMIT when the result does not fit into `size`; ERR_FORMAT for what is no stream. */
MUST int compression_run(struct compression *c, const uint8_t *bytes, size_t n, uint8_t *out,
    size_t size, size_t *n_out);

#endif
