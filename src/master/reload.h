/*
 * reload.h - reads the configuration again while the server runs.
 *
 * Files are read and keys parsed on the thread pool; what they say is put into effect on the
 * master's loop, all of it or nothing: a mistake anywhere leaves everything as it was. Connections
 * that are there keep what they began with. Settings that only a restart can change are named in
 * the log, and stay. Private to master/.
 */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include "base/err.h"
#include "config/config.h"
#include "master/admission.h"

struct master;
struct reload;

/*
 * `config` is what the master runs with, and is changed by a reload. Of the request `home` and the
 * environment are borrowed. Frees with reload_free(), when nothing of it runs on the pool any more.
 */
MUST int reload_new(struct reload **out, struct master *master, struct config *config,
	const struct config_request *request);
void reload_free(struct reload **reload);
/* Begins; one that runs is followed by another, so that the last state of the files counts. */
void reload_start(struct reload *reload);

/* Writes to the log which host keys are shown, and whose certificates let users in. */
void reload_tell_keys(struct master *master, const char *sender);
/* The limits of a configuration. */
struct admission_limits reload_admission_limits(const struct config *config);

#endif
