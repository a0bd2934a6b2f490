#include "control/admin_actor.h"

#include "control/control_area.h"

#include <stdio.h>

/* What a later version stored and this one does not know is no area. */
static uint32_t
areas_of(const json_t *list)
{
	uint32_t areas;

	return control_areas_from_json(list, &areas) == 0 ? areas : 0;
}

enum admin_verdict
admin_actor(struct admin_store *store, const struct admin_claim *claim,
	const struct password_cost *cost, struct control_actor *out, struct failure *failure)
{
	struct admin_login login;
	enum admin_verdict verdict = admin_login(store, claim, cost, &login, failure);
	bool by_key = login.key_areas != NULL;

	*out = (struct control_actor){ .kind = by_key ? ACTOR_KEY : ACTOR_ADMINISTRATOR };
	if (verdict == ADMIN_WELCOME) {
		snprintf(out->name, sizeof(out->name), "%s", login.username);
		snprintf(out->key, sizeof(out->key), "%s", login.key);
		address_text(&claim->address, out->origin);
		out->areas = areas_of(login.areas);
		if (by_key)
			out->areas &= areas_of(login.key_areas);
	}
	admin_login_free(&login);
	return verdict;
}
