#include "master/banning.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/networks.h"
#include "master/bans_json.h"
#include "master/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 4 * 1024 * 1024, MS_PER_MINUTE = 60 * 1000 };

struct saving {
	uv_work_t work;
	char *path, *text;
	int err, error_number;
};

struct banning {
	struct master *master;
	struct bans *bans;
	struct networks spared, blocked; /* bans.allow_list, bans.block_list */
	bool changed;
	bool is_saving;
	struct saving saving;
};

static struct ban_rules
rules_of(const struct config *config)
{
	const struct config_bans *c = &config->bans;

	return (struct ban_rules){ .enabled = c->enabled, .threshold = (uint32_t)c->threshold,
		.observation_ms = (uint64_t)c->observation_minutes * MS_PER_MINUTE,
		.first_ms = (uint64_t)c->ban_minutes * MS_PER_MINUTE,
		.most_ms = (uint64_t)c->ban_minutes_max * MS_PER_MINUTE,
		.scores = { [BAN_UNKNOWN_USER] = (uint32_t)c->score_unknown_user,
			[BAN_BAD_CREDENTIAL] = (uint32_t)c->score_bad_credential,
			[BAN_BROKEN_PROTOCOL] = (uint32_t)c->score_broken_protocol,
			[BAN_CONNECTION] = (uint32_t)c->score_connection },
		.login = (uint32_t)c->score_login };
}

int
banning_new(struct banning **out, struct master *master)
{
	struct banning *b = calloc(1, sizeof(*b));
	struct ban_rules rules = rules_of(master->config);

	if (b != NULL)
		b->master = master;
	if (b == NULL || bans_new(&b->bans, &rules) != 0 || banning_take_settings(b) != 0) {
		banning_free(&b);
		return ERR_MEMORY;
	}
	*out = b;
	return 0;
}

void
banning_free(struct banning **banning)
{
	if (*banning == NULL)
		return;
	bans_free(&(*banning)->bans);
	networks_clear(&(*banning)->spared);
	networks_clear(&(*banning)->blocked);
	free(*banning);
	*banning = NULL;
}

int
banning_take_settings(struct banning *b)
{
	const struct config_bans *config = &b->master->config->bans;
	struct ban_rules rules = rules_of(b->master->config);
	int err;

	bans_set_rules(b->bans, &rules);
	err = networks_set(&b->spared, config->allow_list.items, config->allow_list.count);
	if (err == 0)
		err = networks_set(&b->blocked, config->block_list.items, config->block_list.count);
	return err;
}

/* ---- the file */

void
banning_load(struct banning *b)
{
	struct log *log = b->master->log;
	struct buf text = buf_init(FILE_BYTES_MAX);
	char *path = config_path(b->master->config, b->master->config->bans.state_file);
	json_t *list = NULL;
	int err = path == NULL ? ERR_MEMORY : path[0] == '\0' ? ERR_NOT_FOUND : 0;

	if (err == 0)
		err = fd_read_file(path, &text);
	if (err == 0) {
		list = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
		err = bans_from_json(b->bans, list, moment_now());
	}
	if (err != 0 && err != ERR_NOT_FOUND)
		log_app(log, LOG_LEVEL_ERROR, "service", "",
		    "bans.state_file: %s: not all bans of before the restart hold: %s", path,
		    err == ERR_IO ? strerror(errno) : err_text(err));
	json_decref(list);
	buf_free(&text);
	free(path);
}

/* Takes down what is to be written. False when there is nothing to do. */
static bool
saving_begin(struct banning *b)
{
	struct saving *s = &b->saving;
	json_t *list;

	if (!b->changed || b->is_saving || b->master->config->bans.state_file[0] == '\0')
		return false;
	list = bans_to_json(b->bans, moment_now());
	*s = (struct saving){ .path = config_path(b->master->config,
				  b->master->config->bans.state_file),
		.text = list == NULL ? NULL : json_dumps(list, JSON_COMPACT) };
	json_decref(list);
	b->changed = false;
	return true;
}

static void
saving_run(uv_work_t *work)
{
	struct saving *s = work->data;

	s->err = ERR_MEMORY;
	if (s->path != NULL && s->text != NULL)
		s->err = fd_write_file(s->path, 0600, view_of(s->text));
	s->error_number = errno;
}

