#include "master/access.h"

#include "base/clock.h"
#include "base/networks.h"
#include "master/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Refused connections have so many lines a second; the rest is counted. */
enum { REFUSAL_LINES = 20, REFUSAL_LINES_MS = 1000 };

struct access {
	struct master *master;
	struct networks allowed, denied; /* sftpd.allowed_addresses, sftpd.denied_addresses */
	struct networks proxies;         /* sftpd.proxy_allowed */
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
	networks_clear(&(*access)->proxies);
	free(*access);
	*access = NULL;
}

int
access_take_settings(struct access *a)
{
	const struct config_sftpd *sftpd = &a->master->config->sftpd;
	const struct {
		struct networks *list;
		const struct config_list *texts;
	} lists[] = {
		{ &a->allowed, &sftpd->allowed_addresses },
		{ &a->denied, &sftpd->denied_addresses },
		{ &a->proxies, &sftpd->proxy_allowed },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && err == 0; i++)
		err = networks_set(lists[i].list, lists[i].texts->items, lists[i].texts->count);
	return err;
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
	if (reason == REFUSAL_RULE || reason == REFUSAL_BAN)
		log_connection_failed(m->log, text, (struct view){ 0 }, "no_auth_tryed",
		    view_of(why));
	a->unlogged = 0;
}

/* Why an address may not come in at all; NULL when it may. */
static const char *
rule_against(struct access *a, const struct address *address, enum metric_refusal *reason_out)
{
	*reason_out = REFUSAL_RULE;
	if (networks_have(&a->denied, address))
		return "the address is in sftpd.denied_addresses";
	if (a->allowed.count > 0 && !networks_have(&a->allowed, address))
		return "the address is not in sftpd.allowed_addresses";
	*reason_out = REFUSAL_BAN;
	return banning_reason(a->master->banning, address);
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

/* Asks all there is to ask, and tells who is refused. `counted`: in all, as that of a proxy. */
static bool
admit(struct access *a, const struct address *address, bool counted)
{
	struct admission *admission = a->master->admission;
	enum metric_refusal reason;
	const char *rule = rule_against(a, address, &reason);
	enum admission_verdict verdict;

	if (rule != NULL) {
		refused(a, address, rule, reason);
		return false;
	}
	verdict = counted ? admission_place(admission, address, clock_mono_ms())
			  : admission_enter(admission, address, clock_mono_ms());
	if (verdict != ADMISSION_ACCEPTED)
		refused(a, address, admission_verdict_text(verdict), refusal_of(verdict));
	else
		banning_note(a->master->banning, address, BAN_CONNECTION);
	return verdict == ADMISSION_ACCEPTED;
}

/* A connection whose client is not known yet counts against the limits in all, and no others. */
static bool
admit_proxy(struct access *a, const struct address *proxy)
{
	enum admission_verdict verdict =
	    admission_enter(a->master->admission, NULL, clock_mono_ms());

	if (verdict != ADMISSION_ACCEPTED)
		refused(a, proxy, admission_verdict_text(verdict), refusal_of(verdict));
	return verdict == ADMISSION_ACCEPTED;
}

/* ---- connections */

void
access_accept(struct access *a, int fd, const struct sockaddr *sa)
{
	struct master *m = a->master;
	int mode = m->config->sftpd.proxy_protocol;
	enum proxy_use use = PROXY_OFF;
	struct address address;
	bool is_proxy, is_admitted;
	uint16_t port;

	if (address_from_sockaddr(sa, &address, &port) != 0) {
		close(fd);
		return;
	}
	is_proxy = mode != 0 && (a->proxies.count == 0 || networks_have(&a->proxies, &address));
	if (mode == 1)
		use = is_proxy ? PROXY_OPTIONAL : PROXY_SKIPPED;
	else if (mode == 2)
		use = PROXY_REQUIRED;
	if (use == PROXY_REQUIRED && !is_proxy) {
		refused(a, &address, "the address is not in sftpd.proxy_allowed", REFUSAL_RULE);
		is_admitted = false;
	} else {
		is_admitted = is_proxy ? admit_proxy(a, &address) : admit(a, &address, false);
	}
	if (!is_admitted)
		close(fd);
	else if (connection_begin(m, fd, &address, port, use) != 0)
		admission_leave(m->admission, is_proxy ? NULL : &address, false);
}

/*
 * The gate let this in once, first, and only of the worker of a proxy's connection: whom the proxy
 * speaks for is believed, as far as an address goes.
 */
int
on_client_address(struct connection *c, struct rd fields)
{
	struct access *a = c->master->access;
	struct ipc_client_address message;
	struct address address = c->address;
	int err = ipc_decode_client_address(fields, &message);

	if (err != 0)
		return err;
	if (message.known) {
		if (message.address.n != sizeof(address.bytes))
			return ERR_FORMAT;
		memcpy(address.bytes, message.address.p, sizeof(address.bytes));
	}
	if (!address_is_unicast(&address)) {
		refused(a, &c->address, "the proxy named an address that no client can have",
		    REFUSAL_RULE);
		connection_end(c);
		return 0;
	}
	if (!admit(a, &address, true)) {
		connection_end(c);
		return 0;
	}
	if (message.known) {
		char proxy[ADDRESS_TEXT_MAX];

		memcpy(proxy, c->address_text, sizeof(proxy));
		c->address = address;
		c->port = (uint16_t)message.port;
		address_text(&address, c->address_text);
		log_app(c->master->log, LOG_LEVEL_DEBUG, "sftpd", "",
		    "the proxy %s speaks for %s port %u", proxy, c->address_text, c->port);
	}
	c->awaits_proxy = false;
	c->login.gate.phase = PHASE_KEX;
	return 0;
}

bool
access_may_try(struct connection *c)
{
	struct access *a = c->master->access;
	enum metric_refusal reason;
	const char *rule = rule_against(a, &c->address, &reason);

	if (rule == NULL)
		return true;
	refused(a, &c->address, rule, reason);
	connection_end(c);
	return false;
}
