/*
 * answer.h - one answer, written straight into the room that the output gives.
 *
 * The room is asked for before a request is carried out, and large enough for the longest answer
 * that the request can have, so that nothing is ever done twice for want of room. The pieces of
 * the room may have any size: a number may be split over two of them. Used by the handlers.
 */
#ifndef SFTP_ANSWER_H
#define SFTP_ANSWER_H

#include "sftp/protocol.h"
#include "sftp/sftp.h"

struct sftp_answer {
	const struct sftp_output *output;
	struct iovec iov[SFTP_OUTPUT_PIECES];
	int iov_count;
	int piece;      /* where the next byte goes: piece and place in it */
	size_t offset;
	size_t room;
	size_t used;
};

/* What a status answer needs at most. */
enum { SFTP_STATUS_ROOM = 4 + 1 + 4 + 4 + 4 + 256 + 4 };

/* Room for the whole answer with its length field. 0 or ERR_AGAIN. */
MUST int sftp_answer_reserve(struct sftp_answer *answer, const struct sftp_output *output,
	size_t room);
/* Length (filled in later), type and request id. */
void sftp_answer_begin(struct sftp_answer *answer, enum sftp_type type, uint32_t id);
void sftp_answer_u32(struct sftp_answer *answer, uint32_t v);
void sftp_answer_u64(struct sftp_answer *answer, uint64_t v);
void sftp_answer_raw(struct sftp_answer *answer, const void *bytes, size_t n);
void sftp_answer_string(struct sftp_answer *answer, const void *bytes, size_t n);
/* Overwrites four bytes that were written before. */
void sftp_answer_patch(struct sftp_answer *answer, size_t at, uint32_t v);
/* The room from `skip` bytes after the end of what is written, `n` bytes of it. */
int sftp_answer_pieces(const struct sftp_answer *answer, size_t skip, size_t n, struct iovec *iov);
/* Counts bytes as written that went in through sftp_answer_pieces(). */
void sftp_answer_skip(struct sftp_answer *answer, size_t n);
size_t sftp_answer_room_left(const struct sftp_answer *answer);
/* Fills in the length and gives it to the output. */
void sftp_answer_end(struct sftp_answer *answer);

/* Gives all of the room back: the answer comes later. */
void sftp_answer_cancel(struct sftp_answer *answer);

/* Whole answers. The text is cut to what SFTP_STATUS_ROOM allows. */
void sftp_answer_status(struct sftp_answer *answer, uint32_t id, enum sftp_status status,
	const char *text);
/* The status and the text of an errno value; 0 is OK. */
void sftp_answer_errno(struct sftp_answer *answer, uint32_t id, int error);

#endif
