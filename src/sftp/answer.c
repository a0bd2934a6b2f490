#include "sftp/answer.h"

#include <errno.h>
#include <string.h>

int
sftp_answer_reserve(struct sftp_answer *answer, const struct sftp_output *output, size_t room)
{
	size_t given = 0;
	int result;

	answer->output = output;
	answer->iov_count = SFTP_OUTPUT_PIECES;
	answer->piece = 0;
	answer->offset = 0;
	answer->room = room;
	answer->used = 0;
	if ((result = output->reserve(output->ctx, room, answer->iov, &answer->iov_count)) != 0)
		return result;
	for (int i = 0; i < answer->iov_count; i++)
		given += answer->iov[i].iov_len;
	if (given < room)
		bug("the output gave %zu bytes for %zu", given, room);
	return 0;
}

/* Copies to a place in the pieces; gives back where it ended. */
static void
scatter(struct sftp_answer *answer, int *piece, size_t *offset, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		struct iovec *iov = &answer->iov[*piece];
		size_t part = iov->iov_len - *offset;

		if (part == 0) {
			(*piece)++;
			*offset = 0;
			continue;
		}
		if (part > n)
			part = n;
		memcpy((uint8_t *)iov->iov_base + *offset, bytes, part);
		*offset += part;
		bytes += part;
		n -= part;
	}
}

void
sftp_answer_raw(struct sftp_answer *answer, const void *bytes, size_t n)
{
	if (n > answer->room - answer->used)
		bug("an answer of more than %zu bytes", answer->room);
	scatter(answer, &answer->piece, &answer->offset, bytes, n);
	answer->used += n;
}

void
sftp_answer_u32(struct sftp_answer *answer, uint32_t v)
{
	uint8_t be[4];

	put_u32(be, v);
	sftp_answer_raw(answer, be, sizeof(be));
}

void
sftp_answer_u64(struct sftp_answer *answer, uint64_t v)
{
	uint8_t be[8];

	put_u64(be, v);
	sftp_answer_raw(answer, be, sizeof(be));
}

void
sftp_answer_string(struct sftp_answer *answer, const void *bytes, size_t n)
{
	sftp_answer_u32(answer, (uint32_t)n);
	sftp_answer_raw(answer, bytes, n);
}

void
sftp_answer_begin(struct sftp_answer *answer, enum sftp_type type, uint32_t id)
{
	uint8_t head[4 + 1 + 4] = { 0 };

	head[4] = (uint8_t)type;
	put_u32(head + 5, id);
	sftp_answer_raw(answer, head, sizeof(head));
}

void
sftp_answer_patch(struct sftp_answer *answer, size_t at, uint32_t v)
{
	uint8_t be[4];
	int piece = 0;

	if (at + sizeof(be) > answer->used)
		bug("a patch outside of the answer");
	put_u32(be, v);
	while (at >= answer->iov[piece].iov_len)
		at -= answer->iov[piece++].iov_len;
	scatter(answer, &piece, &at, be, sizeof(be));
}

int
sftp_answer_pieces(const struct sftp_answer *answer, size_t skip, size_t n, struct iovec *iov)
{
	int piece = answer->piece, count = 0;
	size_t offset = answer->offset + skip;

	if (skip > answer->room - answer->used || n > answer->room - answer->used - skip)
		bug("pieces outside of the answer");
	while (n > 0) {
		const struct iovec *from = &answer->iov[piece++];
		size_t part;

		if (offset >= from->iov_len) {
			offset -= from->iov_len;
			continue;
		}
		part = from->iov_len - offset;
		if (part > n)
			part = n;
		iov[count].iov_base = (uint8_t *)from->iov_base + offset;
		iov[count].iov_len = part;
		count++;
		n -= part;
		offset = 0;
	}
	return count;
}

void
sftp_answer_skip(struct sftp_answer *answer, size_t n)
{
	if (n > answer->room - answer->used)
		bug("an answer of more than %zu bytes", answer->room);
	answer->used += n;
	answer->offset += n;
	while (answer->piece < answer->iov_count &&
	    answer->offset > answer->iov[answer->piece].iov_len)
		answer->offset -= answer->iov[answer->piece++].iov_len;
}

size_t
sftp_answer_room_left(const struct sftp_answer *answer)
{
	return answer->room - answer->used;
}

void
sftp_answer_end(struct sftp_answer *answer)
{
	sftp_answer_patch(answer, 0, (uint32_t)(answer->used - 4));
	answer->output->commit(answer->output->ctx, answer->used);
}

void
sftp_answer_cancel(struct sftp_answer *answer)
{
	answer->output->commit(answer->output->ctx, 0);
}

void
sftp_answer_status(struct sftp_answer *answer, uint32_t id, enum sftp_status status,
	const char *text)
{
	size_t n = strnlen(text, 256);

	sftp_answer_begin(answer, SFTP_STATUS, id);
	sftp_answer_u32(answer, status);
	sftp_answer_string(answer, text, n);
	sftp_answer_u32(answer, 0); /* no language */
	sftp_answer_end(answer);
}

void
sftp_answer_errno(struct sftp_answer *answer, uint32_t id, int error)
{
	const char *text = error == 0 ? "OK" : strerrordesc_np(error);
	enum sftp_status status = SFTP_FAILURE;

	if (error == 0)
		status = SFTP_OK;
	else if (error == ENOENT)
		status = SFTP_NO_SUCH_FILE;
	else if (error == EACCES || error == EPERM)
		status = SFTP_PERMISSION_DENIED;
	sftp_answer_status(answer, id, status, text != NULL ? text : "Failure");
}
