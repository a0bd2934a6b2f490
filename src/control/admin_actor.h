/*
 * admin_actor.h - from an administrator who has proved who it is to the actor of a control request.
 * Blocks, for the thread pool. Used by the doors.
 */
#ifndef CONTROL_ADMIN_ACTOR_H
#define CONTROL_ADMIN_ACTOR_H

#include "accounts/accounts.h"
#include "control/control_actor.h"

/*
 * See admin_login(). The actor is filled in when the verdict is ADMIN_WELCOME, and only then: a
 * key's areas are those that both the key and its administrator have.
 */
enum admin_verdict admin_actor(struct admin_store *store, const struct admin_claim *claim,
	const struct password_cost *cost, struct control_actor *out, struct failure *failure);

#endif
