#include "master/login_keys.h"

#include "base/buf.h"
#include "crypto/crypto.h"

#include <string.h>

bool
login_keys_first(struct login_keys *keys, const char *user, struct view key)
{
	struct buf both = buf_init(32768);
	uint8_t digest[32] = { 0 };
	uint64_t mark;
	int err;

	buf_cstr(&both, user);
	buf_str(&both, key);
	err = buf_error(&both);
	if (err == 0)
		err = digest_once(DIGEST_SHA256, buf_view(&both), digest);
	buf_free(&both);
	if (err != 0)
		return true;
	memcpy(&mark, digest, sizeof(mark));
	for (unsigned i = 0; i < keys->count; i++) {
		if (keys->seen[i] == mark)
			return false;
	}
	if (keys->count < LOGIN_KEYS_MAX)
		keys->seen[keys->count++] = mark;
	return true;
}
