/*
 * program.h - runs programs of the administrator: those that decide about logins.
 *
 * No program is a child of the master, and the master holds no pipe of one: each gets a supervisor,
 * this server's binary executed anew, which starts it without a shell, passes its input and output
 * on as messages, and kills it with everything that it started when its time is over or when it is
 * not wanted any more. A program finds the server's environment but for what is called SFTPGO_...,
 * which may hold secrets of the configuration, and the variables of the request. Only so many run
 * at once, and only half of them (at least one) for one source of connections: a dialogue lasts as
 * long as its client lets it. The rest wait in line. Nothing here blocks the loop. Private to
 * master/.
 */
#ifndef MASTER_PROGRAM_H
#define MASTER_PROGRAM_H

#include "base/address.h"
#include "base/buf.h"
#include "base/err.h"
#include "master/metrics.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct programs;
struct program;

enum { PROGRAM_INPUT_MAX = 16512 }; /* bytes of one program_write() */

enum program_outcome {
	PROGRAM_FAILED = 0, /* it was not started, or lost: `status` is an errno, or 0 */
	PROGRAM_EXITED,     /* `status` as from waitpid(2) */
	PROGRAM_TIMED_OUT,  /* killed */
	PROGRAM_TALKED,     /* it wrote more than output_max: killed */
	PROGRAM_STOPPED,    /* by program_stop(), or the server goes down: killed */
};

struct program_end {
	enum program_outcome outcome;
	int status;
	struct view errors; /* the end of what it wrote to standard error: any bytes */
};

struct program_request {
	const char *path;             /* absolute */
	const char *const *variables; /* "NAME=value", ended by NULL */
	uint32_t limit_ms;            /* from its start, not counting the time in line */
	uint64_t output_max;
	struct address source; /* address_source() of the client that it is about */
	bool without_input;    /* its standard input is empty; else program_write() fills it */
	void *ctx;
	/* Standard output, in pieces as they come. */
	void (*output)(void *ctx, struct view bytes);
	/* Once, and last: the program is gone and the pointer to it not valid any more. */
	void (*ended)(void *ctx, const struct program_end *end);
};

MUST int programs_new(struct programs **out, uv_loop_t *loop, unsigned at_once);
/* Also while programs run: a lower number waits until enough have ended. */
void programs_set_limit(struct programs *programs, unsigned at_once);
/* Ends all. *programs may be NULL, and is NULL afterwards. */
void programs_free(struct programs **programs);

/* Copies the request, whose callbacks come from the loop, never from here. ERR_MEMORY. */
MUST int program_start(struct programs *programs, const struct program_request *request,
    struct program **out);
/*
 * Writes to its standard input, which is closed behind the `last`. At most PROGRAM_INPUT_MAX bytes.
 * ERR_AGAIN when the program has not taken what it got before; ERR_EOF when it is gone, or waits in
 * line still.
 */
MUST int program_write(struct program *program, struct view bytes, bool last);
/* Kills it; `ended` is called at once. *program may be NULL, and is NULL afterwards. */
void program_stop(struct program **program);

/* --- program_end.c --- */

/* "exit status 1: cannot reach the directory": for the log. */
void program_end_text(const struct program_end *end, struct buf *out);
/* Counts how it ended. */
void program_end_count(const struct program_end *end, struct metrics *metrics);

#endif
