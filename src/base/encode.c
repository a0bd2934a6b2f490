#include "base/encode.h"

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex_alphabet[] = "0123456789abcdef";

void
base64_encode(struct buf *out, struct view bytes, bool padded)
{
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		uint32_t v = (uint32_t)bytes.p[i] << 16;

		if (left > 1)
			v |= (uint32_t)bytes.p[i + 1] << 8;
		if (left > 2)
			v |= bytes.p[i + 2];
		buf_u8(out, (uint8_t)base64_alphabet[v >> 18]);
		buf_u8(out, (uint8_t)base64_alphabet[v >> 12 & 63]);
		if (left > 1)
			buf_u8(out, (uint8_t)base64_alphabet[v >> 6 & 63]);
		else if (padded)
			buf_u8(out, '=');
		if (left > 2)
			buf_u8(out, (uint8_t)base64_alphabet[v & 63]);
		else if (padded)
			buf_u8(out, '=');
	}
}

static int
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}

int
base64_decode(struct buf *out, struct view text)
{
	size_t padding = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	while (text.n > 0 && text.p[text.n - 1] == '=' && padding < 2) {
		text.n--;
		padding++;
	}
	if (text.n % 4 == 1 || (padding > 0 && (text.n + padding) % 4 != 0))
		return ERR_FORMAT;
	for (size_t i = 0; i < text.n; i++) {
		int v = base64_value(text.p[i]);

		if (v < 0)
			return ERR_FORMAT;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_u8(out, (uint8_t)(bits >> have));
		}
	}
	/* RFC 4648 section 3.5: bits after the last byte must be zero, or two texts mean one value */
	if ((bits & ((1u << have) - 1)) != 0)
		return ERR_FORMAT;
	return buf_error(out);
}

void
hex_encode(struct buf *out, struct view bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		buf_u8(out, (uint8_t)hex_alphabet[bytes.p[i] >> 4]);
		buf_u8(out, (uint8_t)hex_alphabet[bytes.p[i] & 15]);
	}
}

int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_decode(struct buf *out, struct view text)
{
	if (text.n % 2 != 0)
		return ERR_FORMAT;
	for (size_t i = 0; i < text.n; i += 2) {
		int high = hex_value(text.p[i]), low = hex_value(text.p[i + 1]);

		if (high < 0 || low < 0)
			return ERR_FORMAT;
		buf_u8(out, (uint8_t)(high << 4 | low));
	}
	return buf_error(out);
}
