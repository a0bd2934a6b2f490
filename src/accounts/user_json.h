/*
 * user_json.h - what reading and writing a user's JSON share. Private to user_json*.c.
 *
 * Each JSON object is a table of members; the table's order is the order of output. A member is
 * either one of the plain kinds or a pair of functions.
 */
#ifndef ACCOUNTS_USER_JSON_H
#define ACCOUNTS_USER_JSON_H

#include "accounts/user.h"

enum member_kind {
	MEMBER_NUMBER, /* int64_t */
	MEMBER_TEXT,   /* char *, owned */
	MEMBER_TEXTS,  /* struct text_list */
	MEMBER_OBJECT, /* an embedded struct with a table of its own */
	MEMBER_OTHER,  /* read and write decide */
};

enum member_output {
	OUTPUT_ALWAYS,
	OUTPUT_UNLESS_EMPTY,
	OUTPUT_DUMP,   /* unless empty, and only in USER_FORM_DUMP */
	OUTPUT_SECRET, /* unless empty; without its key in USER_FORM_PUBLIC */
};

struct member {
	const char *name;
	size_t offset;
	enum member_kind kind;
	enum member_output output;
	const struct member *members; /* MEMBER_OBJECT */
	int (*read)(void *field, const json_t *value, struct failure *failure);
	json_t *(*write)(const void *field);
};

/* user_json.c: each ends with a member without a name. */
extern const struct member user_json_members[];
extern const struct member user_json_folder_members[];
extern const struct member user_json_extensions_members[];
/* The member of this name, whatever the case of its letters; NULL when there is none. */
const struct member *user_json_member(const struct member *members, const char *key);

/* user_json_read.c and user_json_write.c: members of no plain kind. */
MUST int user_json_read_permissions(void *field, const json_t *value, struct failure *failure);
json_t *user_json_write_permissions(const void *field);
MUST int user_json_read_folders(void *field, const json_t *value, struct failure *failure);
json_t *user_json_write_folders(const void *field);
MUST int user_json_read_extensions(void *field, const json_t *value, struct failure *failure);
json_t *user_json_write_extensions(const void *field);
MUST int user_json_read_ways(void *field, const json_t *value, struct failure *failure);
json_t *user_json_write_ways(const void *field);

#endif
