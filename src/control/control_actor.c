#include "control/control_actor.h"

const char *
control_actor_kind_text(enum control_actor_kind kind)
{
	static const char *const texts[] = { "host", "local", "basic", "administrator", "key" };

	return texts[kind];
}
