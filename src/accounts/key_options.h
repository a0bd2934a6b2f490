/*
 * key_options.h - the options in front of a key of an account, as far as they make it an authority.
 *
 * As in SFTPGo 0.9 options change nothing about a key that logs in itself. A line with
 * `cert-authority` is another thing: the key there signs certificates, and never logs in.
 */
#ifndef ACCOUNTS_KEY_OPTIONS_H
#define ACCOUNTS_KEY_OPTIONS_H

#include "base/rd.h"

#include <stdbool.h>

/* Views into the line. */
struct key_options {
	bool authority;         /* cert-authority */
	bool has_principals;    /* principals="..." stands there */
	struct view principals; /* of it: names with commas between */
	struct view unknown;    /* the first option that could limit more than we do; empty: none */
};

/* `options` as public_key_parse_line() gives them. */
void key_options_parse(struct view options, struct key_options *out);

#endif
