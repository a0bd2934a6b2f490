/*
 * algorithms.h - which algorithms there are, the presets, and what of them a configuration names.
 *
 * Lists are RFC 4251 name-lists (names with commas between) in the order of our preference. The
 * client's order decides (RFC 4253 section 7.1). Nothing here touches a connection. Called by the
 * master for the configuration, and by the key exchange; crypto_init() comes first.
 */
#ifndef SSH_ALGORITHMS_H
#define SSH_ALGORITHMS_H

#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>

enum ssh_algorithm_class {
	SSH_ALGORITHM_KEX,
	SSH_ALGORITHM_HOST_KEY, /* signature names of host keys */
	SSH_ALGORITHM_CIPHER,
	SSH_ALGORITHM_MAC,
	SSH_ALGORITHM_COMPRESSION,
	SSH_ALGORITHM_USER_KEY, /* signature names of users' keys: what server-sig-algs says */
	SSH_ALGORITHM_CLASSES
};

enum ssh_algorithm_status {
	SSH_ALGORITHM_UNKNOWN = 0,
	SSH_ALGORITHM_UNAVAILABLE, /* known, but this libcrypto does not have it */
	SSH_ALGORITHM_AVAILABLE,
};

enum ssh_preset {
	SSH_PRESET_COMPATIBLE = 0, /* the default: everything sound */
	SSH_PRESET_MODERN,         /* what an audit passes without a remark */
	SSH_PRESET_LEGACY,         /* compatible, and SHA-1 and CBC behind it */
};

enum { SSH_NAME_LIST_MAX = 1024 }; /* bytes of a list of ours, with the terminating NUL */

/* The lists in use, one a class. */
struct ssh_algorithms {
	char list[SSH_ALGORITHM_CLASSES][SSH_NAME_LIST_MAX];
};

/* "compatible", "modern", "legacy". ERR_INVALID for another name. */
MUST int ssh_preset_parse(const char *name, enum ssh_preset *out);
/* Fills all lists with what the preset has and this libcrypto can do. */
void ssh_algorithms_preset(enum ssh_preset preset, struct ssh_algorithms *out);
enum ssh_algorithm_status ssh_algorithm_status(enum ssh_algorithm_class class, struct view name);
/*
 * Replaces one list by explicitly configured names. ERR_INVALID when a name is unknown,
 * ERR_UNSUPPORTED when this libcrypto does not have it, ERR_LIMIT when there are too many or none;
 * *bad_out is then the number of the name at fault. Doubles are left out.
 */
MUST int ssh_algorithms_set(struct ssh_algorithms *algorithms, enum ssh_algorithm_class class,
    const char *const *names, size_t count, size_t *bad_out);
/* Walks every name that we know in a class: NULL after the last. */
const char *ssh_algorithm_name(enum ssh_algorithm_class class, size_t number);

/*
 * RFC 4253 section 7.1: the first of the client's names that is in ours. False when there is none;
 * the view points into `ours`.
 */
bool ssh_negotiate(struct view client, struct view ours, struct view *out);
bool ssh_name_list_has(struct view list, struct view name);

#endif
