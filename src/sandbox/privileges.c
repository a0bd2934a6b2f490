#include "sandbox/privileges.h"

#include "sandbox/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sets {
	uint64_t effective, permitted, inheritable;
};

static int
sets_get(struct sets *out)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &header, data) != 0)
		return ERR_IO;
	out->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	out->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	out->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

static int
sets_put(const struct sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(sets->effective >> (32 * i));
		data[i].permitted = (uint32_t)(sets->permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(sets->inheritable >> (32 * i));
	}
	return syscall(SYS_capset, &header, data) == 0 ? 0 : ERR_DENIED;
}

static int
ambient_clear(void)
{
	/* EINVAL: a kernel or a filter without ambient capabilities, so there are none */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) != 0 && errno != EINVAL)
		return ERR_DENIED;
	return 0;
}

/*
 * Only a process with CAP_SETPCAP may; for others no-new-privileges says the same, that nothing
 * executed later gains anything.
 */
static void
bounding_keep(uint64_t keep)
{
	for (unsigned long capability = 0; capability < 64; capability++) {
		int there = prctl(PR_CAPBSET_READ, capability, 0L, 0L, 0L);

		if (there < 0)
			return; /* above the last one that the kernel knows */
		if (there == 1 && !(keep >> capability & 1) &&
		    prctl(PR_CAPBSET_DROP, capability, 0L, 0L, 0L) != 0)
			return;
	}
}

int
privileges_permitted(uint64_t *out)
{
	struct sets sets;
	int err = sets_get(&sets);

	*out = err == 0 ? sets.permitted : 0;
	return err;
}

int
privileges_keep(uint64_t keep)
{
	struct sets sets, now;

	if (sets_get(&sets) != 0 || ambient_clear() != 0)
		return ERR_DENIED;
	bounding_keep(keep);
	keep &= sets.permitted;
	sets = (struct sets){ .effective = keep, .permitted = keep };
	if (sets_put(&sets) != 0 || sets_get(&now) != 0)
		return ERR_DENIED;
	return memcmp(&now, &sets, sizeof(now)) == 0 ? 0 : ERR_DENIED;
}

static bool
ids_are(uid_t uid, gid_t gid)
{
	uid_t u[3];
	gid_t g[3];

	return getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0 &&
	       u[0] == uid && u[1] == uid && u[2] == uid && g[0] == gid && g[1] == gid &&
	       g[2] == gid;
}

int
sandbox_set_ids(uid_t uid, gid_t gid)
{
	if (uid == 0 || gid == 0 || uid == (uid_t)-1 || gid == (gid_t)-1)
		return ERR_INVALID;
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return ERR_DENIED;
	if (privileges_keep(0) != 0)
		return ERR_DENIED;
	if (!ids_are(uid, gid) || getgroups(0, NULL) != 0)
		return ERR_DENIED;
	/* what must fail now: the way back */
	if (setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0)
		return ERR_DENIED;
	return 0;
}

static uint64_t
capability_bits(unsigned keep)
{
	uint64_t bits = 0;

	if (keep & SANDBOX_CAPABILITY_SETUID)
		bits |= 1ull << CAP_SETUID;
	if (keep & SANDBOX_CAPABILITY_SETGID)
		bits |= 1ull << CAP_SETGID;
	if (keep & SANDBOX_CAPABILITY_CHOWN)
		bits |= 1ull << CAP_CHOWN;
	return bits;
}

static int
become(const struct passwd *user, uint64_t keep)
{
	if (initgroups(user->pw_name, user->pw_gid) != 0 ||
	    prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) != 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0)
		return ERR_DENIED;
	/* the bounding set while CAP_SETPCAP is still effective: setresuid() takes that away */
	bounding_keep(keep);
	if (setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0 ||
	    privileges_keep(keep) != 0 || prctl(PR_SET_KEEPCAPS, 0L, 0L, 0L, 0L) != 0)
		return ERR_DENIED;
	if (!ids_are(user->pw_uid, user->pw_gid))
		return ERR_DENIED;
	return 0;
}

int
sandbox_drop_root(const char *user, unsigned keep)
{
	const struct passwd *entry;

	if (geteuid() != 0)
		return 0;
	entry = getpwnam(user);
	if (entry == NULL)
		return ERR_NOT_FOUND;
	if (entry->pw_uid == 0 || entry->pw_gid == 0)
		return ERR_INVALID;
	return become(entry, capability_bits(keep));
}

int
sandbox_pass_capabilities(bool pass)
{
	struct sets sets;

	if (ambient_clear() != 0 || sets_get(&sets) != 0)
		return ERR_DENIED;
	sets.inheritable = pass ? sets.permitted : 0;
	if (sets_put(&sets) != 0)
		return ERR_DENIED;
	for (unsigned long capability = 0; pass && capability < 64; capability++) {
		if ((sets.permitted >> capability & 1) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0L, 0L) != 0)
			return ERR_DENIED;
	}
	return 0;
}
