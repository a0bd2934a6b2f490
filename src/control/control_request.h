/*
 * control_request.h - one control request: from a line, through the table, to an answer. Private
 * to control*.c, and to the fuzz target.
 *
 * A handler sees a parsed body and never bytes. It says by its row where it runs: on the thread
 * pool when it reaches the accounts, on the loop when it asks the master.
 */
#ifndef CONTROL_CONTROL_REQUEST_H
#define CONTROL_CONTROL_REQUEST_H

#include "accounts/accounts.h"
#include "base/address.h"
#include "base/rd.h"
#include "control/account_policy.h"
#include "control/control_answer.h"
#include "control/control_area.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * What the master does for handlers; all called on the loop's thread. The json functions return a
 * new reference, or NULL when memory is short.
 */
struct control_hooks {
	void *ctx;
	/* An array of connection objects. */
	json_t *(*sessions)(void *ctx);
	/* An array of the transfers under way, with their rates. */
	json_t *(*transfers)(void *ctx);
	/* An array of what listens. */
	json_t *(*services)(void *ctx);
	/* An object: the settings in force and where they come from, without secrets. */
	json_t *(*settings)(void *ctx);
	/* A text: the numbers of metrics.h. */
	json_t *(*metrics)(void *ctx);
	/* An object: version, pid, counts, listeners; shown as it is. */
	json_t *(*status)(void *ctx);
	/* Ends a connection. 0 or ERR_NOT_FOUND. */
	int (*close_session)(void *ctx, const char *connection_id);
	/* An array of the bans that hold (bans_json.h). */
	json_t *(*bans)(void *ctx);
	/* for_ms 0: without end. 0, ERR_DENIED, ERR_LIMIT, ERR_MEMORY; 0 or ERR_NOT_FOUND. */
	int (*add_ban)(void *ctx, const struct cidr *network, uint64_t for_ms);
	int (*remove_ban)(void *ctx, const struct cidr *network);
	/*
	 * Accounts were changed, in this order, by one request; a dump may change thousands.
	 * Running sessions may have to end. May be NULL.
	 */
	void (*users_changed)(void *ctx, const struct control_change *changes, size_t count);
	/*
	 * Begins to count the files of an account that exists. ERR_EXISTS when that is under way,
	 * ERR_MEMORY, ERR_UNAVAILABLE when the server is going down. This and the next two: from any
	 * thread.
	 */
	int (*scan_quota)(void *ctx, const char *username);
	/* An array of the scans under way. */
	json_t *(*scans)(void *ctx);
	/* What came of an account's last one, or JSON null. */
	json_t *(*scan_result)(void *ctx, const char *username);
	json_t *(*quota_folders)(void *ctx, const struct user *user);
	/* Ends a scan. 0 or ERR_NOT_FOUND. */
	int (*scan_cancel)(void *ctx, const char *username);
	/* What the settings say for all accounts. May be NULL: what they say by default. */
	struct account_settings (*account_settings)(void *ctx);
};

struct control_actor;

/* What handlers work with; all borrowed. */
struct control_context {
	struct provider *provider;
	const struct control_hooks *hooks;
	const char *backups_path; /* absolute */
	struct admin_store *admins;
	struct audit_limits audit;
	const struct control_actor *actor; /* of this request */
	struct account_settings account_settings; /* as they were when it came */
};

struct control_row {
	const char *resource;
	const char *verb;
	enum control_area area;
	bool on_pool;
	bool is_change; /* logged as information, not as detail */
	void (*handle)(struct control_context *context, const json_t *body,
	    struct control_answer *answer);
};

struct control_request {
	const struct control_row *row;
	json_t *body; /* owned; an object, empty when the request had none */
};

/* Frees the body, wiping a password in it. */
void control_request_free(struct control_request *request);
/*
 * A request from its parts; the body is taken in any case, and NULL is an empty one. True when
 * there is a request to handle; else `answer` says what is wrong.
 */
bool control_request_make(const char *resource, const char *verb, json_t *body,
	struct control_request *out, struct control_answer *answer);
/*
 * Parses a line without its newline. True when there is a request to handle; else `answer` says
 * what was wrong with it.
 */
bool control_request_parse(struct view line, struct control_request *out,
	struct control_answer *answer);
/* NULL when there is none; *resource_known_out tells which of the two was wrong. */
const struct control_row *control_row_find(const char *resource, const char *verb,
	bool *resource_known_out);
/* For whoever walks the table; NULL past the end. */
const struct control_row *control_row_at(size_t number);

/* A text member of a body; "" when it is missing, no text, or holds a NUL. */
const char *control_body_plain(const json_t *body, const char *key);
/*
 * A text member of a body; NULL, with an answer that names it, when it is missing, no text, empty,
 * or holds a NUL.
 */
const char *control_body_text(const json_t *body, const char *key, struct control_answer *answer);

/*
 * A whole number of a body, as a number or as decimal text, which is what a URL has; `preset` when
 * it is absent. False, with "Invalid <key>" answered, for anything else.
 */
bool control_body_number(const json_t *body, const char *key, int64_t preset, int64_t *out,
	struct control_answer *answer);

/* A text that may be absent, then NULL; false, with the answer set, for anything but a text. */
bool control_body_filter(const json_t *body, const char *key, const char **out,
	struct control_answer *answer);

/* The handlers, in the files control_*.c. */
#define CONTROL_HANDLER(name) \
	void name(struct control_context *context, const json_t *body, \
	    struct control_answer *answer)
CONTROL_HANDLER(control_user_add);
CONTROL_HANDLER(control_user_list);
CONTROL_HANDLER(control_user_show);
CONTROL_HANDLER(control_user_update);
CONTROL_HANDLER(control_user_delete);
CONTROL_HANDLER(control_user_authorize_key);
CONTROL_HANDLER(control_user_passwd);
CONTROL_HANDLER(control_user_explain);
CONTROL_HANDLER(control_totp_enrol);
CONTROL_HANDLER(control_totp_disable);
CONTROL_HANDLER(control_totp_show);
CONTROL_HANDLER(control_backup_dump);
CONTROL_HANDLER(control_backup_load);
CONTROL_HANDLER(control_admin_add);
CONTROL_HANDLER(control_admin_list);
CONTROL_HANDLER(control_admin_show);
CONTROL_HANDLER(control_admin_update);
CONTROL_HANDLER(control_admin_delete);
CONTROL_HANDLER(control_admin_totp_enrol);
CONTROL_HANDLER(control_admin_totp_disable);
CONTROL_HANDLER(control_key_add);
CONTROL_HANDLER(control_key_list);
CONTROL_HANDLER(control_key_revoke);
CONTROL_HANDLER(control_login_open);
CONTROL_HANDLER(control_login_close);
CONTROL_HANDLER(control_self_show);
CONTROL_HANDLER(control_audit_list);
CONTROL_HANDLER(control_quota_show);
CONTROL_HANDLER(control_scan_list);
CONTROL_HANDLER(control_scan_start);
CONTROL_HANDLER(control_scan_cancel);
CONTROL_HANDLER(control_session_list);
CONTROL_HANDLER(control_session_close);
CONTROL_HANDLER(control_ban_list);
CONTROL_HANDLER(control_ban_add);
CONTROL_HANDLER(control_ban_remove);
CONTROL_HANDLER(control_transfer_list);
CONTROL_HANDLER(control_service_list);
CONTROL_HANDLER(control_settings_show);
CONTROL_HANDLER(control_status_show);
CONTROL_HANDLER(control_metrics_show);
CONTROL_HANDLER(control_version_show);
CONTROL_HANDLER(control_provider_check);

#endif
