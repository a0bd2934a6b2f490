#include "master/metrics.h"

#include "master/process_metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

enum kind { COUNTER, GAUGE, HISTOGRAM };
enum label_set {
	NONE,
	METHOD,
	HANDSHAKE,
	REFUSAL,
	LEASE,
	PROGRAM,
	PROTOCOL,
	PROTOCOL_DIRECTION,
	ROLE,
};
enum { CELLS_MAX = 8, BUCKETS = 10 };

/* In milliseconds; one more bucket has no end. */
static const uint64_t bucket_ms[BUCKETS] = { 1, 5, 10, 50, 100, 250, 500, 1000, 2500, 10000 };

struct label {
	const char *name;
	const char *values[CELLS_MAX]; /* ends with NULL, unless it is full */
};

static const struct label none = { "", { "" } };
static const struct label method = { "method", { "password", "public_key",
	"keyboard_interactive" } };
static const struct label handshake = { "reason", { "no_version", "key_exchange", "no_login",
	"timeout" } };
static const struct label refusal = { "reason", { "rule", "ban", "total", "unauthenticated",
	"address", "penalty" } };
static const struct label lease = { "answer", { "at_once", "waited", "refused" } };
static const struct label program = { "result", { "ok", "exit_status", "failed", "timed_out",
	"too_much_output", "stopped" } };
static const struct label protocol = { "protocol", { "sftp", "scp", "ssh" } };
static const struct label direction = { "direction", { "download", "upload" } };
static const struct label role = { "role", { "login", "session", "parking", "http" } };

static const struct label *const sets[][2] = {
	[NONE] = { &none, &none },
	[METHOD] = { &method, &none },
	[HANDSHAKE] = { &handshake, &none },
	[REFUSAL] = { &refusal, &none },
	[LEASE] = { &lease, &none },
	[PROGRAM] = { &program, &none },
	[PROTOCOL] = { &protocol, &none },
	[PROTOCOL_DIRECTION] = { &protocol, &direction },
	[ROLE] = { &role, &none },
};

static const struct row {
	const char *name;
	enum kind kind;
	enum label_set labels;
	const char *help;
} rows[] = {
#define METRIC(ID, name, kind, labels, help) { name, kind, labels, help },
#include "master/metrics.def"
#undef METRIC
};

struct histogram {
	_Atomic uint64_t buckets[BUCKETS + 1]; /* each of its own range */
	_Atomic uint64_t sum_ms;
};

struct metrics {
	_Atomic uint64_t cells[METRIC_COUNT][CELLS_MAX];
	struct histogram histograms[METRIC_METHODS]; /* of METRIC_LOGIN_SECONDS, the only one */
};

int
metrics_new(struct metrics **out)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? 0 : ERR_MEMORY;
}

void
metrics_free(struct metrics **metrics)
{
	free(*metrics);
	*metrics = NULL;
}

/* ---- counting */

void
metrics_add(struct metrics *metrics, enum metric metric, unsigned label, uint64_t n)
{
	atomic_fetch_add_explicit(&metrics->cells[metric][label], n, memory_order_relaxed);
}

void
metrics_set(struct metrics *metrics, enum metric metric, unsigned label, uint64_t value)
{
	atomic_store_explicit(&metrics->cells[metric][label], value, memory_order_relaxed);
}

uint64_t
metrics_get(const struct metrics *metrics, enum metric metric, unsigned label)
{
	return atomic_load_explicit(&metrics->cells[metric][label], memory_order_relaxed);
}

void
metrics_login_took(struct metrics *metrics, enum metric_method by, uint64_t ms)
{
	struct histogram *h = &metrics->histograms[by];
	size_t bucket = 0;

	while (bucket < BUCKETS && ms > bucket_ms[bucket])
		bucket++;
	atomic_fetch_add_explicit(&h->buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_ms, ms, memory_order_relaxed);
}

void
metrics_login(struct metrics *metrics, enum metric_method by, bool ok)
{
	static const enum metric attempts[] = { METRIC_PASSWORD_ATTEMPTS, METRIC_KEY_ATTEMPTS,
		METRIC_INTERACTIVE_ATTEMPTS };
	static const enum metric good[] = { METRIC_PASSWORD_OK, METRIC_KEY_OK,
		METRIC_INTERACTIVE_OK };
	static const enum metric bad[] = { METRIC_PASSWORD_KO, METRIC_KEY_KO,
		METRIC_INTERACTIVE_KO };

	metrics_add(metrics, METRIC_LOGIN_ATTEMPTS, 0, 1);
	metrics_add(metrics, attempts[by], 0, 1);
	metrics_add(metrics, ok ? METRIC_LOGIN_OK : METRIC_LOGIN_KO, 0, 1);
	metrics_add(metrics, ok ? good[by] : bad[by], 0, 1);
}

