#include "master/account_difference.h"

#include "master/home.h"
#include "master/quota.h"

#include <string.h>

/* What vfs/ would be told of an account. */
struct rules {
	struct vfs_policy policy;
	struct buf encoded;
	struct vfs_uploads uploads;
};

static int
rules_make(const struct user *user, const struct account_settings *settings, struct rules *out)
{
	int err = account_policy(user, settings, &out->policy);

	out->encoded = buf_init(VFS_POLICY_BYTES_MAX + 1024);
	out->uploads = account_uploads(user, settings);
	if (err != 0)
		return err;
	vfs_policy_encode(&out->encoded, &out->policy);
	return buf_error(&out->encoded);
}

static void
rules_free(struct rules *rules)
{
	vfs_policy_free(&rules->policy);
	buf_free(&rules->encoded);
}

static bool
rules_equal(const struct rules *a, const struct rules *b)
{
	return a->encoded.n == b->encoded.n &&
	    memcmp(a->encoded.p, b->encoded.p, a->encoded.n) == 0 &&
	    a->uploads.sync == b->uploads.sync && a->uploads.size_max == b->uploads.size_max;
}

static bool
folders_equal(const struct user_virtual_folders *a, const struct user_virtual_folders *b)
{
	bool equal = a->count == b->count;

	for (size_t i = 0; equal && i < a->count; i++)
		equal = strcmp(a->items[i].virtual_path, b->items[i].virtual_path) == 0 &&
		    strcmp(a->items[i].mapped_path, b->items[i].mapped_path) == 0 &&
		    quota_folder_counts(&a->items[i]) == quota_folder_counts(&b->items[i]);
	return equal;
}

static uint32_t
rights(const struct rules *rules, size_t root)
{
	uint32_t rights = vfs_policy_rights(&rules->policy, root);

	return rights | vfs_upload_rights(&rules->uploads, rights);
}

/* Both have the same folders. */
static bool
needs_more_rights(const struct rules *before, const struct rules *now)
{
	if (vfs_policy_read_only(&before->policy) && !vfs_policy_read_only(&now->policy))
		return true;
	for (size_t root = 0; root <= now->policy.folder_count; root++) {
		if ((rights(now, root) & ~rights(before, root)) != 0)
			return true;
	}
	return false;
}

static bool
ids_equal(const struct user *a, const struct user *b, bool map_ids)
{
	uid_t uid, other_uid;
	gid_t gid, other_gid;
	bool has = home_ids(a, map_ids, &uid, &gid);

	if (has != home_ids(b, map_ids, &other_uid, &other_gid))
		return false;
	return !has || (uid == other_uid && gid == other_gid);
}

unsigned
account_difference(const struct user *before, const struct user *now,
	const struct account_settings *settings, bool map_ids)
{
	struct rules old, new;
	int old_err = rules_make(before, settings, &old), new_err = rules_make(now, settings, &new);
	unsigned found = ACCOUNT_SAME;

	if (before->upload_bandwidth != now->upload_bandwidth ||
	    before->download_bandwidth != now->download_bandwidth)
		found |= ACCOUNT_RATES;
	if (old_err != 0 || new_err != 0) {
		found |= ACCOUNT_RATES | ACCOUNT_RULES | ACCOUNT_PROCESS;
	} else {
		if (!rules_equal(&old, &new))
			found |= ACCOUNT_RULES;
		if (strcmp(before->home_dir, now->home_dir) != 0 ||
		    !ids_equal(before, now, map_ids) ||
		    !folders_equal(&before->virtual_folders, &now->virtual_folders) ||
		    needs_more_rights(&old, &new))
			found |= ACCOUNT_PROCESS;
	}
	rules_free(&old);
	rules_free(&new);
	return found;
}

const char *
account_end_reason(const struct user *user, const struct address *address, int64_t now_ms)
{
	/* what is asked of a login only is taken for granted */
	const struct login_facts facts = { .username = user->username, .user = user,
		.credential_good = true, .method = "", .address = address, .now_ms = now_ms };

	switch (login_decide(&facts)) {
	case LOGIN_ALLOWED: return NULL;
	case LOGIN_DISABLED: return "the account has been disabled";
	case LOGIN_EXPIRED: return "the account has expired";
	case LOGIN_ADDRESS_DENIED: return "the account may not be used from this address";
	case LOGIN_TIME_DENIED:
		return "the hours in which this account may be used are over";
	case LOGIN_BAD_CREDENTIAL:
	case LOGIN_UNKNOWN_USER:
	case LOGIN_HOME_NOT_ABSOLUTE:
	case LOGIN_TOO_MANY_SESSIONS:
	case LOGIN_METHOD_DENIED: break;
	}
	return "the account has been changed";
}
