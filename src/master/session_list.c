/*
 * What administrators see of the sessions: the connections of the contract, and the transfers that
 * are under way in them.
 */
#include "master/session.h"

#include "base/clock.h"
#include "master/state.h"

#include <stdio.h>
#include <string.h>

static json_t *
transfer_json(const struct connection_transfer *t)
{
	/* a path need not be UTF-8, and JSON must be */
	json_t *path = json_string(t->path);

	return json_pack("{s:s, s:I, s:I, s:I, s:o}",
	    "operation_type", t->upload ? "upload" : "download",
	    "start_time", (json_int_t)t->started_ms, "size", (json_int_t)t->bytes,
	    "last_activity", (json_int_t)t->last_activity_ms,
	    "path", path != NULL ? path : json_string("(not UTF-8)"));
}

static json_t *
transfers_json(const struct connection *c)
{
	const struct connection_transfer *t;
	json_t *array = json_array();

	LIST_FOREACH(t, &c->transfers, link) {
		json_array_append_new(array, transfer_json(t));
	}
	return array;
}

static void
list_connection(void *ctx, struct connection *c)
{
	const struct connection_channel *channel = LIST_FIRST(&c->channels);
	json_t *array = ctx, *version, *command;
	char address[ADDRESS_TEXT_MAX + 16];

	if (!c->authenticated || channel == NULL)
		return;
	snprintf(address, sizeof(address), strchr(c->address_text, ':') ? "[%s]:%u" : "%s:%u",
	    c->address_text, c->port);
	version = json_string(c->client_version != NULL ? c->client_version : "");
	command = json_string(channel->command);
	json_array_append_new(array, json_pack("{s:s, s:s, s:o, s:s, s:I, s:I, s:s, s:o, s:o}",
	    "username", c->user->username, "connection_id", c->id_text,
	    "client_version", version != NULL ? version : json_string(""),
	    "remote_address", address, "connection_time", (json_int_t)c->accepted_ms,
	    "last_activity", (json_int_t)c->last_activity_ms,
	    "protocol", connection_protocol_text(channel->protocol), "active_transfers", transfers_json(c),
	    "ssh_command", command != NULL ? command : json_string("")));
}

json_t *
session_list(struct master *m)
{
	json_t *array = json_array();

	if (array != NULL)
		connections_each(m, list_connection, array);
	return array;
}

/* Bytes a second between the last two reports; from the start when there was only one. */
static json_int_t
rate(const struct connection_transfer *t)
{
	int64_t ms = t->last_activity_ms - t->previous_ms;

	return ms > 0 ? (json_int_t)((t->bytes - t->previous_bytes) * 1000 / (uint64_t)ms) : 0;
}

static void
list_transfers(void *ctx, struct connection *c)
{
	const struct connection_transfer *t;
	json_t *array = ctx, *object;

	LIST_FOREACH(t, &c->transfers, link) {
		object = transfer_json(t);
		json_object_set_new(object, "username", json_string(c->user->username));
		json_object_set_new(object, "connection_id", json_string(c->id_text));
		json_object_set_new(object, "rate", json_integer(rate(t)));
		json_object_set_new(object, "rate_limit",
		    json_integer((json_int_t)bandwidth_share(c, t->upload)));
		json_array_append_new(array, object);
	}
}

json_t *
session_transfers(struct master *m)
{
	json_t *array = json_array();

	if (array != NULL)
		connections_each(m, list_transfers, array);
	return array;
}
