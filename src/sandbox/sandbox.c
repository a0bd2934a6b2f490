#include "sandbox/sandbox.h"

#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	/* two for every handle that the channels of one session may hold, and some */
	SESSION_DESCRIPTORS = 40000,
};

static const rlim_t LOGIN_DATA_BYTES = 64u << 20;
static const rlim_t SESSION_DATA_BYTES = 512u << 20;
static const rlim_t PARKING_DATA_BYTES = 4096ull << 20;
static const rlim_t HTTP_DATA_BYTES = 1024u << 20;

/* One row a role. */
struct confinement {
	uint64_t capabilities; /* kept, of those that are there */
	enum landlock_reach reach;
	enum filter filter;
};

static const struct confinement nursery = { 1ull << CAP_SETUID | 1ull << CAP_SETGID,
	LANDLOCK_NURSERY, FILTER_NURSERY };
static const struct confinement login = { 0, LANDLOCK_NOTHING, FILTER_LOGIN };
static const struct confinement parking = { 0, LANDLOCK_NOTHING, FILTER_PARKING };
static const struct confinement http = { 0, LANDLOCK_NOTHING, FILTER_HTTP };
static const struct confinement supervisor = { 0, LANDLOCK_SIGNALS, FILTER_SUPERVISOR };
static const struct confinement scan = { 0, LANDLOCK_TREES, FILTER_SCAN };
static const struct confinement session_write = { 0, LANDLOCK_TREES, FILTER_WRITE };
static const struct confinement session_read = { 0, LANDLOCK_TREES, FILTER_READ };

/* ---- what the kernel has */

void
sandbox_probe(struct sandbox_support *out)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	out->landlock_abi = landlock_abi();
	out->seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool
sandbox_support_enough(const struct sandbox_support *support)
{
	return support->seccomp && support->landlock_abi >= 1;
}

bool
sandbox_support_complete(const struct sandbox_support *support)
{
	return support->seccomp && support->landlock_abi >= LANDLOCK_ABI_KNOWN;
}

const char *
sandbox_support_text(const struct sandbox_support *support, char *out, size_t size)
{
	static const char *const since[LANDLOCK_ABI_KNOWN + 1] = {
		[2] = "moving files between directories",
		[3] = "truncation",
		[4] = "TCP",
		[5] = "device control",
		[6] = "signals and abstract sockets",
		[7] = "its audit",
	};
	char lacks[SANDBOX_TEXT_MAX];
	size_t n = 0;

	if (sandbox_support_complete(support)) {
		snprintf(out, size, "seccomp and Landlock version %u", support->landlock_abi);
		return out;
	}
	if (!support->seccomp) {
		snprintf(out, size, "the kernel lacks seccomp filters: no worker can be started");
		return out;
	}
	if (support->landlock_abi == 0) {
		snprintf(out, size,
		    "seccomp only: the kernel lacks Landlock (older than 5.13, or "
		    "switched off at boot), so file access is confined by this program alone");
		return out;
	}
	for (unsigned abi = support->landlock_abi + 1; abi <= LANDLOCK_ABI_KNOWN; abi++)
		n += (size_t)snprintf(
		    lacks + n, sizeof(lacks) - n, "%s%s", n == 0 ? "" : ", ", since[abi]);
	snprintf(out, size, "seccomp and Landlock version %u, which lacks rules for: %s",
	    support->landlock_abi, lacks);
	return out;
}

/* ---- entering */

static int
limit(int resource, rlim_t most)
{
	struct rlimit now, set;

	if (getrlimit((__rlimit_resource_t)resource, &now) != 0)
		return ERR_IO;
	set.rlim_max = now.rlim_max < most ? now.rlim_max : most;
	set.rlim_cur = set.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &set) == 0 ? 0 : ERR_DENIED;
}

#ifdef POSTERN_SANITIZED
/* Shadow memory is data, reports are files, and the leak checker traces its own process. */
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

