/*
 * workers.h - what the master does when a nursery or a worker begins or ends: accepting goes on or
 * waits, a death by a signal is logged, counted and its address penalised. Private to master/.
 */
#ifndef MASTER_WORKERS_H
#define MASTER_WORKERS_H

#include "master/master.h"
#include "master/nurseries.h"

struct master;

/* What the events work with; outlives the nurseries. */
struct workers {
	struct master *master;
	const struct master_options *options;
	bool accepting; /* a nursery has been ready once */
};

/* For nurseries_new(). */
struct nurseries_events workers_events(struct workers *workers);

#endif
