/*
 * role.h - how a process that the master executed begins: the nursery, the parking worker, the
 * HTTP worker. Called by their main functions, before anything else.
 */
#ifndef WORKER_ROLE_H
#define WORKER_ROLE_H

#include "base/err.h"

/*
 * Takes the title, does not outlive the master, and closes every descriptor but the standard three
 * and the one to the master. 0 or ERR_IO.
 */
MUST int role_begin(int argc, char **argv, const char *title);
/*
 * The master decides about the end, and a ^C on the terminal is for the master: all signals are
 * held but those of a fault, which ends the process. 0 or ERR_IO.
 */
MUST int role_hold_signals(void);
/* As many descriptors as may be. */
void role_raise_descriptor_limit(void);

#endif
