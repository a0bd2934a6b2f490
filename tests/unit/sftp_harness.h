/*
 * sftp_harness.h - a server over a temporary directory, with an output that can be made to refuse,
 * to split its room and to notice what is written outside of it. For tests and fuzz targets.
 */
#ifndef TESTS_SFTP_HARNESS_H
#define TESTS_SFTP_HARNESS_H

#include "sftp/sftp.h"

#include "sftp_message.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HARNESS_GUARD = 16, HARNESS_STREAM_MAX = 64 * 1024 * 1024 };

struct harness {
	char directory[64];
	struct vfs *vfs;
	struct sftp_server *server;

	struct buf stream;     /* all answers */
	size_t read_at;        /* where the next answer begins */
	uint8_t *room;         /* what was reserved last */
	size_t room_bytes;
	size_t piece;          /* size of the pieces that the room is split into; 0 is one piece */
	uint64_t reservations; /* how often room was asked for */
	uint64_t refuse_at;    /* this one is refused, once; counted from 1; 0 is none */
	bool refuse_odd;       /* every other one is refused */

	unsigned transfers_done, transfers_failed, operations_done, logged;
	struct sftp_transfer last_transfer;
	struct vpath last_path, last_target;
	enum sftp_operation last_operation;
	struct vfs_attributes last_was;
};

static inline int
harness_reserve(void *ctx, size_t bytes, struct iovec *iov, int *iov_count)
{
	struct harness *h = ctx;
	size_t at = 0;
	int n = 0;

	if (bytes > SFTP_OUTPUT_MAX || h->room != NULL)
		bug("a reservation of %zu bytes", bytes);
	if (++h->reservations == h->refuse_at || (h->refuse_odd && h->reservations % 2 == 1))
		return ERR_AGAIN;
	/* Allocated to size, so that the sanitizer sees a byte too many; and guarded. */
	if ((h->room = malloc(bytes + HARNESS_GUARD)) == NULL)
		bug("no memory");
	memset(h->room, 0xa5, bytes + HARNESS_GUARD);
	h->room_bytes = bytes;
	while (at < bytes) {
		size_t part = bytes - at;

		if (h->piece != 0 && part > h->piece && n < *iov_count - 1)
			part = h->piece;
		iov[n++] = (struct iovec){ .iov_base = h->room + at, .iov_len = part };
		at += part;
	}
	*iov_count = n;
	return 0;
}

static inline void
harness_commit(void *ctx, size_t bytes)
{
	struct harness *h = ctx;

	if (h->room == NULL || bytes > h->room_bytes)
		bug("a commit of %zu bytes", bytes);
	for (size_t i = 0; i < HARNESS_GUARD; i++) {
		if (h->room[h->room_bytes + i] != 0xa5)
			bug("written past the room");
	}
	buf_raw(&h->stream, h->room, bytes);
	free(h->room);
	h->room = NULL;
}

static inline void
harness_transfer_done(void *ctx, const struct sftp_transfer *transfer)
{
	struct harness *h = ctx;

	h->transfers_done++;
	h->transfers_failed += transfer->failed;
	h->last_transfer = *transfer;
	h->last_path = *transfer->path;
}

static inline void
harness_operation_done(void *ctx, const struct sftp_operation_report *report)
{
	struct harness *h = ctx;

	h->operations_done++;
	h->last_operation = report->operation;
	h->last_path = *report->path;
	if (report->target != NULL)
		h->last_target = *report->target;
	if (report->was != NULL)
		h->last_was = *report->was;
}

static inline void
harness_log(void *ctx, enum log_level level, const char *text)
{
	(void)level;
	(void)text;
	((struct harness *)ctx)->logged++;
}

/* A fresh server over the same directory. */
static inline int
harness_serve(struct harness *h, const struct sftp_settings *settings)
{
	const struct sftp_output output = { .ctx = h, .reserve = harness_reserve,
		.commit = harness_commit };
	const struct sftp_events events = { .ctx = h, .transfer_done = harness_transfer_done,
		.operation_done = harness_operation_done, .log = harness_log };

	sftp_server_free(&h->server);
	buf_clear(&h->stream);
	h->read_at = 0;
	return sftp_server_new(&h->server, h->vfs, settings, &output, &events);
}

static inline void
harness_new(struct harness *h, uint32_t permissions)
{
	struct vfs_policy policy = { 0 };
	int fd;

	*h = (struct harness){ .stream = buf_init(HARNESS_STREAM_MAX) };
	strcpy(h->directory, "/tmp/postern-sftp-XXXXXX");
	if (mkdtemp(h->directory) == NULL ||
	    (fd = open(h->directory, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    vfs_policy_add(&policy, view_of("/"), permissions) != 0 ||
	    vfs_new(&h->vfs, fd, h->directory, &policy) != 0 ||
	    harness_serve(h, &(struct sftp_settings){ 0 }) != 0)
		bug("no test directory");
	vfs_policy_free(&policy);
}

static inline int
harness_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
harness_empty(struct harness *h)
{
	nftw(h->directory, harness_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void
harness_free(struct harness *h)
{
	sftp_server_free(&h->server);
	vfs_free(&h->vfs);
	buf_free(&h->stream);
	free(h->room);
	harness_empty(h);
}

/*
 * Hands bytes over in pieces of at most `piece` bytes (0: all at once), asking again as often as
 * the output refused. The server's result, and never ERR_AGAIN.
 */
static inline int
harness_send(struct harness *h, struct view bytes, size_t piece)
{
	size_t at = 0;
	int result = 0;

	while (at < bytes.n || result == ERR_AGAIN) {
		size_t part = bytes.n - at, consumed = 0;
		uint8_t *copy;

		if (piece != 0 && part > piece)
			part = piece;
		/* In memory of its own, so that the sanitizer sees a byte read too many. */
		if ((copy = malloc(part > 0 ? part : 1)) == NULL)
			bug("no memory");
		if (part > 0)
			memcpy(copy, bytes.p + at, part);
		result = sftp_server_input(h->server, copy, part, &consumed);
		free(copy);
		if (consumed > part || (result == 0 && consumed != part))
			bug("%zu of %zu bytes used", consumed, part);
		at += consumed;
		if (result != 0 && result != ERR_AGAIN)
			return result;
	}
	return 0;
}

/* The next answer, from its type byte on; empty when there is none. */
static inline struct rd
harness_answer(struct harness *h)
{
	struct rd r = rd_init(h->stream.p + h->read_at, h->stream.n - h->read_at);
	struct view message;

	if (r.n == 0)
		return r;
	message = rd_str(&r, SFTP_OUTPUT_MAX);
	if (r.bad != 0)
		bug("an answer that is not whole");
	h->read_at = h->stream.n - r.n;
	return rd_of(message);
}

#endif
