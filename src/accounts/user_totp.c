#include "accounts/user_totp.h"

#include "accounts/secret_text.h"
#include "accounts/totp.h"

#include "base/encode.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

enum {
	RECOVERY_BYTES = 10,
	RECOVERY_CHARACTERS = RECOVERY_BYTES * 8 / 5,
	RECOVERY_GROUP = 4, /* characters between dashes */
	SECRET_TEXT_BYTES = (USER_TOTP_SECRET_MAX * 8 + 4) / 5,
};

static const struct {
	const char *name;
	enum digest_algorithm algorithm;
} algorithms[] = {
	{ "SHA1", DIGEST_SHA1 },
	{ "SHA256", DIGEST_SHA256 },
	{ "SHA512", DIGEST_SHA512 },
};
enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

static size_t
algorithm_find(const char *name)
{
	size_t i = 0;

	while (i < ALGORITHMS && strcmp(algorithms[i].name, name) != 0)
		i++;
	return i;
}

bool
user_totp_is_on(const struct user *user)
{
	return user->filters.totp.secret[0] != '\0';
}

/* The bytes of a secret that is sealed or as it came. */
static int
secret_bytes(const char *stored, struct buf *out)
{
	struct buf text = buf_init(SECRET_TEXT_BYTES);
	int err = 0;

	if (secret_text_is_sealed(stored))
		err = secret_text_open(stored, &text);
	else
		buf_text(&text, stored);
	if (err == 0 && (err = buf_error(&text)) == 0)
		err = base32_decode(out, buf_view(&text));
	buf_free(&text);
	return err == 0 && out->n == 0 ? ERR_SHORT : err;
}

/* --- validation --- */

int
user_totp_disable(struct user *user)
{
	struct user_totp *totp = &user->filters.totp;
	int err = user_set_text(&totp->secret, "");

	if (err == 0)
		err = user_set_text(&totp->algorithm, "");
	totp->digits = 0;
	totp->last_step = 0;
	text_list_clear(&totp->recovery_codes);
	return err;
}

int
user_totp_validate(struct user *user, struct failure *failure)
{
	struct user_totp *totp = &user->filters.totp;
	struct buf bytes = buf_init(USER_TOTP_SECRET_MAX);
	int err;

	if (!user_totp_is_on(user))
		return user_totp_disable(user);
	if (totp->algorithm[0] == '\0' && (err = user_set_text(&totp->algorithm, "SHA1")) != 0)
		return err;
	if (totp->digits == 0)
		totp->digits = 6;
	err = secret_bytes(totp->secret, &bytes);
	buf_free(&bytes);
	if (err == ERR_MEMORY)
		return err;
	if (err != 0)
		return failure_invalid(failure,
		    "could not validate totp: the secret is not base32 of 1 to %d bytes",
		    USER_TOTP_SECRET_MAX);
	if (algorithm_find(totp->algorithm) == ALGORITHMS)
		return failure_invalid(failure,
		    "could not validate totp: the algorithm \"%s\" is not SHA1, SHA256 or SHA512",
		    totp->algorithm);
	if (totp->digits != 6 && totp->digits != 8)
		return failure_invalid(
		    failure, "could not validate totp: the code has neither 6 nor 8 digits");
	if (totp->recovery_codes.count > USER_TOTP_RECOVERY_CODES_MAX)
		return failure_invalid(failure,
		    "could not validate totp: there are more than %d recovery codes",
		    USER_TOTP_RECOVERY_CODES_MAX);
	return 0;
}

int
user_totp_seal(struct user *user)
{
	char **secret = &user->filters.totp.secret, *sealed;
	int err;

	if ((*secret)[0] == '\0' || secret_text_is_sealed(*secret))
		return 0;
	if ((err = secret_text_seal(view_of(*secret), &sealed)) != 0)
		return err;
	err = user_set_text(secret, sealed);
	secret_free_str(sealed);
	return err;
}

/* --- recovery codes --- */

/* Hexadecimal SHA-256 of the code's characters. */
static int
recovery_hash(struct view code, struct buf *out)
{
	uint8_t digest[DIGEST_BYTES_MAX];
	int err = digest_once(DIGEST_SHA256, code, digest);

	if (err == 0)
		hex_encode(
		    out, (struct view){ .p = digest, .n = digest_bytes(DIGEST_SHA256) });
	return err == 0 ? buf_error(out) : err;
}