static void
saving_end(struct banning *b)
{
	struct saving *s = &b->saving;

	if (s->err != 0)
		log_app(b->master->log, LOG_LEVEL_ERROR, "service", "",
		    "bans.state_file: %s: bans will not survive a restart: %s",
		    s->path != NULL ? s->path : "", s->err == ERR_IO ? strerror(s->error_number)
								     : err_text(s->err));
	free(s->path);
	free(s->text);
}

static void
saving_done(uv_work_t *work, int status)
{
	struct saving *s = work->data;
	struct banning *b = (struct banning *)(void *)((char *)s - offsetof(struct banning, saving));

	(void)status;
	b->is_saving = false;
	saving_end(b);
}

void
banning_save(struct banning *b)
{
	if (!saving_begin(b))
		return;
	b->saving.work.data = &b->saving;
	b->is_saving = true;
	if (uv_queue_work(&b->master->loop, &b->saving.work, saving_run, saving_done) != 0)
		bug("the thread pool takes no work");
}

void
banning_save_last(struct banning *b)
{
	if (!saving_begin(b))
		return;
	b->saving.work.data = &b->saving;
	saving_run(&b->saving.work);
	saving_end(b);
}

/* ---- connections */

const char *
banning_reason(struct banning *b, const struct address *address)
{
	if (networks_have(&b->spared, address))
		return NULL;
	if (networks_have(&b->blocked, address))
		return "the address is in bans.block_list";
	return bans_refuse(b->bans, address, clock_mono_ms()) ? "the address is banned" : NULL;
}

static const char *
event_text(enum ban_event event)
{
	switch (event) {
	case BAN_UNKNOWN_USER: return "a user that does not exist";
	case BAN_BAD_CREDENTIAL: return "a wrong password, code or key";
	case BAN_BROKEN_PROTOCOL: return "a client that does not speak SSH as it has to";
	case BAN_CONNECTION: return "one connection more";
	case BAN_NOTHING:
	case BAN_EVENTS: break;
	}
	return "";
}

void
banning_note(struct banning *b, const struct address *address, enum ban_event event)
{
	char network[NETWORK_TEXT_MAX];
	struct ban ban;

	if (networks_have(&b->spared, address) ||
	    !bans_note(b->bans, address, event, clock_mono_ms(), &ban))
		return;
	b->changed = true;
	log_app(b->master->log, LOG_LEVEL_WARN, "service", "",
	    "%s is banned for %" PRIu64 " minutes, for the %u. time: the last straw was %s",
	    network_text(&ban.network, network), ban.left_ms / MS_PER_MINUTE, ban.times,
	    event_text(event));
}

void
banning_login(struct banning *b, const struct address *address)
{
	bans_login(b->bans, address, clock_mono_ms());
}

/* ---- administrators */

static void
count_one(void *ctx, const struct ban *ban)
{
	(void)ban;
	++*(size_t *)ctx;
}

size_t
banning_count(struct banning *b)
{
	size_t n = 0;

	bans_each(b->bans, clock_mono_ms(), count_one, &n);
	return n;
}

json_t *
banning_list(struct banning *b)
{
	return bans_to_json(b->bans, moment_now());
}

int
banning_add(struct banning *b, const struct cidr *network, uint64_t for_ms)
{
	struct ban ban = { .network = *network, .manual = true, .left_ms = for_ms };
	char text[NETWORK_TEXT_MAX];
	int err;

	/* a wider network may be banned all the same: those on the list are spared in it */
	if (networks_have(&b->spared, &network->network) && network->prefix == 128)
		return ERR_DENIED;
	if ((err = bans_put(b->bans, &ban, clock_mono_ms())) != 0)
		return err;
	b->changed = true;
	banning_save(b);
	log_app(b->master->log, LOG_LEVEL_INFO, "service", "", "%s is banned by an administrator",
	    network_text(network, text));
	return 0;
}

int
banning_remove(struct banning *b, const struct cidr *network)
{
	char text[NETWORK_TEXT_MAX];
	int err = bans_lift(b->bans, network, clock_mono_ms());

	if (err != 0)
		return err;
	b->changed = true;
	banning_save(b);
	log_app(b->master->log, LOG_LEVEL_INFO, "service", "", "the ban of %s was lifted",
	    network_text(network, text));
	return 0;
}
