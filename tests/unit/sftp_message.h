/*
 * sftp_message.h - writes SFTP requests as a client would, for tests and fuzz targets.
 *
 * Each function appends one whole message, its length field included. Nothing is checked: a test
 * may write nonsense.
 */
#ifndef TESTS_SFTP_MESSAGE_H
#define TESTS_SFTP_MESSAGE_H

#include "base/buf.h"
#include "sftp/protocol.h"

#include <string.h>

/* Starts a message; message_end() fills in its length. */
static inline size_t
message_begin(struct buf *b, uint8_t type, uint32_t id)
{
	size_t at = b->n;

	buf_u32(b, 0);
	buf_u8(b, type);
	buf_u32(b, id);
	return at;
}

static inline void
message_end(struct buf *b, size_t at)
{
	if (b->bad == 0)
		put_u32(b->p + at, (uint32_t)(b->n - at - 4));
}

static inline void
message_init(struct buf *b)
{
	message_end(b, message_begin(b, SFTP_INIT, SFTP_VERSION));
}

static inline void
message_empty(struct buf *b, uint8_t type, uint32_t id)
{
	message_end(b, message_begin(b, type, id));
}

static inline void
message_open(struct buf *b, uint32_t id, const char *path, uint32_t flags)
{
	size_t at = message_begin(b, SFTP_OPEN, id);

	buf_cstr(b, path);
	buf_u32(b, flags);
	buf_u32(b, 0);
	message_end(b, at);
}

static inline void
message_handle(struct buf *b, uint8_t type, uint32_t id, struct view handle)
{
	size_t at = message_begin(b, type, id);

	buf_str(b, handle);
	message_end(b, at);
}

static inline void
message_read(struct buf *b, uint32_t id, struct view handle, uint64_t offset, uint32_t length)
{
	size_t at = message_begin(b, SFTP_READ, id);

	buf_str(b, handle);
	buf_u64(b, offset);
	buf_u32(b, length);
	message_end(b, at);
}

static inline void
message_write(struct buf *b, uint32_t id, struct view handle, uint64_t offset, struct view data)
{
	size_t at = message_begin(b, SFTP_WRITE, id);

	buf_str(b, handle);
	buf_u64(b, offset);
	buf_str(b, data);
	message_end(b, at);
}

static inline void
message_path_bytes(struct buf *b, uint8_t type, uint32_t id, struct view path)
{
	size_t at = message_begin(b, type, id);

	buf_str(b, path);
	if (type == SFTP_MKDIR)
		buf_u32(b, 0);
	message_end(b, at);
}

static inline void
message_path(struct buf *b, uint8_t type, uint32_t id, const char *path)
{
	message_path_bytes(b, type, id, view_of(path));
}

static inline void
message_paths(struct buf *b, uint8_t type, uint32_t id, const char *first, const char *second)
{
	size_t at = message_begin(b, type, id);

	buf_cstr(b, first);
	buf_cstr(b, second);
	message_end(b, at);
}

/* The flags and the fields that they name, of fixed values. */
static inline void
message_attributes(struct buf *b, uint32_t flags, uint64_t size, uint32_t mode, uint32_t mtime)
{
	buf_u32(b, flags);
	if (flags & SFTP_ATTRIBUTE_SIZE)
		buf_u64(b, size);
	if (flags & SFTP_ATTRIBUTE_UIDGID) {
		buf_u32(b, 1000);
		buf_u32(b, 1001);
	}
	if (flags & SFTP_ATTRIBUTE_PERMISSIONS)
		buf_u32(b, mode);
	if (flags & SFTP_ATTRIBUTE_ACMODTIME) {
		buf_u32(b, mtime - 1);
		buf_u32(b, mtime);
	}
}

/* An extension whose fields are already encoded. */
static inline void
message_extension(struct buf *b, uint32_t id, const char *name, struct view fields)
{
	size_t at = message_begin(b, SFTP_EXTENDED, id);

	buf_cstr(b, name);
	buf_raw(b, fields.p, fields.n);
	message_end(b, at);
}

#endif
