/*
 * user.h - an account: its fields, its JSON, and the rules that make it possible.
 *
 * Field names, their order and meaning are those of the user JSON of SFTPGo 0.9. Every string is
 * owned by the user, terminated, and never NULL after user_new(): "" is the empty value. Lists own
 * their items. All numbers are what was stored: negative ones are possible and mean nothing good,
 * so readers compare with `> 0`.
 */
#ifndef ACCOUNTS_USER_H
#define ACCOUNTS_USER_H

#include "accounts/access_time.h"
#include "accounts/failure.h"
#include "accounts/password.h"

#include "base/address.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	USER_NAME_MAX = 255,              /* bytes of a username */
	USER_PATH_MAX = 4095,             /* bytes of a home directory */
	USER_PERMISSIONS_MAX = 4096,      /* directories with permissions of their own */
	USER_LIST_MAX = 4096,             /* virtual folders, or extension filters, that are read */
	USER_FOLDERS_MAX = 64,            /* virtual folders that an account may have */
	USER_WAY_MAX = 255,               /* bytes of one entry of required_methods */
	USER_IDLE_MAX = 525600,           /* minutes of an idle time-out: a year */
	USER_JSON_MAX = 10 * 1024 * 1024, /* bytes of a JSON text that we read */
};

enum user_status { USER_DISABLED = 0, USER_ACTIVE = 1 };

enum user_filesystem { USER_FILESYSTEM_LOCAL = 0, USER_FILESYSTEM_S3 = 1, USER_FILESYSTEM_GCS = 2 };

struct text_list {
	char **items;
	size_t count;
};

/* What one directory allows. */
struct user_permission {
	char *path;    /* virtual, cleaned by user_validate() */
	uint32_t bits; /* base/permission.h; PERMISSION_ALL for "*" */
	bool is_all;   /* written as "*": also grants what later versions add */
	char *unknown; /* the first name that is none, for user_validate() to refuse; else NULL */
};

/* Sorted by path, each path once. */
struct user_permissions {
	struct user_permission *items;
	size_t count;
};

/*
 * A directory of the machine in the account's tree. Both quotas 0: what lies in it counts to the
 * quota of the account. Both -1: it counts nowhere. Else the folder has a quota of its own for
 * this account, in which a 0 is no limit.
 */
struct user_virtual_folder {
	char *virtual_path;
	char *mapped_path;
	int64_t quota_size;  /* bytes */
	int64_t quota_files;
};

struct user_virtual_folders {
	struct user_virtual_folder *items;
	size_t count;
};

struct user_extensions {
	char *path;
	struct text_list allowed;
	struct text_list denied;
};

struct user_extensions_list {
	struct user_extensions *items;
	size_t count;
};

/* One-time codes; see user_totp.h. */
struct user_totp {
	char *secret;                    /* base32, or "$aes$key$data" of it; "": there are none */
	char *algorithm;                 /* "SHA1", "SHA256" or "SHA512" */
	int64_t digits;                  /* 6 or 8 */
	int64_t last_step;               /* the latest whose code was used */
	struct text_list recovery_codes; /* hashes of those that are left */
};

struct user_s3 {
	char *bucket;
	char *key_prefix;
	char *region;
	char *access_key;
	char *access_secret; /* plain, or "$aes$key$data" */
	char *endpoint;
	char *storage_class;
};

struct user_gcs {
	char *bucket;
	char *key_prefix;
	char *credentials; /* base64 */
	int64_t automatic_credentials;
	char *storage_class;
};

struct user {
	int64_t id; /* 0 until a provider gave one */
	int64_t status;
	char *username;
	int64_t expiration_date; /* wall clock, ms; 0: never */
	char *password;          /* plain before user_validate(), a hash after; "" is none */
	struct text_list public_keys;
	char *home_dir;
	struct user_virtual_folders virtual_folders;
	int64_t uid;
	int64_t gid;
	int64_t max_sessions; /* 0: no limit, as in the following */
	int64_t quota_size;   /* bytes */
	int64_t quota_files;
	struct user_permissions permissions;
	int64_t used_quota_size;
	int64_t used_quota_files;
	int64_t last_quota_update;  /* ms */
	int64_t upload_bandwidth;   /* 1000 bytes a second */
	int64_t download_bandwidth; /* the same */
	int64_t last_login;         /* ms */
	struct user_filters {
		struct text_list allowed_ip;
		struct text_list denied_ip;
		struct text_list denied_login_methods;
		struct user_extensions_list file_extensions;
		struct text_list required_methods; /* "publickey,password": all of one, in order */
		struct user_totp totp;
		struct access_time access_time;
		int64_t idle_timeout; /* minutes; 0: the server's, -1: never */
		int64_t max_upload_file_size; /* bytes; 0: no limit */
		char *fsync; /* "none", "on-close", or "" for the server's setting */
	} filters;
	struct user_filesystem_config {
		int64_t provider; /* enum user_filesystem, or a number that is none */
		struct user_s3 s3;
		struct user_gcs gcs;
	} filesystem;
};

struct user_list {
	struct user **items;
	size_t count;
};

/* An empty, disabled account. ERR_MEMORY. */
MUST int user_new(struct user **out);
MUST int user_copy(const struct user *user, struct user **out);
/* Wipes the secrets and frees. *user may be NULL, and is NULL afterwards. */
void user_free(struct user **user);
void user_list_free(struct user_list *list);
/* Takes *user into the list and nulls it; on ERR_MEMORY the caller still owns it. */
MUST int user_list_give(struct user_list *list, struct user **user);

