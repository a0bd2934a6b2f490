/*
 * availability.h - does the data provider answer: asked every 30 seconds on the thread pool, and
 * not waited for longer than 10.
 *
 * The answer is master->provider_available, which status, metrics and REST read on the loop; the
 * gauge of the metrics is set as well. The log says when it changes. Settings of a database that
 * wait until they work (provider_change()) are tried each time. Private to master/.
 */
#ifndef MASTER_AVAILABILITY_H
#define MASTER_AVAILABILITY_H

#include "base/err.h"

struct availability;
struct master;

/* Begins with what master->provider_available says. ERR_MEMORY. */
MUST int availability_new(struct availability **out, struct master *master);
/* Asks now, or once more when it is being asked. */
void availability_ask(struct availability *availability);
/* Asks no more. NULL is allowed. */
void availability_stop(struct availability *availability);
/* When the loop has ended, and nothing of it runs on the pool any more. */
void availability_free(struct availability **availability);

#endif
