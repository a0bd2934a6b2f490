/*
 * control_hooks.h - what the control door (control.h) can see and do of the running server: its
 * sessions, its numbers, and the end of a session. Private to master/.
 */
#ifndef MASTER_CONTROL_HOOKS_H
#define MASTER_CONTROL_HOOKS_H

#include "control/control_request.h"

struct master;

/* For the engine; the master must outlive it. */
struct control_hooks control_hooks_of(struct master *master);

#endif
