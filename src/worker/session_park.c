#include "worker/session_park.h"

#include "worker/handover.h"

bool
session_park_possible(
    const struct ssh_connection *connection, const struct session_channels *channels)
{
	return ssh_connection_can_export(connection) && session_channels_can_export(channels);
}

int
session_park(struct ssh_connection *connection, struct session_channels *channels, int client_fd,
    int fd)
{
	struct buf state = buf_init(HANDOVER_WHOLE_MAX);
	int err;

	channels->elsewhere = true;
	err = ssh_connection_export(connection, &state);
	if (err == 0) {
		session_channels_export(channels, &state);
		err = buf_error(&state);
	}
	if (err == 0)
		err = handover_send(fd, client_fd, buf_view(&state));
	buf_free(&state);
	return err;
}

int
session_unpark(
    struct ssh_connection *connection, struct session_channels *channels, struct rd *state)
{
	int err = ssh_connection_import(connection, state);

	if (err == 0)
		err = session_channels_import(channels, connection, state);
	/* what cannot be taken up has not been closed by anybody */
	channels->elsewhere = err != 0;
	return err;
}