/* Replaces a string field: user_set_text(&user->home_dir, "/srv/bob"). Wipes the old one. */
MUST int user_set_text(char **field, const char *text);
MUST int text_list_add(struct text_list *list, const char *text);
void text_list_clear(struct text_list *list);
/*
 * Sets what a directory allows, adding it where it is new. is_all wins over bits. The path is
 * taken as it is; user_validate() cleans it. ERR_LIMIT past USER_PERMISSIONS_MAX, ERR_MEMORY.
 */
MUST int user_permission_set(struct user *user, const char *path, uint32_t bits, bool is_all);
/* Adds the name ("list", "*", ...) of a directory; a name that is none is kept for validation. */
MUST int user_permission_add_name(struct user *user, const char *path, const char *name);
void user_permissions_clear(struct user *user);
/*
 * What is allowed at a virtual path: of the path and its parents the nearest that is listed
 * decides alone, else "/"; 0 when not even that is listed. The path need not be clean.
 */
uint32_t user_permissions_at(const struct user *user, const char *virtual_path);

/* --- JSON (user_json_read.c, user_json_write.c) --- */

enum user_form {
	USER_FORM_PUBLIC, /* for REST, commands and hooks: no password, no key of a secret */
	USER_FORM_DUMP,   /* with every secret, for dumps and storage */
};

/* A new array of texts. NULL when memory is short. */
json_t *text_list_to_json(const struct text_list *list);
/* A new object with the members in the contract's order. NULL when memory is short. */
json_t *user_to_json(const struct user *user, enum user_form form);
/*
 * Decodes the members of an object over the user: absent ones keep their value, lists and the
 * permission map are replaced, objects are merged member by member, null empties lists and keeps
 * everything else. Keys match in any case; unknown ones are ignored. ERR_FORMAT with a text that
 * names the member when a type is wrong: the user is then half changed and to be thrown away.
 */
MUST int user_from_json(struct user *user, const json_t *object, struct failure *failure);
/*
 * The same from text: the first complete JSON value, at most USER_JSON_MAX bytes; what follows it
 * is ignored. ERR_FORMAT, ERR_LIMIT, ERR_MEMORY.
 */
MUST int user_from_text(struct user *user, struct view text, struct failure *failure);
/*
 * Applies the body of an update to the stored user, as PUT /user/{id} does: an empty permission
 * map keeps the stored one, an empty or masked S3 secret keeps the stored one, `id` is only
 * accepted when it is the same (else ERR_INVALID). Does not validate, so cloud settings that
 * provider 0 erases are still there. On an error *user is unchanged.
 */
MUST int user_merge_json(struct user **user, const json_t *body, struct failure *failure);
MUST int user_merge_text(struct user **user, struct view body, struct failure *failure);
/*
 * Writes a JSON value as REST and dumps do: compact, or indented by two spaces, with `<`, `>` and
 * `&` escaped, without a newline at the end. Errors show in the buffer.
 */
void accounts_json_write(const json_t *value, bool indent, struct buf *out);

/* --- Rules (user_validate.c) --- */

struct user_rules {
	const char *users_base_dir;       /* "" or NULL: none */
	const char *credentials_path;     /* directory of GCS credential files; "" or NULL: none */
	const struct password_cost *cost; /* of new hashes; NULL: password_cost_default */
};

/*
 * Checks everything in the contract's order and writes the fields in their normal form: home
 * directory from the base, permission paths cleaned, "*" alone, the password hashed (slow, needs
 * the memory of the cost), secrets sealed (secret_text.h), cloud settings of other providers
 * dropped, GCS credentials moved to their file. ERR_INVALID with "Validation error: ..." at the
 * first fault; ERR_MEMORY. After an error the user is to be thrown away.
 */
MUST int user_validate(struct user *user, const struct user_rules *rules, struct failure *failure);
/*
 * The two halves of it, for providers, which look for the username in between: all checks and
 * normal forms that leave no trace; then hashing, sealing and the credentials file.
 */
MUST int user_validate_check(
    struct user *user, const struct user_rules *rules, struct failure *failure);
MUST int user_validate_finish(
    struct user *user, const struct user_rules *rules, struct failure *failure);

/* --- Credentials and filters (user_credential.c) --- */

/*
 * True when one of the user's keys has exactly this wire blob; a key with the option cert-authority
 * is none that logs in (certificate_rules.h). comment_out, which may be NULL,
 * gets a copy of that line's comment ("" when it has none) for the caller to free. Lines that
 * cannot be read match nothing.
 */
bool user_find_key(const struct user *user, struct view blob, char **comment_out);
/*
 * Checks a password, doing the same work whether the account exists (user NULL when not), has a
 * password, or is disabled. Blocks for the duration of a hash.
 */
enum password_result user_check_password(
    const struct user *user, struct view password, const struct password_cost *cost);
/* The filters allowed_ip and denied_ip; an entry that cannot be read refuses. */
bool user_address_allowed(const struct user *user, const struct address *address);
/* The filter access_time at this moment (wall clock, local time). */
bool user_time_allowed(const struct user *user, int64_t now_ms);
/* False when filters.denied_login_methods has "publickey", "password", ... */
bool user_method_allowed(const struct user *user, const char *method);

#endif
