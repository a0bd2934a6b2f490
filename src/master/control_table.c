#include "master/control_request.h"

#include <string.h>

static const struct control_row rows[] = {
	/* resource  verb           on_pool  change  handler */
	{ "user",    "add",           true,  true,  control_user_add },
	{ "user",    "list",          true,  false, control_user_list },
	{ "user",    "show",          true,  false, control_user_show },
	{ "user",    "update",        true,  true,  control_user_update },
	{ "user",    "delete",        true,  true,  control_user_delete },
	{ "user",    "authorize-key", true,  true,  control_user_authorize_key },
	{ "user",    "passwd",        true,  true,  control_user_passwd },
	{ "totp",    "enrol",         true,  true,  control_totp_enrol },
	{ "totp",    "disable",       true,  true,  control_totp_disable },
	{ "totp",    "show",          true,  false, control_totp_show },
	{ "session", "list",          false, false, control_session_list },
	{ "session", "close",         false, true,  control_session_close },
	{ "status",  "show",          false, false, control_status_show },
};

const struct control_row *
control_row_find(const char *resource, const char *verb, bool *resource_known_out)
{
	*resource_known_out = false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].resource, resource) != 0)
			continue;
		*resource_known_out = true;
		if (strcmp(rows[i].verb, verb) == 0)
			return &rows[i];
	}
	return NULL;
}
