#include "config/config_valid.h"

#include "base/networks.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { BANNER_MAX = 200, TABLE_NAME_MAX = 63, USER_NAME_MAX = 32 };

static bool
only_of(const char *text, const char *allowed, size_t max)
{
	size_t n = strlen(text);

	return n > 0 && n <= max && strspn(text, allowed) == n;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

bool
config_valid_address(const char *text)
{
	char bare[ADDRESS_TEXT_MAX];
	struct address address;
	size_t n = strlen(text);

	if (n == 0)
		return true;
	if (text[0] == '[' && text[n - 1] == ']') {
		if (n - 2 >= sizeof(bare) || strchr(text, ':') == NULL)
			return false;
		snprintf(bare, sizeof(bare), "%.*s", (int)(n - 2), text + 1);
		return address_parse(bare, &address) == 0;
	}
	return address_parse(text, &address) == 0;
}

bool
config_valid_range(const char *text)
{
	struct cidr range;

	return network_parse(text, &range) == 0;
}

bool
config_valid_banner(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	}
	return n <= BANNER_MAX;
}

bool
config_valid_table(const char *text)
{
	return only_of(text, LOWER UPPER DIGIT "_.", TABLE_NAME_MAX) &&
	    strchr(DIGIT ".", text[0]) == NULL;
}

bool
config_valid_user(const char *text)
{
	return only_of(text, LOWER UPPER DIGIT "_-.", USER_NAME_MAX) &&
	    strchr(DIGIT "-.", text[0]) == NULL;
}

bool
config_valid_not_empty(const char *text)
{
	return text[0] != '\0';
}

bool
config_valid_absolute(const char *text)
{
	return text[0] == '\0' || text[0] == '/';
}
