/*
 * certificate_rules.h - whom a user's certificate lets in: authority, kind, dates, names,
 * addresses, critical options, revocation.
 *
 * Pure decisions over facts that the master gathered; what the account itself demands is login.h's.
 * A certificate is good for an account when its authority is trusted, by the configuration or by a
 * line of the account with `cert-authority`, and names the account among its principals; or when it
 * stands itself among the account's keys, as SFTPGo 0.9 had it. What it limits holds in each case.
 */
#ifndef ACCOUNTS_CERTIFICATE_RULES_H
#define ACCOUNTS_CERTIFICATE_RULES_H

#include "accounts/revoked_keys.h"
#include "accounts/user.h"

#include "base/address.h"
#include "base/buf.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stdint.h>

struct certificate_facts {
	const struct certificate *certificate;
	struct view blob;        /* of the certificate */
	struct view key;         /* blob of the key in it */
	const struct user *user; /* NULL: there is none */
	const struct address *address;
	int64_t now_ms;                     /* wall clock */
	bool is_authority_trusted;          /* by the configuration */
	bool is_signed;                     /* the authority's signature is good */
	const struct revoked_keys *revoked; /* NULL: none */
};

enum certificate_verdict {
	CERTIFICATE_REFUSED = 0,
	CERTIFICATE_GOOD, /* the only success */
};

/* What a good certificate demands of the login. */
struct certificate_terms {
	bool demands_verified; /* verify-required: the device must have made sure of its user */
	bool sftp_only;        /* force-command="internal-sftp" */
};

/* Appends the reason to `reason` when it is refused. */
enum certificate_verdict certificate_decide(const struct certificate_facts *facts,
    struct certificate_terms *terms_out, struct buf *reason);
/*
 * Appends what identifies a certificate in the log, in OpenSSH's words: `ID "alice" serial 7 CA
 * SHA256:...`. A long id is cut, and a quote in it is a question mark.
 */
void certificate_describe(const struct certificate *certificate, struct buf *out);

#endif