static int
limit_role(enum sandbox_role role, bool read_only)
{
	bool is_login = role == SANDBOX_LOGIN, is_parking = role == SANDBOX_PARKING;
	bool is_http = role == SANDBOX_HTTP;
	bool writes_nothing =
	    is_login || is_parking || is_http || role == SANDBOX_SUPERVISOR || read_only;
	int err = limit(RLIMIT_CORE, 0);

	if (role == SANDBOX_MASTER || role == SANDBOX_NURSERY || err != 0)
		return err;
	/*
	 * Not in a login worker: it has no call that makes a descriptor, and the limit would also
	 * count the descriptors that all workers of this user have under way to one another
	 * (unix(7), ETOOMANYREFS), so that a busy server could not hand over. The parking worker
	 * has a descriptor for each session that it holds, and the HTTP worker counts its clients.
	 */
	if (!is_login && !is_parking && !is_http &&
	    (err = limit(RLIMIT_NOFILE, SESSION_DESCRIPTORS)) != 0)
		return err;
	if (sanitized)
		return 0;
	if ((err = limit(RLIMIT_NPROC, 0)) != 0)
		return err;
	if (writes_nothing && (err = limit(RLIMIT_FSIZE, 0)) != 0)
		return err;
	if (is_parking)
		return limit(RLIMIT_DATA, PARKING_DATA_BYTES);
	if (is_http)
		return limit(RLIMIT_DATA, HTTP_DATA_BYTES);
	return limit(RLIMIT_DATA, is_login ? LOGIN_DATA_BYTES : SESSION_DATA_BYTES);
}

static const struct confinement *
confinement_of(enum sandbox_role role, bool read_only)
{
	switch (role) {
	case SANDBOX_MASTER: break;
	case SANDBOX_NURSERY: return &nursery;
	case SANDBOX_LOGIN: return &login;
	case SANDBOX_PARKING: return &parking;
	case SANDBOX_SUPERVISOR: return &supervisor;
	case SANDBOX_SCAN: return &scan;
	case SANDBOX_HTTP: return &http;
	case SANDBOX_SESSION:
	case SANDBOX_STDIO: return read_only ? &session_read : &session_write;
	}
	bug("role %d has no confinement", (int)role);
}

static int
no_new_privileges(void)
{
	/* not traceable by the same user, and no core: another session shares our user id */
	if (!sanitized && prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) != 0)
		return ERR_DENIED;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1)
		return ERR_DENIED;
	return 0;
}

int
sandbox_prepare(void)
{
	static const enum filter filters[] = { FILTER_NURSERY, FILTER_LOGIN, FILTER_WRITE,
		FILTER_READ, FILTER_SCAN };
	int err = 0;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]) && err == 0; i++)
		err = filter_build(filters[i]);
	return err;
}

int
sandbox_enter(enum sandbox_role role, const struct sandbox_rules *rules)
{
	struct sandbox_support support = { 0 };
	const struct confinement *confinement = NULL;
	int err;

	/*
	 * Before anything is forbidden, writing to the memory file of the filter among it; a forked
	 * worker finds all of it built by the nursery.
	 */
	if (role != SANDBOX_MASTER) {
		confinement = confinement_of(role, rules->read_only);
		if ((err = filter_build(confinement->filter)) != 0)
			return err;
	}
	if ((err = limit_role(role, rules->read_only)) != 0 || (err = no_new_privileges()) != 0)
		return err;
	if (confinement == NULL)
		return 0;
	sandbox_probe(&support);
	if (!support.seccomp || (rules->require && !sandbox_support_enough(&support)))
		return ERR_UNSUPPORTED;
	if ((err = privileges_keep(confinement->capabilities)) != 0)
		return err;
	if (support.landlock_abi >= 1 &&
	    (err = landlock_enter(support.landlock_abi, confinement->reach, rules->trees,
		 rules->tree_count)) != 0)
		return err;
	return filter_install(confinement->filter);
}
