/*
 * protocol.h - the numbers of draft-ietf-secsh-filexfer-02, and our limits on its messages.
 */
#ifndef SFTP_PROTOCOL_H
#define SFTP_PROTOCOL_H

enum { SFTP_VERSION = 3 };

enum sftp_type {
	SFTP_INIT = 1,
	SFTP_VERSION_REPLY = 2,
	SFTP_OPEN = 3,
	SFTP_CLOSE = 4,
	SFTP_READ = 5,
	SFTP_WRITE = 6,
	SFTP_LSTAT = 7,
	SFTP_FSTAT = 8,
	SFTP_SETSTAT = 9,
	SFTP_FSETSTAT = 10,
	SFTP_OPENDIR = 11,
	SFTP_READDIR = 12,
	SFTP_REMOVE = 13,
	SFTP_MKDIR = 14,
	SFTP_RMDIR = 15,
	SFTP_REALPATH = 16,
	SFTP_STAT = 17,
	SFTP_RENAME = 18,
	SFTP_READLINK = 19,
	SFTP_SYMLINK = 20,
	SFTP_STATUS = 101,
	SFTP_HANDLE = 102,
	SFTP_DATA = 103,
	SFTP_NAME = 104,
	SFTP_ATTRS = 105,
	SFTP_EXTENDED = 200,
	SFTP_EXTENDED_REPLY = 201,
};

enum sftp_status {
	SFTP_OK = 0,
	SFTP_EOF = 1,
	SFTP_NO_SUCH_FILE = 2,
	SFTP_PERMISSION_DENIED = 3,
	SFTP_FAILURE = 4,
	SFTP_BAD_MESSAGE = 5,
	SFTP_OP_UNSUPPORTED = 8,
};

enum sftp_open_flag {
	SFTP_OPEN_READ = 0x01,
	SFTP_OPEN_WRITE = 0x02,
	SFTP_OPEN_APPEND = 0x04,
	SFTP_OPEN_CREAT = 0x08,
	SFTP_OPEN_TRUNC = 0x10,
	SFTP_OPEN_EXCL = 0x20,
};

/* Section 5; the first four have the values of enum vfs_attribute. */
enum sftp_attribute {
	SFTP_ATTRIBUTE_SIZE = 0x01,
	SFTP_ATTRIBUTE_UIDGID = 0x02,
	SFTP_ATTRIBUTE_PERMISSIONS = 0x04,
	SFTP_ATTRIBUTE_ACMODTIME = 0x08,
	SFTP_ATTRIBUTE_EXTENDED_BIT = 31,
};

enum {
	/* The largest message, its length field not counted; what limits@openssh.com tells. */
	SFTP_MESSAGE_MAX = 256 * 1024,
	/* A few clients count the payload of a WRITE without its header. */
	SFTP_MESSAGE_SLACK = 1024,
	/* READ answers are cut to this; a WRITE may be as long as its message. */
	SFTP_DATA_MAX = 255 * 1024,
	/* Every request but WRITE. */
	SFTP_REQUEST_MAX = 34 * 1024,
	/* Section 3: "the length of the handle string MUST NOT exceed 256 data bytes". */
	SFTP_HANDLE_BYTES_MAX = 256,
	/* What ours are. */
	SFTP_HANDLE_BYTES = 8,
};

#endif
