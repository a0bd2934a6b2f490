/*
 * kexinit.h - the message in which both sides say what they can do, and what follows from the two
 * (RFC 4253 section 7.1).
 *
 * Pure functions over bytes: no connection.
 */
#ifndef SSH_KEXINIT_H
#define SSH_KEXINIT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "crypto/crypto.h"
#include "ssh/config.h"

#include <stdbool.h>

enum {
	KEXINIT_BYTES_MAX = SSH_PACKET_MAX_LOGIN, /* of a payload, also after login */
	KEXINIT_COOKIE_BYTES = 16,
};

/* The ten lists, in the order of the message. */
enum kexinit_list {
	KEXINIT_KEX,
	KEXINIT_HOST_KEY,
	KEXINIT_CIPHER_IN, /* client to server */
	KEXINIT_CIPHER_OUT,
	KEXINIT_MAC_IN,
	KEXINIT_MAC_OUT,
	KEXINIT_COMPRESSION_IN,
	KEXINIT_COMPRESSION_OUT,
	KEXINIT_LANGUAGE_IN,
	KEXINIT_LANGUAGE_OUT,
	KEXINIT_LISTS
};

/* Views into the payload. */
struct kexinit {
	struct view list[KEXINIT_LISTS];
	bool follows; /* first_kex_packet_follows */
};

/* What both sides can do. */
struct kex_choice {
	const struct key_agreement_algorithm *kex;
	const struct ssh_host_key *key; /* in the configuration */
	struct view key_algorithm;      /* in the key's list of names */
	const struct packet_cipher_algorithm *cipher_in, *cipher_out;
	const struct packet_mac_algorithm *mac_in, *mac_out; /* NULL with an AEAD cipher */
	bool compress_in, compress_out;
};

/* Writes our message; `first` adds the marker of strict key exchange. */
void kexinit_write(struct buf *out, const struct ssh_config *config, bool first);
/* Reads a whole payload, the message number included. */
MUST int kexinit_parse(struct view payload, struct kexinit *out);
/*
 * 0, or ERR_NO_MATCH: *missing_out is then the list in which nothing is in common. `config` must
 * live as long as the choice.
 */
MUST int kexinit_choose(const struct kexinit *client, const struct ssh_config *config,
    struct kex_choice *out, enum kexinit_list *missing_out);
/* RFC 4253 section 7: the client's first guesses are not ours. */
bool kexinit_guess_is_wrong(const struct kexinit *client, const struct ssh_config *config);
bool kexinit_is_strict(const struct kexinit *client);
bool kexinit_wants_ext_info(const struct kexinit *client);
/* "key exchange", "host key", "cipher", ... */
const char *kexinit_list_name(enum kexinit_list list);

#endif
