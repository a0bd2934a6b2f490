/*
 * process_metrics.h - the process_ numbers that Prometheus' client libraries show, of the master.
 */
#ifndef MASTER_PROCESS_METRICS_H
#define MASTER_PROCESS_METRICS_H

#include "base/buf.h"

/* Appends them; one that the system does not tell is left out. Reads /proc, does not block. */
void process_metrics_write(struct buf *out);

#endif
