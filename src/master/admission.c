#include "master/admission.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { BUCKETS = 1024, PENALTY_DOUBLINGS_MAX = 4 };

struct source {
	LIST_ENTRY(source) link;
	struct address address;
	uint32_t unauthenticated;
	uint32_t penalties;      /* how many so far, as long as the record lives */
	uint64_t refused_until_ms;
};

LIST_HEAD(source_list, source);

struct admission {
	struct admission_limits limits;
	struct source_list buckets[BUCKETS];
	uint32_t sources; /* records in all buckets */
	uint32_t unauthenticated;
	uint32_t connections;
};

int
admission_new(struct admission **out, const struct admission_limits *limits)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ERR_MEMORY;
	(*out)->limits = *limits;
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&(*out)->buckets[i]);
	return 0;
}

void
admission_set_limits(struct admission *a, const struct admission_limits *limits)
{
	a->limits = *limits;
}

static struct source_list *
bucket_of(struct admission *a, const struct address *address)
{
	/* An attacker who fills one bucket meets the cap on unauthenticated connections. */
	return &a->buckets[address_hash(address) % BUCKETS];
}

static struct source *
source_find(struct admission *a, const struct address *address)
{
	struct address key = address_source(address);
	struct source *s;

	LIST_FOREACH(s, bucket_of(a, &key), link) {
		if (address_eq(&s->address, &key))
			return s;
	}
	return NULL;
}

static struct source *
source_get(struct admission *a, const struct address *address)
{
	struct source *s = source_find(a, address);
	struct address key = address_source(address);

	if (s != NULL || (s = calloc(1, sizeof(*s))) == NULL)
		return s;
	s->address = key;
	LIST_INSERT_HEAD(bucket_of(a, &key), s, link);
	a->sources++;
	return s;
}

static void
source_free(struct admission *a, struct source *s)
{
	LIST_REMOVE(s, link);
	free(s);
	a->sources--;
}

/* A record is kept while it counts something, or while its penalty is not over. */
static void
source_release(struct admission *a, struct source *s)
{
	if (s->unauthenticated == 0 && s->penalties == 0)
		source_free(a, s);
}

void
admission_free(struct admission **admission)
{
	struct source *s;

	if (*admission == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((s = LIST_FIRST(&(*admission)->buckets[i])) != NULL)
			source_free(*admission, s);
	}
	free(*admission);
	*admission = NULL;
}

enum admission_verdict
admission_place(struct admission *a, const struct address *address, uint64_t now_ms)
{
	struct source *s = source_find(a, address);

	if (s != NULL && s->refused_until_ms > now_ms)
		return ADMISSION_REFUSED_PENALTY;
	if (s != NULL && s->unauthenticated >= a->limits.unauthenticated_per_address)
		return ADMISSION_REFUSED_ADDRESS;
	if ((s = source_get(a, address)) == NULL)
		return ADMISSION_REFUSED_TOTAL;
	s->unauthenticated++;
	return ADMISSION_ACCEPTED;
}

enum admission_verdict
admission_enter(struct admission *a, const struct address *address, uint64_t now_ms)
{
	enum admission_verdict verdict = ADMISSION_ACCEPTED;

	if (a->limits.connections != 0 && a->connections >= a->limits.connections)
		return ADMISSION_REFUSED_TOTAL;
	if (a->unauthenticated >= a->limits.unauthenticated)
		return ADMISSION_REFUSED_UNAUTHENTICATED;
	if (address != NULL)
		verdict = admission_place(a, address, now_ms);
	if (verdict == ADMISSION_ACCEPTED) {
		a->unauthenticated++;
		a->connections++;
	}
	return verdict;
}

void
admission_authenticated(struct admission *a, const struct address *address)
{
	struct source *s = address == NULL ? NULL : source_find(a, address);

	if ((address != NULL && (s == NULL || s->unauthenticated == 0)) || a->unauthenticated == 0)
		bug("an address that did not connect");
	a->unauthenticated--;
	if (s != NULL) {
		s->unauthenticated--;
		source_release(a, s);
	}
}

void
admission_leave(struct admission *a, const struct address *address, bool authenticated)
{
	if (!authenticated)
		admission_authenticated(a, address);
	if (a->connections == 0)
		bug("more connections left than came");
	a->connections--;
}

/* Makes room for another penalty by forgetting those that are over. */
static void
forget_old_penalties(struct admission *a, uint64_t now_ms)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct source *s = LIST_FIRST(&a->buckets[i]), *next;

		for (; s != NULL; s = next) {
			next = LIST_NEXT(s, link);
			if (s->penalties > 0 && s->refused_until_ms <= now_ms) {
				s->penalties = 0;
				source_release(a, s);
			}
		}
	}
}

void
admission_penalise(struct admission *a, const struct address *address, uint64_t now_ms)
{
	struct source *s;
	uint32_t doublings;

	if (a->limits.penalty_ms == 0)
		return;
	if (a->sources >= ADMISSION_PENALTIES_MAX)
		forget_old_penalties(a, now_ms);
	if (a->sources >= ADMISSION_PENALTIES_MAX && source_find(a, address) == NULL)
		return;
	if ((s = source_get(a, address)) == NULL)
		return;
	doublings = s->penalties < PENALTY_DOUBLINGS_MAX ? s->penalties : PENALTY_DOUBLINGS_MAX;
	s->penalties++;
	s->refused_until_ms = now_ms + ((uint64_t)a->limits.penalty_ms << doublings);
}

const char *
admission_verdict_text(enum admission_verdict verdict)
{
	switch (verdict) {
	case ADMISSION_REFUSED_TOTAL: return "too many connections";
	case ADMISSION_REFUSED_UNAUTHENTICATED:
		return "too many connections that have not logged in";
	case ADMISSION_REFUSED_ADDRESS:
		return "too many connections of this address that have not logged in";
	case ADMISSION_REFUSED_PENALTY: return "the address is penalised";
	case ADMISSION_ACCEPTED: return "accepted";
	}
	return "refused";
}

uint32_t
admission_unauthenticated(const struct admission *admission)
{
	return admission->unauthenticated;
}
