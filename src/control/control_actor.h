/*
 * control_actor.h - who makes a control request, and from where. Filled by a door once it knows,
 * and never from what the request says.
 */
#ifndef CONTROL_CONTROL_ACTOR_H
#define CONTROL_CONTROL_ACTOR_H

#include "base/address.h"

#include <stdint.h>

enum control_actor_kind {
	ACTOR_HOST,          /* a user of this machine, over the control socket */
	ACTOR_LOCAL,         /* somebody on this machine over HTTP, where no password is asked */
	ACTOR_BASIC,         /* a user of the file that the setting auth_user_file names */
	ACTOR_ADMINISTRATOR,
	ACTOR_KEY,           /* an API key of an administrator */
};

enum { ACTOR_NAME_MAX = 256, ACTOR_KEY_NAME_MAX = 65 };

struct control_actor {
	enum control_actor_kind kind;
	char name[ACTOR_NAME_MAX];     /* of the user or the administrator */
	char key[ACTOR_KEY_NAME_MAX];  /* of an API key; else "" */
	char origin[ADDRESS_TEXT_MAX]; /* the address, or "local" */
	uint32_t areas;                /* bits 1 << enum control_area */
};

/* "host", "local", "basic", "administrator", "key". */
const char *control_actor_kind_text(enum control_actor_kind kind);

#endif
