/*
 * user_totp.h - an account's one-time codes: enrolment, checking, and the codes for the day when
 * the telephone is lost.
 *
 * The secret is stored sealed (secret_text.h), recovery codes as SHA-256 of their 80 random bits.
 * Each code works once: a check that succeeds changes the account, and is only a success once the
 * account has been stored again. Nobody else may read, check and store it meanwhile.
 */
#ifndef ACCOUNTS_USER_TOTP_H
#define ACCOUNTS_USER_TOTP_H

#include "accounts/failure.h"
#include "accounts/user.h"

enum {
	USER_TOTP_SECRET_MAX = 64,         /* bytes */
	USER_TOTP_RECOVERY_CODES = 10,     /* made at enrolment */
	USER_TOTP_RECOVERY_CODES_MAX = 64, /* that an account may have */
	USER_TOTP_ANSWER_MAX = 64,         /* bytes of a client's answer that are looked at */
};

enum user_totp_result {
	USER_TOTP_WRONG = 0,
	USER_TOTP_RIGHT,  /* the only success; the account has changed and must be stored */
	USER_TOTP_NONE,   /* the account has no one-time codes */
	USER_TOTP_BROKEN, /* what is stored cannot be used */
	USER_TOTP_FAILED, /* no memory: nothing is known */
};

/* What the account's owner is shown once. */
struct user_totp_enrolment {
	char *secret;                    /* base32 */
	char *uri;                       /* otpauth://totp/... */
	struct text_list recovery_codes; /* plain */
};

bool user_totp_is_on(const struct user *user);
/*
 * Gives the account a new secret and recovery codes in place of those it had. Algorithm "SHA1"
 * (what every application knows), "SHA256" or "SHA512"; 6 or 8 digits; otherwise ERR_INVALID with
 * a text. After an error the account is to be thrown away. ERR_MEMORY, ERR_CRYPTO.
 */
MUST int user_totp_enrol(struct user *user, const char *algorithm, int64_t digits,
    struct user_totp_enrolment *out, struct failure *failure);
/* Wipes. */
void user_totp_enrolment_free(struct user_totp_enrolment *enrolment);
/* Takes the secret and the recovery codes away. ERR_MEMORY. */
MUST int user_totp_disable(struct user *user);
/*
 * Checks an answer: a code of now, of the step before or the one after, or a recovery code, with
 * or without its dashes, in either case of letters. Blanks around it are ignored.
 */
enum user_totp_result user_totp_check(struct user *user, struct view answer, int64_t now_ms);

/* For user_validate(): checks, sets what is absent, empties everything when there is no secret. */
MUST int user_totp_validate(struct user *user, struct failure *failure);
/* Seals a secret that came as base32. */
MUST int user_totp_seal(struct user *user);

#endif