static int
add_hash(struct text_list *list, struct view code)
{
	struct buf hash = buf_init(2 * DIGEST_BYTES_MAX);
	char *text = NULL;
	int err = recovery_hash(code, &hash);

	if (err == 0 && (text = view_dup(buf_view(&hash))) == NULL)
		err = ERR_MEMORY;
	if (err == 0)
		err = text_list_add(list, text);
	free(text);
	buf_free(&hash);
	return err;
}

/* Makes one code: shown to the owner in groups, stored as its hash. */
static int
recovery_make(struct text_list *stored, struct text_list *shown)
{
	struct buf code = buf_init(RECOVERY_CHARACTERS), grouped = buf_init(64);
	uint8_t random[RECOVERY_BYTES];
	char *text = NULL;
	int err;

	crypto_random(random, sizeof(random));
	base32_encode(&code, (struct view){ .p = random, .n = sizeof(random) });
	for (size_t i = 0; i < code.n; i++) {
		if (i > 0 && i % RECOVERY_GROUP == 0)
			buf_u8(&grouped, '-');
		buf_u8(&grouped, code.p[i]);
	}
	if ((err = buf_error(&code)) == 0 && (err = buf_error(&grouped)) == 0 &&
	    (err = add_hash(stored, buf_view(&code))) == 0)
		err = (text = view_dup(buf_view(&grouped))) == NULL ? ERR_MEMORY
								    : text_list_add(shown, text);
	secret_free_str(text);
	secret_wipe(random, sizeof(random));
	buf_free(&code);
	buf_free(&grouped);
	return err;
}

/* The code's characters as they were hashed: without dashes and blanks, in upper case. */
static void
recovery_normal(struct view answer, struct buf *out)
{
	for (size_t i = 0; i < answer.n; i++) {
		uint8_t c = answer.p[i];

		if (c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 'a' + 'A');
		if (c != '-' && c != ' ')
			buf_u8(out, c);
	}
}

static void
take_out(struct text_list *list, size_t at)
{
	free(list->items[at]);
	memmove(&list->items[at], &list->items[at + 1],
	    (list->count - at - 1) * sizeof(list->items[0]));
	list->count--;
}

static enum user_totp_result
check_recovery(struct user_totp *totp, struct view answer)
{
	struct buf code = buf_init(USER_TOTP_ANSWER_MAX), hash = buf_init(2 * DIGEST_BYTES_MAX);
	enum user_totp_result result = USER_TOTP_WRONG;

	recovery_normal(answer, &code);
	if (code.n != RECOVERY_CHARACTERS)
		result = USER_TOTP_WRONG;
	else if (recovery_hash(buf_view(&code), &hash) != 0)
		result = USER_TOTP_FAILED;
	for (size_t i = 0; i < totp->recovery_codes.count && hash.n > 0; i++) {
		const char *stored = totp->recovery_codes.items[i];

		if (strlen(stored) == hash.n && crypto_equal(stored, hash.p, hash.n)) {
			take_out(&totp->recovery_codes, i);
			result = USER_TOTP_RIGHT;
			break;
		}
	}
	buf_free(&code);
	buf_free(&hash);
	return result;
}

/* --- checking --- */

static enum user_totp_result
check_code(struct user_totp *stored, struct view answer, int64_t now_ms)
{
	struct buf secret = buf_init(USER_TOTP_SECRET_MAX);
	size_t algorithm = algorithm_find(stored->algorithm);
	enum user_totp_result result = USER_TOTP_BROKEN;
	uint64_t step, used = stored->last_step > 0 ? (uint64_t)stored->last_step : 0;
	struct totp totp;
	int err = ERR_FORMAT;

	if (algorithm < ALGORITHMS && stored->digits > 0 && stored->digits <= TOTP_DIGITS_MAX &&
	    (err = secret_bytes(stored->secret, &secret)) == 0) {
		totp = (struct totp){ .algorithm = algorithms[algorithm].algorithm,
			.digits = (unsigned)stored->digits,
			.secret = buf_view(&secret) };
		err = totp_match(&totp, totp_step(now_ms), used, answer, &step);
	}
	if (err == 0) {
		stored->last_step = (int64_t)step;
		result = USER_TOTP_RIGHT;
	} else if (err == ERR_NO_MATCH) {
		result = USER_TOTP_WRONG;
	} else if (err == ERR_MEMORY) {
		result = USER_TOTP_FAILED;
	}
	buf_free(&secret);
	return result;
}

