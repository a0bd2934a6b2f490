#include "master/bans.h"

#include "base/networks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { BUCKETS = 4096, IPV6_SOURCE_BITS = 64, ADDRESS_BITS = 128 };

/* Scores are kept in millionths of a point: what sinks between two events must not be lost. */
static const uint64_t point = 1000000;

struct record {
	LIST_ENTRY(record) link;
	TAILQ_ENTRY(record) order;
	struct address address;
	uint64_t score;    /* at scored_ms */
	uint64_t scored_ms;
	uint64_t until_ms; /* of the last ban; 0: there was none */
	unsigned times;
	bool is_banned; /* in which queue it is; the ban may be over by now */
};

LIST_HEAD(record_list, record);
TAILQ_HEAD(record_queue, record);

struct manual {
	struct cidr network;
	uint64_t until_ms; /* 0: without end */
};

struct bans {
	struct ban_rules rules;
	struct record_list buckets[BUCKETS];
	struct record_queue watched, banned; /* the longest unseen first */
	size_t count;
	uint64_t first_end_ms; /* no ban of a full table ends before; 0: not known */
	struct manual manual[BANS_MANUAL_MAX];
	size_t manual_count;
};

/* ---- records */

static struct record_list *
bucket_of(struct bans *b, const struct address *source)
{
	return &b->buckets[address_hash(source) % BUCKETS];
}

static struct record_queue *
queue_of(struct bans *b, const struct record *r)
{
	return r->is_banned ? &b->banned : &b->watched;
}

static struct record *
record_find(struct bans *b, const struct address *address)
{
	struct address source = address_source(address);
	struct record *r;

	LIST_FOREACH(r, bucket_of(b, &source), link) {
		if (address_eq(&r->address, &source))
			return r;
	}
	return NULL;
}

static void
record_free(struct bans *b, struct record *r)
{
	LIST_REMOVE(r, link);
	TAILQ_REMOVE(queue_of(b, r), r, order);
	free(r);
	b->count--;
}

/* Behind all others of the queue where it belongs now. */
static void
record_move(struct bans *b, struct record *r, bool is_banned)
{
	TAILQ_REMOVE(queue_of(b, r), r, order);
	r->is_banned = is_banned;
	TAILQ_INSERT_TAIL(queue_of(b, r), r, order);
}

/* Bans that are over make their records such as can be forgotten. */
static void
end_bans(struct bans *b, uint64_t now_ms)
{
	struct record *r, *next;

	b->first_end_ms = UINT64_MAX;
	for (r = TAILQ_FIRST(&b->banned); r != NULL; r = next) {
		next = TAILQ_NEXT(r, order);
		if (r->until_ms <= now_ms)
			record_move(b, r, false);
		else if (r->until_ms < b->first_end_ms)
			b->first_end_ms = r->until_ms;
	}
}

static bool
make_room(struct bans *b, uint64_t now_ms)
{
	if (b->count < BANS_ADDRESSES_MAX)
		return true;
	if (TAILQ_EMPTY(&b->watched) && b->first_end_ms <= now_ms)
		end_bans(b, now_ms);
	if (TAILQ_EMPTY(&b->watched))
		return false;
	record_free(b, TAILQ_FIRST(&b->watched));
	return true;
}

static struct record *
record_get(struct bans *b, const struct address *address, uint64_t now_ms)
{
	struct record *r = record_find(b, address);

	if (r != NULL || !make_room(b, now_ms) || (r = calloc(1, sizeof(*r))) == NULL)
		return r;
	r->address = address_source(address);
	r->scored_ms = now_ms;
	LIST_INSERT_HEAD(bucket_of(b, &r->address), r, link);
	TAILQ_INSERT_TAIL(&b->watched, r, order);
	b->count++;
	return r;
}

/* ---- the whole */

int
bans_new(struct bans **out, const struct ban_rules *rules)
{
	struct bans *b = calloc(1, sizeof(*b));

	*out = b;
	if (b == NULL)
		return ERR_MEMORY;
	b->rules = *rules;
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&b->buckets[i]);
	TAILQ_INIT(&b->watched);
	TAILQ_INIT(&b->banned);
	return 0;
}

static void
forget_all(struct bans *b)
{
	struct record *r;

	while ((r = TAILQ_FIRST(&b->watched)) != NULL)
		record_free(b, r);
	while ((r = TAILQ_FIRST(&b->banned)) != NULL)
		record_free(b, r);
}

void
bans_free(struct bans **bans)
{
	if (*bans == NULL)
		return;
	forget_all(*bans);
	free(*bans);
	*bans = NULL;
}

void
bans_set_rules(struct bans *b, const struct ban_rules *rules)
{
	b->rules = *rules;
	if (!rules->enabled)
		forget_all(b);
}

/* ---- scores */

/* Brings the score to the present. */
static void
score_sink(const struct bans *b, struct record *r, uint64_t now_ms)
{
	uint64_t passed = now_ms > r->scored_ms ? now_ms - r->scored_ms : 0, sunk;

	sunk = passed < b->rules.observation_ms
	    ? passed * b->rules.threshold * point / b->rules.observation_ms
	    : UINT64_MAX;
	r->score = r->score > sunk ? r->score - sunk : 0;
	r->scored_ms = now_ms;
}

