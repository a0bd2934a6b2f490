/* A server without open handles, written down to be taken up by another process. */
#include "sftp/server.h"

enum { SFTP_STATE_VERSION = 1 };

bool
sftp_server_can_export(const struct sftp_server *server)
{
	return server->broken == 0 && !sftp_server_is_busy(server) &&
		!sftp_server_has_handles(server);
}

void
sftp_server_export(const struct sftp_server *server, struct buf *out)
{
	uint32_t generation = server->handles.first_generation;

	if (!sftp_server_can_export(server))
		bug("an SFTP server is written down in the middle of something");
	for (uint32_t i = 0; i < server->handles.count; i++) {
		if (server->handles.places[i]->generation > generation)
			generation = server->handles.places[i]->generation;
	}
	buf_u8(out, SFTP_STATE_VERSION);
	buf_bool(out, server->initialised);
	buf_u64(out, server->transfers);
	buf_u32(out, generation);
}

int
sftp_server_import(struct sftp_server *server, struct rd *r)
{
	uint8_t version = rd_u8(r);
	bool initialised = rd_flag(r);

	if (server->initialised || server->handles.count > 0)
		bug("a state is taken up by an SFTP server that has begun");
	server->transfers = rd_u64(r);
	server->handles.first_generation = rd_u32(r);
	if (version != SFTP_STATE_VERSION)
		rd_fail(r, ERR_FORMAT);
	server->initialised = initialised;
	return r->bad;
}
