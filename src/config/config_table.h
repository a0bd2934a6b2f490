/*
 * config_table.h - the table of settings. Private to config_*.c.
 */
#ifndef CONFIG_CONFIG_TABLE_H
#define CONFIG_CONFIG_TABLE_H

#include "config/config.h"

enum setting_type {
	SETTING_INT,
	SETTING_BOOL,
	SETTING_TEXT,
	SETTING_OCTAL, /* text of octal digits, kept as unsigned */
	SETTING_LIST,  /* texts; from one text they are split at the commas */
	SETTING_KEYS,  /* objects with one text "private_key", kept as a list of the texts */
};

enum setting_flag {
	SETTING_SECRET = 1, /* the value is never shown */
	SETTING_LATER = 2,  /* read and kept, but without effect in this version */
	SETTING_ZERO_IS_OFF = 8, /* with SETTING_LATER: 0 is what this version does */
	SETTING_LIVE = 4,   /* can change while the server runs: reload.c sees to it */
};

struct setting {
	const char *name; /* lower case, levels joined by '.' */
	enum setting_type type;
	size_t offset;      /* in struct config */
	const char *preset; /* the default, as text */
	unsigned flags;     /* enum setting_flag bits */
	int min, max;       /* for SETTING_INT */
	/* For a text, or for each item of a list; NULL where any will do. */
	const char *const *choices; /* ends with NULL */
	bool (*valid)(const char *text);
	/* Completes "... is not"; NULL where range or choices say it. */
	const char *expected;
};

extern const struct setting settings[];
extern const size_t setting_count;

/* The setting with this name, in any case of letters; NULL when there is none. */
const struct setting *setting_find(const char *name);
/* True when settings stand below this name: "sftpd", "sftpd.actions". */
bool setting_is_group(const char *name);
/* The name that was probably meant, or NULL. */
const char *setting_suggest(const char *name);
size_t setting_number(const struct setting *setting);

#endif
