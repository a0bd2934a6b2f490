/* The PROXY header in front of a connection: read before SSH begins. */
#include "ssh/login.h"
#include "ssh/transport_private.h"

/*
 * No DISCONNECT for a fault: whoever did not send a header that has to come is no client, and a
 * proxy would only pass it on.
 */
static int
refuse(struct ssh_transport *t, int err)
{
	const char *why = err == ERR_NO_MATCH ? "the connection does not begin with a PROXY header"
			  : err == ERR_LIMIT  ? "the PROXY header is too long"
					      : "the PROXY header is malformed";

	t->told = true;
	return transport_fail(t, ERR_PROTOCOL, 0, "%s", why);
}

int
ssh_proxy_header_read(struct ssh_transport *t, bool required, struct proxy_header *out)
{
	size_t used;
	int err;

	for (;;) {
		const struct packet_input *in = &t->in;
		struct view have = { .p = in->bytes + in->start, .n = in->end - in->start };

		err = proxy_header_parse(have, out, &used);
		if (err != ERR_AGAIN)
			break;
		err = transport_wait_bytes(t, "the PROXY header did not come in time");
		if (err != 0)
			return err;
	}
	t->in.start += used;
	if (err == 0 || (err == ERR_NO_MATCH && !required))
		return 0;
	return refuse(t, err);
}
