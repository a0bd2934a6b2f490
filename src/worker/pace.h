/*
 * pace.h - keeps the content of files to a rate in one direction: a bucket of tokens.
 *
 * The bucket holds a quarter of a second's worth, so that nothing goes in larger bursts. A piece
 * that is larger than what is left goes whole where it cannot be cut, and its debt is paid before
 * the next. It also notes what the session could use, for the master, which divides an account's
 * rate (BANDWIDTH_WANTED). The caller owns the clock; all of it costs nothing without a limit.
 * Called by session.c.
 */
#ifndef WORKER_PACE_H
#define WORKER_PACE_H

#include "sftp/sftp.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	PACE_DEPTH_MS = 250,
	PACE_WAKE_MS = 25, /* worth so much is waited for, rather than single bytes */
	PACE_REPORT_MS = 1000, /* of less use than before; of waiting, at once */
};

/* "All that there is." */
#define PACE_WANTED_ALL UINT64_MAX

struct pace {
	struct sftp_allowance allowance; /* what the servers may move now */
	uint64_t rate;                   /* bytes a second */
	uint64_t refilled_ms;
	uint64_t rest; /* of the last refill: thousandths of a byte */

	uint64_t wanted;    /* as it was reported last */
	uint64_t period_ms; /* the beginning of the time that is being judged */
	uint64_t period_moved; /* allowance.moved then */
	bool waited;           /* the rate was too low at some time since then */
};

/* With a limit, nothing may move before pace_set_rate() has given it a rate. */
void pace_init(struct pace *pace, bool limited, uint64_t now_ms);
/* What was saved under a higher rate is cut to the new depth. */
void pace_set_rate(struct pace *pace, bool limited, uint64_t rate, uint64_t now_ms);
/* Puts in what the time since the last call is worth. True when who was held may go on. */
bool pace_refill(struct pace *pace, uint64_t now_ms);
/* When pace_refill() or pace_report() has something to do; 0: never. */
uint64_t pace_deadline_ms(const struct pace *pace);
/* True when pace->wanted has changed: the master is to be told. */
bool pace_report(struct pace *pace, uint64_t now_ms);

#endif
