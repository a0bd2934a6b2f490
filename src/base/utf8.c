#include "base/utf8.h"

size_t
utf8_length(struct view text)
{
	uint32_t c, least;
	size_t n;

	if (text.n == 0)
		return 0;
	c = text.p[0];
	if (c < 0x80)
		return 1;
	if (c >= 0xc0 && c < 0xe0) {
		n = 2;
		c &= 0x1f;
		least = 0x80;
	} else if (c >= 0xe0 && c < 0xf0) {
		n = 3;
		c &= 0x0f;
		least = 0x800;
	} else if (c >= 0xf0 && c < 0xf8) {
		n = 4;
		c &= 0x07;
		least = 0x10000;
	} else {
		return 0;
	}
	if (text.n < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((text.p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (text.p[i] & 0x3f);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return n;
}

bool
utf8_valid(struct view text)
{
	while (text.n > 0) {
		size_t n = utf8_length(text);

		if (n == 0)
			return false;
		text.p += n;
		text.n -= n;
	}
	return true;
}