enum user_totp_result
user_totp_check(struct user *user, struct view answer, int64_t now_ms)
{
	enum user_totp_result result;

	if (!user_totp_is_on(user))
		return USER_TOTP_NONE;
	if (answer.n > USER_TOTP_ANSWER_MAX)
		return USER_TOTP_WRONG;
	while (answer.n > 0 && answer.p[0] == ' ') {
		answer.p++;
		answer.n--;
	}
	while (answer.n > 0 && answer.p[answer.n - 1] == ' ')
		answer.n--;
	result = check_code(&user->filters.totp, answer, now_ms);
	return result == USER_TOTP_WRONG ? check_recovery(&user->filters.totp, answer) : result;
}

/* --- enrolment --- */

/* RFC 3986 section 2.3: everything else is written as a percent sign and two digits. */
static void
write_percent(struct buf *out, const char *text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789-._~";

	for (; *text != '\0'; text++) {
		if (strchr(unreserved, *text) != NULL)
			buf_u8(out, (uint8_t)*text);
		else
			buf_printf(out, "%%%02X", (unsigned)(uint8_t)*text);
	}
}

static int
write_uri(const struct user *user, const char *secret, char **out)
{
	const struct user_totp *totp = &user->filters.totp;
	struct buf uri = buf_init(4096);
	int err;

	buf_text(&uri, "otpauth://totp/Postern:");
	write_percent(&uri, user->username);
	buf_printf(&uri, "?secret=%s&issuer=Postern&algorithm=%s&digits=%d&period=%d", secret,
	    totp->algorithm, (int)totp->digits, TOTP_PERIOD_MS / 1000);
	if ((err = buf_error(&uri)) == 0 && (*out = view_dup(buf_view(&uri))) == NULL)
		err = ERR_MEMORY;
	buf_free(&uri);
	return err;
}

/* RFC 4226 section 4 recommends 20 bytes; RFC 6238 a secret as long as the digest. */
static int
make_secret(enum digest_algorithm algorithm, char **out)
{
	struct buf text = buf_init(SECRET_TEXT_BYTES);
	uint8_t bytes[DIGEST_BYTES_MAX];
	size_t n = digest_bytes(algorithm);
	int err;

	crypto_random(bytes, n);
	base32_encode(&text, (struct view){ .p = bytes, .n = n });
	if ((err = buf_error(&text)) == 0 && (*out = view_dup(buf_view(&text))) == NULL)
		err = ERR_MEMORY;
	secret_wipe(bytes, sizeof(bytes));
	buf_free(&text);
	return err;
}

int
user_totp_enrol(struct user *user, const char *algorithm, int64_t digits,
    struct user_totp_enrolment *out, struct failure *failure)
{
	struct user_totp *totp = &user->filters.totp;
	size_t number = algorithm_find(algorithm);
	int err;

	*out = (struct user_totp_enrolment){ 0 };
	if (number == ALGORITHMS)
		return failure_set(
		    failure, ERR_INVALID, "the algorithm is not SHA1, SHA256 or SHA512");
	if (digits != 6 && digits != 8)
		return failure_set(failure, ERR_INVALID, "a code has 6 or 8 digits");
	if ((err = user_totp_disable(user)) != 0 ||
	    (err = make_secret(algorithms[number].algorithm, &out->secret)) != 0 ||
	    (err = user_set_text(&totp->secret, out->secret)) != 0 ||
	    (err = user_set_text(&totp->algorithm, algorithm)) != 0 ||
	    (err = user_totp_seal(user)) != 0)
		goto out;
	totp->digits = digits;
	err = write_uri(user, out->secret, &out->uri);
	for (unsigned i = 0; i < USER_TOTP_RECOVERY_CODES && err == 0; i++)
		err = recovery_make(&totp->recovery_codes, &out->recovery_codes);
out:
	if (err != 0)
		user_totp_enrolment_free(out);
	return err;
}

void
user_totp_enrolment_free(struct user_totp_enrolment *enrolment)
{
	secret_free_str(enrolment->secret);
	secret_free_str(enrolment->uri);
	for (size_t i = 0; i < enrolment->recovery_codes.count; i++)
		secret_wipe(enrolment->recovery_codes.items[i],
		    strlen(enrolment->recovery_codes.items[i]));
	text_list_clear(&enrolment->recovery_codes);
	*enrolment = (struct user_totp_enrolment){ 0 };
}
