#include "master/ledger.h"

enum {
	/* A lease takes at most this part of what is free, so that sixteen sessions find some. */
	LEND_PART = 16,
	LEND_BYTES_MAX = 64 * 1024 * 1024,
	LEND_FILES_MAX = 1024,
};

/* Where there is no limit, a lease lasts for ever. */
static const int64_t lend_bytes_unlimited = 1ll << 42, lend_files_unlimited = 1ll << 32;

static int64_t
clamp(int64_t value)
{
	if (value < 0)
		return 0;
	return value < AMOUNT_MAX ? value : AMOUNT_MAX;
}

static struct amount
clamp_both(struct amount amount)
{
	return (struct amount){ clamp(amount.bytes), clamp(amount.files) };
}

void
ledger_init(struct ledger *ledger, struct amount limit, struct amount used)
{
	*ledger = (struct ledger){ .limit = clamp_both(limit), .used = clamp_both(used) };
}

void
ledger_set_limit(struct ledger *ledger, struct amount limit)
{
	ledger->limit = clamp_both(limit);
}

bool
ledger_is_limited(const struct ledger *ledger)
{
	return ledger->limit.bytes > 0 || ledger->limit.files > 0;
}

static int64_t
left(int64_t limit, int64_t taken)
{
	return (limit > 0 ? limit : AMOUNT_MAX) - taken;
}

static struct amount
free_now(const struct ledger *l)
{
	return (struct amount){
		left(l->limit.bytes, l->used.bytes + l->lost.bytes + l->lent.bytes),
		left(l->limit.files, l->used.files + l->lost.files + l->lent.files),
	};
}

static int64_t
missing(int64_t held, int64_t need)
{
	return need > held ? need - held : 0;
}

/* Who needs nothing more gets it also when too much is used already: removing must be possible. */
static bool
fits(int64_t wanted, int64_t available)
{
	return wanted == 0 || wanted <= available;
}

bool
ledger_fits(const struct ledger *ledger, const struct lease *lease, struct amount need)
{
	struct amount available = free_now(ledger);

	return fits(missing(lease->held.bytes, need.bytes), available.bytes) &&
	       fits(missing(lease->held.files, need.files), available.files);
}

bool
ledger_may_fit(const struct ledger *l, struct amount need)
{
	return fits(need.bytes, left(l->limit.bytes, l->used.bytes + l->lost.bytes)) &&
	       fits(need.files, left(l->limit.files, l->used.files + l->lost.files));
}

/* More than is asked for where that costs nobody anything. */
static int64_t
portion(int64_t wanted, int64_t available, int64_t most)
{
	int64_t part = available / LEND_PART < most ? available / LEND_PART : most;

	return wanted == 0 || wanted > part ? wanted : part;
}

struct amount
ledger_lend(struct ledger *ledger, struct lease *lease, struct amount need)
{
	struct amount available = free_now(ledger);
	bool bytes_limited = ledger->limit.bytes > 0, files_limited = ledger->limit.files > 0;
	struct amount added = {
		portion(missing(lease->held.bytes, need.bytes), available.bytes,
		    bytes_limited ? LEND_BYTES_MAX : lend_bytes_unlimited),
		portion(missing(lease->held.files, need.files), available.files,
		    files_limited ? LEND_FILES_MAX : lend_files_unlimited),
	};

	lease->held.bytes += added.bytes;
	lease->held.files += added.files;
	ledger->lent.bytes += added.bytes;
	ledger->lent.files += added.files;
	return added;
}

/* For one of the two numbers; every sum stays in range. */
static bool
may_settle(int64_t change, int64_t kept, int64_t held, int64_t lent)
{
	return change >= -AMOUNT_MAX && change <= held && kept >= 0 && kept <= held - change &&
	       lent - held + kept <= AMOUNT_MAX;
}

/*
 * One may have removed what another has written and not reported yet. But when nobody has anything
 * left to report, less than nothing was a mistake of the past.
 */
static int64_t
sum(int64_t used, int64_t change, int64_t lent)
{
	int64_t result = used + change;

	if (result < 0 && lent == 0)
		return 0;
	return result > -AMOUNT_MAX ? result : -AMOUNT_MAX;
}

MUST int
ledger_settle(struct ledger *ledger, struct lease *lease, struct amount change,
	struct amount kept, struct amount *used_change_out)
{
	struct amount before = ledger->used;

	*used_change_out = (struct amount){ 0 };
	if (!may_settle(change.bytes, kept.bytes, lease->held.bytes, ledger->lent.bytes) ||
	    !may_settle(change.files, kept.files, lease->held.files, ledger->lent.files))
		return ERR_INVALID;
	ledger->lent.bytes += kept.bytes - lease->held.bytes;
	ledger->lent.files += kept.files - lease->held.files;
	lease->held = kept;
	ledger->used.bytes = sum(before.bytes, change.bytes, ledger->lent.bytes);
	ledger->used.files = sum(before.files, change.files, ledger->lent.files);
	used_change_out->bytes = ledger->used.bytes - before.bytes;
	used_change_out->files = ledger->used.files - before.files;
	return 0;
}

void
ledger_lose(struct ledger *ledger, struct lease *lease)
{
	ledger->lent.bytes -= lease->held.bytes;
	ledger->lent.files -= lease->held.files;
	if (ledger->limit.bytes > 0)
		ledger->lost.bytes = clamp(ledger->lost.bytes + lease->held.bytes);
	if (ledger->limit.files > 0)
		ledger->lost.files = clamp(ledger->lost.files + lease->held.files);
	*lease = (struct lease){ 0 };
}

void
ledger_count(struct ledger *ledger, struct amount used)
{
	ledger->used = clamp_both(used);
	ledger->lost = (struct amount){ 0 };
}
