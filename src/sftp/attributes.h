/*
 * attributes.h - file attributes on the wire (section 5), and the line of `ls -l` that every entry
 * of a listing carries besides.
 */
#ifndef SFTP_ATTRIBUTES_H
#define SFTP_ATTRIBUTES_H

#include "sftp/answer.h"

enum {
	SFTP_ATTRIBUTES_ROOM = 4 + 8 + 4 + 4 + 4 + 4 + 4,
	/* The longest name, and 96 bytes for all that stands before it. */
	SFTP_LONG_NAME_MAX = VPATH_NAME_MAX + 96,
};

/* Extended attributes are read over; flags of other protocol versions poison the cursor. */
void sftp_attributes_parse(struct rd *r, struct vfs_attributes *out);
void sftp_attributes_write(struct sftp_answer *answer, const struct vfs_attributes *attributes);
/*
 * mode, links, uid, gid, size, date, name. The date has the time of day, or the year when it is
 * more than half a year away from now_s. Returns the length; not terminated.
 */
size_t sftp_long_name(const struct vfs_entry *entry, int64_t now_s,
	uint8_t out[static SFTP_LONG_NAME_MAX]);

#endif
