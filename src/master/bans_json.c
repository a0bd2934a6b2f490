#include "master/bans_json.h"

#include "base/clock.h"
#include "base/networks.h"

#include <limits.h>

static const int64_t latest_ms = INT64_C(253402300799999); /* the end of the year 9999 */

struct moment
moment_now(void)
{
	return (struct moment){ .mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms() };
}

struct writing {
	json_t *list;
	int64_t wall_ms;
	bool failed;
};

static void
write_ban(void *ctx, const struct ban *ban)
{
	struct writing *w = ctx;
	char network[NETWORK_TEXT_MAX];
	json_int_t until = ban->left_ms == 0 ? 0 : w->wall_ms + (json_int_t)ban->left_ms;

	if (json_array_append_new(w->list, json_pack("{s:s, s:I, s:b, s:i}", "network",
		network_text(&ban->network, network), "until", until, "manual", ban->manual, "times",
		(int)ban->times)) != 0)
		w->failed = true;
}

json_t *
bans_to_json(struct bans *bans, struct moment now)
{
	struct writing w = { .list = json_array(), .wall_ms = now.wall_ms };

	bans_each(bans, now.mono_ms, write_ban, &w);
	if (w.failed) {
		json_decref(w.list);
		return NULL;
	}
	return w.list;
}

static int
read_ban(struct bans *bans, const json_t *object, struct moment now)
{
	const char *network = json_string_value(json_object_get(object, "network"));
	const json_t *until = json_object_get(object, "until");
	json_int_t times = json_integer_value(json_object_get(object, "times"));
	struct ban ban = { .manual = json_is_true(json_object_get(object, "manual")) };

	if (network == NULL || network_parse(network, &ban.network) != 0 ||
	    !json_is_integer(until) || json_integer_value(until) < 0 ||
	    json_integer_value(until) > latest_ms || times < 0 || times > INT_MAX)
		return ERR_FORMAT;
	ban.times = (unsigned)times;
	if (json_integer_value(until) != 0 && json_integer_value(until) <= now.wall_ms)
		return 0;
	if (json_integer_value(until) != 0)
		ban.left_ms = (uint64_t)(json_integer_value(until) - now.wall_ms);
	return bans_put(bans, &ban, now.mono_ms);
}

int
bans_from_json(struct bans *bans, const json_t *list, struct moment now)
{
	int err = json_is_array(list) ? 0 : ERR_FORMAT;

	for (size_t i = 0; i < json_array_size(list) && err == 0; i++)
		err = read_ban(bans, json_array_get(list, i), now);
	return err;
}
