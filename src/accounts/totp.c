#include "accounts/totp.h"

#include "base/secret.h"

#include <stdio.h>
#include <string.h>

int
totp_code(const struct totp *totp, uint64_t step, char out[TOTP_DIGITS_MAX + 1])
{
	static const uint32_t modulus[TOTP_DIGITS_MAX + 1] = { [6] = 1000000, [7] = 10000000,
		[8] = 100000000 };
	uint8_t counter[8], mac[DIGEST_BYTES_MAX] = { 0 };
	size_t offset;
	int err;

	out[0] = '\0';
	if (totp->digits > TOTP_DIGITS_MAX || modulus[totp->digits] == 0)
		return ERR_INVALID;
	put_u64(counter, step);
	err = hmac_once(totp->algorithm, totp->secret,
	    (struct view){ .p = counter, .n = sizeof(counter) }, mac);
	if (err == 0) {
		/* RFC 4226 section 5.3: the last nibble says where the 31 bits begin. */
		offset = mac[digest_bytes(totp->algorithm) - 1] & 15;
		snprintf(out, TOTP_DIGITS_MAX + 1, "%0*u", (int)totp->digits,
		    (get_u32(mac + offset) & INT32_MAX) % modulus[totp->digits]);
	}
	secret_wipe(mac, sizeof(mac));
	return err;
}

uint64_t
totp_step(int64_t now_ms)
{
	return now_ms > 0 ? (uint64_t)now_ms / TOTP_PERIOD_MS : 0;
}

int
totp_match(const struct totp *totp, uint64_t now, uint64_t used, struct view code,
    uint64_t *step_out)
{
	uint64_t step = now > TOTP_WINDOW ? now - TOTP_WINDOW : 0;
	char expected[TOTP_DIGITS_MAX + 1];
	int result = ERR_NO_MATCH;

	*step_out = 0;
	if (code.n != totp->digits)
		return ERR_NO_MATCH;
	for (; step <= now + TOTP_WINDOW; step++) {
		int err = totp_code(totp, step, expected);

		if (err != 0)
			return err;
		if (crypto_equal(expected, code.p, code.n) && step > used) {
			*step_out = step;
			result = 0;
		}
	}
	secret_wipe(expected, sizeof(expected));
	return result;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void
base32_encode(struct buf *out, struct view bytes)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < bytes.n; i++) {
		bits = bits << 8 | bytes.p[i];
		for (have += 8; have >= 5; have -= 5)
			buf_u8(out, (uint8_t)alphabet[bits >> (have - 5) & 31]);
	}
	if (have > 0)
		buf_u8(out, (uint8_t)alphabet[bits << (5 - have) & 31]);
}

static int
value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

int
base32_decode(struct buf *out, struct view text)
{
	uint32_t bits = 0;
	unsigned have = 0;

	/* RFC 4648 section 6: padding fills a group of eight, with 1, 3, 4 or 6. */
	if (text.n % 8 == 0) {
		for (unsigned i = 0; i < 6 && text.n > 0 && text.p[text.n - 1] == '='; i++)
			text.n--;
	}
	if (text.n % 8 == 1 || text.n % 8 == 3 || text.n % 8 == 6)
		return ERR_FORMAT;
	for (size_t i = 0; i < text.n; i++) {
		int value = value_of(text.p[i]);

		if (value < 0)
			return ERR_FORMAT;
		bits = bits << 5 | (uint32_t)value;
		if ((have += 5) >= 8) {
			have -= 8;
			buf_u8(out, (uint8_t)(bits >> have));
		}
	}
	/* Bits after the last byte must be zero, or two texts would mean one secret. */
	if ((bits & ((1u << have) - 1)) != 0)
		return ERR_FORMAT;
	return buf_error(out);
}
