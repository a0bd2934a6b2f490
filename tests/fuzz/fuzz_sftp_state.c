/*
 * The state of an SFTP server, by somebody who has taken a session over; behind it, what the
 * client sends. The tree is a directory that cannot be entered: the state is what is looked at.
 */
#include "sftp/server.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STATE_BYTES = 14 };

static uint8_t room[SFTP_OUTPUT_MAX];

static int
output_reserve(void *ctx, size_t bytes, struct iovec *iov, int *iov_count)
{
	(void)ctx;
	iov[0] = (struct iovec){ .iov_base = room, .iov_len = bytes };
	*iov_count = 1;
	return 0;
}

static void
output_commit(void *ctx, size_t bytes)
{
	(void)ctx;
	(void)bytes;
}

static struct vfs *
tree(void)
{
	static struct vfs *vfs;
	struct vfs_policy policy = { 0 };
	int fd;

	if (vfs != NULL)
		return vfs;
	if ((fd = open("/proc/self/fdinfo", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    vfs_policy_add(&policy, view_of("/"), PERMISSION_LIST | PERMISSION_DOWNLOAD) != 0 ||
	    vfs_new(&vfs, fd, "/", &policy) != 0)
		bug("no tree");
	vfs_policy_free(&policy);
	return vfs;
}

/* What was taken up is written down as the bytes that it came from. */
static void
check_written(const struct sftp_server *server, const uint8_t *came)
{
	struct buf again = buf_init(64);

	sftp_server_export(server, &again);
	if (again.n != STATE_BYTES || memcmp(again.p, came, STATE_BYTES) != 0)
		bug("written otherwise than it was read");
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sftp_output output = { .reserve = output_reserve, .commit = output_commit };
	const struct sftp_events events = { 0 };
	struct rd r = rd_init(data, size);
	struct sftp_server *server;
	size_t used;

	if (sftp_server_new(&server, tree(), &(struct sftp_settings){ 0 }, &output, &events) != 0)
		return 0;
	if (sftp_server_import(server, &r) == 0) {
		if (size - r.n != STATE_BYTES)
			bug("%zu bytes were read", size - r.n);
		check_written(server, data);
		if (sftp_server_input(server, r.p, r.n, &used) == ERR_AGAIN)
			bug("there was room");
		if (server->handles.open > SFTP_HANDLES_MAX)
			bug("too many handles");
	}
	sftp_server_free(&server);
	return 0;
}