void
metrics_transfer(
	struct metrics *metrics, unsigned by_protocol, bool upload, bool failed, uint64_t bytes)
{
	static const enum metric done[2][2] = {
		{ METRIC_DOWNLOADS, METRIC_DOWNLOAD_ERRORS },
		{ METRIC_UPLOADS, METRIC_UPLOAD_ERRORS },
	};

	metrics_add(metrics, done[upload][failed], 0, 1);
	metrics_add(metrics, upload ? METRIC_UPLOAD_SIZE : METRIC_DOWNLOAD_SIZE, 0, bytes);
	metrics_add(metrics, METRIC_BYTES, by_protocol * 2 + upload, bytes);
}

void
metrics_command(struct metrics *metrics, bool ok)
{
	metrics_add(metrics, ok ? METRIC_COMMANDS : METRIC_COMMAND_ERRORS, 0, 1);
}

void
metrics_http(struct metrics *metrics, int status)
{
	metrics_add(metrics, METRIC_HTTP_REQUESTS, 0, 1);
	if (status >= 200 && status < 300)
		metrics_add(metrics, METRIC_HTTP_OK, 0, 1);
	else if (status >= 400 && status < 500)
		metrics_add(metrics, METRIC_HTTP_CLIENT_ERRORS, 0, 1);
	else if (status >= 500)
		metrics_add(metrics, METRIC_HTTP_SERVER_ERRORS, 0, 1);
}

/* ---- writing */

static unsigned
value_count(const struct label *label)
{
	unsigned n = 0;

	while (n < CELLS_MAX && label->values[n] != NULL)
		n++;
	return n;
}

static void
write_cells(const struct metrics *metrics, size_t number, struct buf *out)
{
	const struct label *first = sets[rows[number].labels][0];
	const struct label *second = sets[rows[number].labels][1];
	unsigned count = value_count(first), inner = value_count(second);

	for (unsigned i = 0; i < count * inner; i++) {
		buf_text(out, rows[number].name);
		if (first != &none)
			buf_printf(out, "{%s=\"%s\"", first->name, first->values[i / inner]);
		if (second != &none)
			buf_printf(out, ",%s=\"%s\"", second->name, second->values[i % inner]);
		buf_printf(out, "%s %" PRIu64 "\n", first != &none ? "}" : "",
		    metrics_get(metrics, (enum metric)number, i));
	}
}

/* The base unit of time is the second; a float would not hold what integers count. */
static void
write_seconds(uint64_t ms, struct buf *out)
{
	buf_printf(out, "%" PRIu64 ".%03u", ms / 1000, (unsigned)(ms % 1000));
}

static void
write_histogram(const struct metrics *metrics, size_t number, struct buf *out)
{
	const char *name = rows[number].name;
	const struct label *label = sets[rows[number].labels][0];

	for (unsigned i = 0; i < value_count(label); i++) {
		const struct histogram *h = &metrics->histograms[i];
		uint64_t count = 0;

		for (size_t b = 0; b <= BUCKETS; b++) {
			count += h->buckets[b];
			buf_printf(out, "%s_bucket{%s=\"%s\",le=\"", name, label->name,
			    label->values[i]);
			if (b < BUCKETS)
				write_seconds(bucket_ms[b], out);
			buf_printf(out, "%s\"} %" PRIu64 "\n", b < BUCKETS ? "" : "+Inf", count);
		}
		buf_printf(out, "%s_sum{%s=\"%s\"} ", name, label->name, label->values[i]);
		write_seconds(h->sum_ms, out);
		buf_printf(out, "\n%s_count{%s=\"%s\"} %" PRIu64 "\n", name, label->name,
		    label->values[i], count);
	}
}

void
metrics_write(const struct metrics *metrics, struct buf *out)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };

	for (size_t i = 0; i < METRIC_COUNT; i++) {
		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", rows[i].name, rows[i].help,
		    rows[i].name, kinds[rows[i].kind]);
		if (rows[i].kind == HISTOGRAM)
			write_histogram(metrics, i, out);
		else
			write_cells(metrics, i, out);
	}
	process_metrics_write(out);
}