/* Bans are forgotten when as much time as the longest of them takes was quiet. */
static void
begin_ban(struct bans *b, struct record *r, uint64_t now_ms)
{
	uint64_t length = b->rules.first_ms;

	if (r->until_ms + b->rules.most_ms <= now_ms)
		r->times = 0;
	for (unsigned i = 0; i < r->times && length < b->rules.most_ms; i++)
		length *= 2;
	r->times++;
	r->until_ms = now_ms + (length < b->rules.most_ms ? length : b->rules.most_ms);
	r->score = 0;
	if (r->until_ms < b->first_end_ms)
		b->first_end_ms = r->until_ms;
	record_move(b, r, true);
}

static struct ban
ban_of(const struct record *r, uint64_t now_ms)
{
	return (struct ban){ .network = { .network = r->address,
		.prefix = address_is_ipv4(&r->address) ? ADDRESS_BITS : IPV6_SOURCE_BITS },
		.times = r->times, .left_ms = r->until_ms - now_ms };
}

bool
bans_note(struct bans *b, const struct address *address, enum ban_event event, uint64_t now_ms,
	struct ban *out)
{
	uint64_t points = b->rules.scores[event] * point;
	struct record *r;

	if (!b->rules.enabled || points == 0 ||
	    (r = record_get(b, address, now_ms)) == NULL || r->until_ms > now_ms)
		return false;
	score_sink(b, r, now_ms);
	r->score += points;
	if (r->score < b->rules.threshold * point) {
		record_move(b, r, false);
		return false;
	}
	begin_ban(b, r, now_ms);
	*out = ban_of(r, now_ms);
	return true;
}

void
bans_login(struct bans *b, const struct address *address, uint64_t now_ms)
{
	struct record *r = record_find(b, address);
	uint64_t points = b->rules.login * point;

	if (r == NULL)
		return;
	score_sink(b, r, now_ms);
	r->score = r->score > points ? r->score - points : 0;
}

/* ---- bans */

static bool
manual_holds(const struct manual *m, uint64_t now_ms)
{
	return m->until_ms == 0 || m->until_ms > now_ms;
}

bool
bans_refuse(struct bans *b, const struct address *address, uint64_t now_ms)
{
	const struct record *r = record_find(b, address);

	if (r != NULL && r->until_ms > now_ms)
		return true;
	for (size_t i = 0; i < b->manual_count; i++) {
		if (cidr_has(&b->manual[i].network, address) && manual_holds(&b->manual[i], now_ms))
			return true;
	}
	return false;
}

/* The place of this network, or of one whose ban is over, or a new one; NULL: there is none. */
static struct manual *
manual_place(struct bans *b, const struct cidr *network, uint64_t now_ms)
{
	struct manual *free_one = NULL;

	for (size_t i = 0; i < b->manual_count; i++) {
		if (network_eq(&b->manual[i].network, network))
			return &b->manual[i];
		if (!manual_holds(&b->manual[i], now_ms))
			free_one = &b->manual[i];
	}
	if (free_one == NULL && b->manual_count < BANS_MANUAL_MAX)
		free_one = &b->manual[b->manual_count++];
	return free_one;
}

int
bans_put(struct bans *b, const struct ban *ban, uint64_t now_ms)
{
	struct manual *manual;
	struct record *r;

	if (ban->manual) {
		if ((manual = manual_place(b, &ban->network, now_ms)) == NULL)
			return ERR_LIMIT;
		manual->network = ban->network;
		manual->until_ms = ban->left_ms == 0 ? 0 : now_ms + ban->left_ms;
		return 0;
	}
	if (ban->left_ms == 0 || ban->times == 0)
		return ERR_INVALID;
	if (!b->rules.enabled)
		return 0;
	if ((r = record_get(b, &ban->network.network, now_ms)) == NULL)
		return b->count < BANS_ADDRESSES_MAX ? ERR_MEMORY : ERR_LIMIT;
	r->times = ban->times;
	/* the longest may have become shorter meanwhile */
	r->until_ms = now_ms +
	    (ban->left_ms < b->rules.most_ms ? ban->left_ms : b->rules.most_ms);
	b->first_end_ms = 0;
	record_move(b, r, true);
	return 0;
}

int
bans_lift(struct bans *b, const struct cidr *network, uint64_t now_ms)
{
	struct record *r = NULL;
	int err = ERR_NOT_FOUND;

	for (size_t i = 0; i < b->manual_count; i++) {
		if (!network_eq(&b->manual[i].network, network))
			continue;
		if (manual_holds(&b->manual[i], now_ms))
			err = 0;
		b->manual[i] = b->manual[--b->manual_count];
		break;
	}
	if (network->prefix == ADDRESS_BITS ||
	    (network->prefix == IPV6_SOURCE_BITS && !address_is_ipv4(&network->network)))
		r = record_find(b, &network->network);
	if (r != NULL && r->until_ms > now_ms)
		err = 0;
	if (r != NULL)
		record_free(b, r);
	return err;
}

void
bans_each(struct bans *b, uint64_t now_ms, void (*each)(void *ctx, const struct ban *ban),
	void *ctx)
{
	const struct record *r;

	for (size_t i = 0; i < b->manual_count; i++) {
		const struct manual *m = &b->manual[i];

		if (manual_holds(m, now_ms))
			each(ctx, &(struct ban){ .network = m->network, .manual = true,
				.left_ms = m->until_ms == 0 ? 0 : m->until_ms - now_ms });
	}
	TAILQ_FOREACH(r, &b->banned, order) {
		struct ban ban = ban_of(r, now_ms);

		if (r->until_ms > now_ms)
			each(ctx, &ban);
	}
}
