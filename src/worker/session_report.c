#include "worker/session_report.h"

#include "base/clock.h"

static struct view
path_view(const struct vpath *path)
{
	return path == NULL ? (struct view){ .n = 0 }
			    : (struct view){ .p = (const uint8_t *)path->text, .n = path->length };
}

static uint64_t
transfer_id(uint32_t serial, const struct sftp_transfer *transfer)
{
	return (uint64_t)serial << 32 | (uint32_t)transfer->id;
}

void
session_report_transfer_done(
    struct master_link *link, uint32_t serial, const struct sftp_transfer *transfer)
{
	uint64_t now_ms = clock_mono_ms();

	ipc_encode_transfer_done(
	    &link->out, &(struct ipc_transfer_done){ .transfer = transfer_id(serial, transfer),
			    .upload = transfer->upload,
			    .protocol = SESSION_PROTOCOL_SFTP,
			    .failed = transfer->failed,
			    .elapsed_ms = now_ms - transfer->started_ms,
			    .bytes = transfer->bytes,
			    .file_size = transfer->file_size,
			    .path = path_view(transfer->path) });
	master_link_report_transfer(link, now_ms);
}

void
session_report_transfer_progress(
    struct master_link *link, uint32_t serial, const struct sftp_transfer *transfer)
{
	ipc_encode_transfer_progress(
	    &link->out, &(struct ipc_transfer_progress){ .transfer = transfer_id(serial, transfer),
			    .upload = transfer->upload,
			    .started_ms = transfer->started_ms,
			    .bytes = transfer->bytes,
			    .path = path_view(transfer->path) });
	(void)master_link_send(link);
}

void
session_report_operation(struct master_link *link, const struct sftp_operation_report *report)
{
	/* what does not apply: no id, no time */
	struct ipc_operation_done done = { .operation = (uint8_t)report->operation,
		.protocol = SESSION_PROTOCOL_SFTP,
		.path = path_view(report->path),
		.target = path_view(report->target),
		.uid = -1,
		.gid = -1,
		.atime = INT64_MIN,
		.mtime = INT64_MIN };
	const struct vfs_attributes *set = report->set;

	if (set != NULL && (set->valid & VFS_ATTRIBUTE_MODE))
		done.mode = set->mode;
	if (set != NULL && (set->valid & VFS_ATTRIBUTE_OWNER)) {
		done.uid = set->uid;
		done.gid = set->gid;
	}
	if (set != NULL && (set->valid & VFS_ATTRIBUTE_TIMES)) {
		done.atime = set->atime;
		done.mtime = set->mtime;
	}
	ipc_encode_operation_done(&link->out, &done);
	(void)master_link_send(link);
}
