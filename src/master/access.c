#include "master/access.h"

#include "base/clock.h"
#include "base/networks.h"
#include "master/state.h"

#include <stdlib.h>
#include <unistd.h>

/* Refused connections have so many lines a second; the rest is counted. */
enum { REFUSAL_LINES = 20, REFUSAL_LINES_MS = 1000 };

struct access {
	struct master *master;
	struct networks allowed, denied; /* sftpd.allowed_addresses, sftpd.denied_addresses */
	uint64_t lines_since_ms;
	unsigned lines, unlogged;
};

int
access_new(struct access **out, struct master *master)
{
	struct access *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->master = master;
	if (a == NULL || access_take_settings(a) != 0) {
		access_free(&a);
		return ERR_MEMORY;
	}
	*out = a;
	return 0;
}

void
access_free(struct access **access)
{
	if (*access == NULL)
		return;
	networks_clear(&(*access)->allowed);
	networks_clear(&(*access)->denied);
	free(*access);
	*access = NULL;
}

int
access_take_settings(struct access *a)
{
	const struct config_sftpd *sftpd = &a->master->config->sftpd;
	const struct config_list *allowed = &sftpd->allowed_addresses;
	const struct config_list *denied = &sftpd->denied_addresses;
	int err = networks_set(&a->allowed, allowed->items, allowed->count);

	return err == 0 ? networks_set(&a->denied, denied->items, denied->count) : err;
}

/* ---- refusals */

/* True when there is room for another line about refused connections. */
static bool
may_log(struct access *a, uint64_t now_ms)
{
	if (now_ms - a->lines_since_ms >= REFUSAL_LINES_MS) {
		a->lines_since_ms = now_ms;
		a->lines = 0;
	}
	if (a->lines < REFUSAL_LINES)
		return ++a->lines, true;
	a->unlogged++;
	return false;
}

/* Refused for who it is, or because the server is full. */
static void
refused(struct access *a, const struct address *address, const char *why,
	enum metric_refusal reason)
{
	struct master *m = a->master;
	char text[ADDRESS_TEXT_MAX];

	metrics_add(m->metrics, METRIC_REFUSED, reason, 1);
	if (!may_log(a, clock_mono_ms()))
		return;
	address_text(address, text);
	log_app(m->log, LOG_LEVEL_WARN, "service", "",
	    "refused a connection from %s: %s (%u more were refused without a line)", text, why,
	    a->unlogged);
	if (reason == REFUSAL_RULE)
		log_connection_failed(m->log, text, (struct view){ 0 }, "no_auth_tryed",
		    view_of(why));
	a->unlogged = 0;
}

/* Why an address may not come in at all; NULL when it may. */
static const char *
rule_against(const struct access *a, const struct address *address)
{
	if (networks_have(&a->denied, address))
		return "the address is in sftpd.denied_addresses";
	if (a->allowed.count > 0 && !networks_have(&a->allowed, address))
		return "the address is not in sftpd.allowed_addresses";
	return NULL;
}

static enum metric_refusal
refusal_of(enum admission_verdict verdict)
{
	switch (verdict) {
	case ADMISSION_REFUSED_UNAUTHENTICATED: return REFUSAL_UNAUTHENTICATED;
	case ADMISSION_REFUSED_ADDRESS: return REFUSAL_ADDRESS;
	case ADMISSION_REFUSED_PENALTY: return REFUSAL_PENALTY;
	case ADMISSION_REFUSED_TOTAL:
	case ADMISSION_ACCEPTED: break;
	}
	return REFUSAL_TOTAL;
}

void
access_accept(struct access *a, int fd, const struct sockaddr *sa)
{
	struct master *m = a->master;
	enum admission_verdict verdict;
	struct address address;
	const char *rule;
	uint16_t port;

	if (address_from_sockaddr(sa, &address, &port) != 0) {
		close(fd);
		return;
	}
	if ((rule = rule_against(a, &address)) != NULL) {
		close(fd);
		refused(a, &address, rule, REFUSAL_RULE);
		return;
	}
	verdict = admission_enter(m->admission, &address, clock_mono_ms());
	if (verdict != ADMISSION_ACCEPTED) {
		close(fd);
		refused(a, &address, admission_verdict_text(verdict), refusal_of(verdict));
		return;
	}
	if (connection_begin(m, fd, &address, port) != 0)
		admission_leave(m->admission, &address, false);
}
