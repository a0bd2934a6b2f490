/* From a client's text to a vpath: relative paths and the tilde. */
#include "sftp/server.h"

#include <errno.h>
#include <string.h>

static int
path_errno(int err)
{
	if (err == 0)
		return 0;
	return err == ERR_LIMIT ? ENAMETOOLONG : EINVAL;
}

/* `bytes` behind a directory. */
static int
join(struct sftp_server *server, const struct vpath *directory, struct view bytes,
	struct vpath *out)
{
	struct buf *text = &server->text;

	buf_clear(text);
	buf_raw(text, directory->text, directory->length);
	buf_u8(text, '/');
	buf_raw(text, bytes.p, bytes.n);
	if (buf_error(text) != 0)
		return buf_error(text) == ERR_LIMIT ? ENAMETOOLONG : ENOMEM;
	return path_errno(vpath_parse(out, buf_view(text)));
}

int
sftp_path_parse(struct sftp_server *server, struct view bytes, struct vpath *out)
{
	if (vpath_is_root(&server->start) || (bytes.n > 0 && bytes.p[0] == '/'))
		return path_errno(vpath_parse(out, bytes));
	return join(server, &server->start, bytes, out);
}

int
sftp_path_expand(struct sftp_server *server, struct view bytes, struct vpath *out)
{
	if (bytes.n == 0 || bytes.p[0] != '~')
		return sftp_path_parse(server, bytes, out);
	/* "~somebody": there is nobody else here. */
	if (bytes.n > 1 && bytes.p[1] != '/')
		return ENOENT;
	return join(server, &server->home, (struct view){ bytes.p + 1, bytes.n - 1 }, out);
}

int
sftp_path_target(struct sftp_server *server, const struct vpath *link, struct view target,
	struct vpath *out)
{
	if (target.n > 0 && target.p[0] == '/')
		return path_errno(vpath_parse(out, target));
	vpath_parent(link, out);
	return join(server, out, target, out);
}
