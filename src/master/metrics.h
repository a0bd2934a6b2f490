/*
 * metrics.h - the numbers that the server counts, and the text that shows them.
 *
 * metrics.def lists all of them. Counting is one atomic addition and may be done on any thread.
 * The text is that of Prometheus (text format 0.0.4). Nothing here looks at the server: gauges are
 * set by whoever knows. Private to master/.
 */
#ifndef MASTER_METRICS_H
#define MASTER_METRICS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric {
#define METRIC(ID, name, kind, labels, help) METRIC_##ID,
#include "master/metrics.def"
#undef METRIC
	METRIC_COUNT,
};

/* The values of labels. Of two labels, the number is that of the first times the second's count. */
enum metric_method { METRIC_PASSWORD, METRIC_PUBLIC_KEY, METRIC_INTERACTIVE, METRIC_METHODS };
enum metric_handshake {
	HANDSHAKE_NO_VERSION,   /* the client never said who it is */
	HANDSHAKE_KEY_EXCHANGE, /* no keys were agreed on */
	HANDSHAKE_NO_LOGIN,     /* there were keys, and nobody tried to log in */
	HANDSHAKE_TIMEOUT,
	HANDSHAKE_REASONS,
};
enum metric_refusal {
	REFUSAL_RULE,
	REFUSAL_BAN,
	REFUSAL_TOTAL,
	REFUSAL_UNAUTHENTICATED,
	REFUSAL_ADDRESS,
	REFUSAL_PENALTY,
	REFUSAL_REASONS,
};
enum metric_program {
	METRIC_PROGRAM_OK,
	METRIC_PROGRAM_EXIT_STATUS, /* another than 0, or a signal */
	METRIC_PROGRAM_FAILED,
	METRIC_PROGRAM_TIMED_OUT,
	METRIC_PROGRAM_TALKED,
	METRIC_PROGRAM_STOPPED,
};
enum metric_lease { METRIC_LEASE_AT_ONCE, METRIC_LEASE_WAITED, METRIC_LEASE_REFUSED };
enum metric_role {
	METRIC_ROLE_LOGIN,
	METRIC_ROLE_SESSION,
	METRIC_ROLE_PARKING,
	METRIC_ROLE_HTTP,
	METRIC_ROLES,
};
enum { METRIC_PROTOCOLS = 3 }; /* enum connection_protocol */

struct metrics;

MUST int metrics_new(struct metrics **out);
void metrics_free(struct metrics **metrics);

/* Without labels, or with the value of the label. */
void metrics_add(struct metrics *metrics, enum metric metric, unsigned label, uint64_t n);
void metrics_set(struct metrics *metrics, enum metric metric, unsigned label, uint64_t value);
uint64_t metrics_get(const struct metrics *metrics, enum metric metric, unsigned label);

/* How long an authentication request took; it may have been none that counts as an attempt. */
void metrics_login_took(struct metrics *metrics, enum metric_method method, uint64_t ms);
/* What several of them count. */
void metrics_login(struct metrics *metrics, enum metric_method method, bool ok);
void metrics_transfer(
	struct metrics *metrics, unsigned protocol, bool upload, bool failed, uint64_t bytes);
void metrics_command(struct metrics *metrics, bool ok);
/* The HTTP status that was answered with. */
void metrics_http(struct metrics *metrics, int status);

/* Appends all of them, and those of the process (process_metrics.h). */
void metrics_write(const struct metrics *metrics, struct buf *out);

#endif
