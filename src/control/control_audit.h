/*
 * control_audit.h - what the engine writes about each request that changes something. Private to
 * control*.c.
 */
#ifndef CONTROL_CONTROL_AUDIT_H
#define CONTROL_CONTROL_AUDIT_H

#include "control/control_actor.h"
#include "control/control_request.h"

/* Blocks. The codes of audit_store_add(). */
MUST int control_audit_write(const struct control_context *context, const struct control_row *row,
	const struct control_answer *answer, struct failure *failure);

#endif
