#include "sftp/attributes.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

void
sftp_attributes_parse(struct rd *r, struct vfs_attributes *out)
{
	const uint32_t known = SFTP_ATTRIBUTE_SIZE | SFTP_ATTRIBUTE_UIDGID |
	    SFTP_ATTRIBUTE_PERMISSIONS | SFTP_ATTRIBUTE_ACMODTIME;
	const uint32_t extended = UINT32_C(1) << SFTP_ATTRIBUTE_EXTENDED_BIT;
	uint32_t flags = rd_u32(r);

	*out = (struct vfs_attributes){ 0 };
	if (flags & ~(known | extended)) {
		rd_fail(r, ERR_FORMAT);
		return;
	}
	if (flags & SFTP_ATTRIBUTE_SIZE)
		out->size = rd_u64(r);
	if (flags & SFTP_ATTRIBUTE_UIDGID) {
		out->uid = rd_u32(r);
		out->gid = rd_u32(r);
	}
	if (flags & SFTP_ATTRIBUTE_PERMISSIONS)
		out->mode = rd_u32(r);
	if (flags & SFTP_ATTRIBUTE_ACMODTIME) {
		out->atime = rd_u32(r);
		out->mtime = rd_u32(r);
	}
	if (flags & extended) {
		/* A count that lies runs into the end of the message, which ends the loop. */
		for (uint32_t n = rd_u32(r); n > 0 && r->bad == 0; n--) {
			rd_str(r, SFTP_REQUEST_MAX);
			rd_str(r, SFTP_REQUEST_MAX);
		}
	}
	_Static_assert((int)SFTP_ATTRIBUTE_SIZE == VFS_ATTRIBUTE_SIZE &&
	    (int)SFTP_ATTRIBUTE_UIDGID == VFS_ATTRIBUTE_OWNER &&
	    (int)SFTP_ATTRIBUTE_PERMISSIONS == VFS_ATTRIBUTE_MODE &&
	    (int)SFTP_ATTRIBUTE_ACMODTIME == VFS_ATTRIBUTE_TIMES, "the bits are the same");
	out->valid = r->bad == 0 ? flags & known : 0;
}

/* The wire has 32 bits and no sign; what does not fit becomes the nearest that does. */
static uint32_t
wire_time(int64_t seconds)
{
	if (seconds < 0)
		return 0;
	return seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

void
sftp_attributes_write(struct sftp_answer *answer, const struct vfs_attributes *attributes)
{
	uint8_t bytes[SFTP_ATTRIBUTES_ROOM];

	put_u32(bytes, SFTP_ATTRIBUTE_SIZE | SFTP_ATTRIBUTE_UIDGID | SFTP_ATTRIBUTE_PERMISSIONS |
	    SFTP_ATTRIBUTE_ACMODTIME);
	put_u64(bytes + 4, attributes->size);
	put_u32(bytes + 12, attributes->uid);
	put_u32(bytes + 16, attributes->gid);
	put_u32(bytes + 20, attributes->mode);
	put_u32(bytes + 24, wire_time(attributes->atime));
	put_u32(bytes + 28, wire_time(attributes->mtime));
	sftp_answer_raw(answer, bytes, sizeof(bytes));
}

/* A decimal number, padded with blanks to `width` on the left or on the right. */
static uint8_t *
put_number(uint8_t *p, uint64_t v, unsigned width, bool pad_left)
{
	uint8_t digits[20];
	unsigned n = 0, pad;

	do {
		digits[n++] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	pad = n < width ? width - n : 0;
	if (pad_left) {
		memset(p, ' ', pad);
		p += pad;
	}
	while (n > 0)
		*p++ = digits[--n];
	if (!pad_left) {
		memset(p, ' ', pad);
		p += pad;
	}
	return p;
}

static uint8_t
type_letter(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return 'd';
	case S_IFLNK: return 'l';
	case S_IFIFO: return 'p';
	case S_IFSOCK: return 's';
	case S_IFCHR: return 'c';
	case S_IFBLK: return 'b';
	case S_IFREG: return '-';
	default: return '?';
	}
}

static uint8_t *
put_mode(uint8_t *p, uint32_t mode)
{
	static const char letters[] = "rwxrwxrwx";
	uint8_t *start = p;

	*p++ = type_letter(mode);
	for (unsigned i = 0; i < 9; i++)
		*p++ = mode & (0400u >> i) ? (uint8_t)letters[i] : '-';
	if (mode & S_ISUID)
		start[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		start[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		start[9] = mode & S_IXOTH ? 't' : 'T';
	return p;
}

static uint8_t *
put_date(uint8_t *p, int64_t mtime, int64_t now_s)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	const int64_t half_year = (int64_t)(182.5 * 24 * 3600);
	time_t seconds = mtime;
	struct tm tm;

	/* A year beyond what an int holds. */
	if (localtime_r(&seconds, &tm) == NULL) {
		memcpy(p, "Jan  1  1970", 12);
		return p + 12;
	}
	memcpy(p, months[tm.tm_mon], 3);
	p += 3;
	*p++ = ' ';
	p = put_number(p, (uint64_t)tm.tm_mday, 2, true);
	*p++ = ' ';
	if (mtime < now_s - half_year || mtime > now_s + half_year) {
		int year = tm.tm_year + 1900;

		return put_number(p, year < 0 ? 0 : (uint64_t)year, 5, true);
	}
	*p++ = (uint8_t)('0' + tm.tm_hour / 10);
	*p++ = (uint8_t)('0' + tm.tm_hour % 10);
	*p++ = ':';
	*p++ = (uint8_t)('0' + tm.tm_min / 10);
	*p++ = (uint8_t)('0' + tm.tm_min % 10);
	return p;
}

size_t
sftp_long_name(const struct vfs_entry *entry, int64_t now_s,
	uint8_t out[static SFTP_LONG_NAME_MAX])
{
	const struct vfs_attributes *a = &entry->attributes;
	size_t name = strnlen(entry->name, VPATH_NAME_MAX);
	uint8_t *p = put_mode(out, a->mode);

	*p++ = ' ';
	p = put_number(p, a->links, 4, true);
	*p++ = ' ';
	p = put_number(p, a->uid, 8, false);
	*p++ = ' ';
	p = put_number(p, a->gid, 8, false);
	*p++ = ' ';
	p = put_number(p, a->size, 8, true);
	*p++ = ' ';
	p = put_date(p, a->mtime, now_s);
	*p++ = ' ';
	memcpy(p, entry->name, name);
	return (size_t)(p - out) + name;
}
