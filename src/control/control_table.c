/* The table of control requests: the area that each needs, and what handles it. */
#include "control/control_request.h"

#include <string.h>

static const struct control_row rows[] = {
	/* resource  verb             area                   on_pool  change  handler */
	{ "user",     "add",           AREA_CHANGE_USERS,      true,  true,  control_user_add },
	{ "user",     "list",          AREA_VIEW_USERS,        true,  false, control_user_list },
	{ "user",     "show",          AREA_VIEW_USERS,        true,  false, control_user_show },
	{ "user",     "update",        AREA_CHANGE_USERS,      true,  true,  control_user_update },
	{ "user",     "delete",        AREA_CHANGE_USERS,      true,  true,  control_user_delete },
	{ "user",     "authorize-key", AREA_CHANGE_USERS,      true,  true,
	    control_user_authorize_key },
	{ "user",     "passwd",        AREA_CHANGE_USERS,      true,  true,  control_user_passwd },
	{ "user",     "explain",       AREA_VIEW_USERS,        true,  false, control_user_explain },
	{ "totp",     "enrol",         AREA_CHANGE_USERS,      true,  true,  control_totp_enrol },
	{ "totp",     "disable",       AREA_CHANGE_USERS,      true,  true,  control_totp_disable },
	{ "totp",     "show",          AREA_VIEW_USERS,        true,  false, control_totp_show },
	{ "backup",   "dump",          AREA_BACKUPS,           true,  true,  control_backup_dump },
	{ "backup",   "load",          AREA_BACKUPS,           true,  true,  control_backup_load },
	{ "admin",    "add",           AREA_ADMINISTRATORS,    true,  true,  control_admin_add },
	{ "admin",    "list",          AREA_ADMINISTRATORS,    true,  false, control_admin_list },
	{ "admin",    "show",          AREA_ADMINISTRATORS,    true,  false, control_admin_show },
	{ "admin",    "update",        AREA_ADMINISTRATORS,    true,  true,  control_admin_update },
	{ "admin",    "delete",        AREA_ADMINISTRATORS,    true,  true,  control_admin_delete },
	{ "admin",    "totp-enrol",    AREA_ADMINISTRATORS,    true,  true,
	    control_admin_totp_enrol },
	{ "admin",    "totp-disable",  AREA_ADMINISTRATORS,    true,  true,
	    control_admin_totp_disable },
	{ "key",      "add",           AREA_ADMINISTRATORS,    true,  true,  control_key_add },
	{ "key",      "list",          AREA_ADMINISTRATORS,    true,  false, control_key_list },
	{ "key",      "revoke",        AREA_ADMINISTRATORS,    true,  true,  control_key_revoke },
	{ "login",    "open",          AREA_ANY,               true,  true,  control_login_open },
	{ "login",    "close",         AREA_ANY,               true,  true,  control_login_close },
	{ "self",     "show",          AREA_ANY,               false, false, control_self_show },
	{ "audit",    "list",          AREA_AUDIT,             true,  false, control_audit_list },
	{ "quota",    "show",          AREA_VIEW_USERS,        true,  false, control_quota_show },
	{ "quota_scan", "list",        AREA_SCANS,             true,  false, control_scan_list },
	{ "quota_scan", "start",       AREA_SCANS,             true,  true,  control_scan_start },
	{ "quota_scan", "cancel",      AREA_SCANS,             false, true,  control_scan_cancel },
	{ "session",  "list",          AREA_VIEW_CONNECTIONS,  false, false, control_session_list },
	{ "session",  "close",         AREA_CLOSE_CONNECTIONS, false, true,  control_session_close },
	{ "ban",      "list",          AREA_BANS,              false, false, control_ban_list },
	{ "ban",      "add",           AREA_BANS,              false, true,  control_ban_add },
	{ "ban",      "remove",        AREA_BANS,              false, true,  control_ban_remove },
	{ "transfer", "list",          AREA_VIEW_CONNECTIONS,  false, false,
	    control_transfer_list },
	{ "service",  "list",          AREA_SYSTEM,            false, false, control_service_list },
	{ "settings", "show",          AREA_SYSTEM,            false, false,
	    control_settings_show },
	{ "status",   "show",          AREA_SYSTEM,            false, false, control_status_show },
	{ "metrics",  "show",          AREA_METRICS,           false, false, control_metrics_show },
	{ "version",  "show",          AREA_ANY,               false, false, control_version_show },
	{ "provider", "check",         AREA_SYSTEM,            true,  false,
	    control_provider_check },
};

const struct control_row *
control_row_at(size_t number)
{
	return number < sizeof(rows) / sizeof(rows[0]) ? &rows[number] : NULL;
}

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
