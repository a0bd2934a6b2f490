#include "master/reload.h"

#include "crypto/crypto.h"
#include "master/open_provider.h"
#include "master/ssh_setup.h"
#include "master/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINES_MAX = 256 * 1024 };

/* What one reading makes, on the thread pool. */
struct reading {
	struct config *config;
	struct host_keys *keys;         /* as they are in the files now */
	struct host_keys *present_keys; /* as they are in use; one owner of them */
	struct user_authorities *authorities;
	struct buf setup;               /* for the nurseries */
	struct buf mistakes, warnings;  /* lines for the log */
	int err;
};

struct reload {
	uv_work_t work;
	struct master *master;
	struct config *config;
	struct config_request request;
	char *config_file; /* of the request; a copy, since the process title takes the arguments */
	struct reading reading;
	bool running, again;
};

struct admission_limits
reload_admission_limits(const struct config *config)
{
	const struct config_limits *limits = &config->limits;

	return (struct admission_limits){
		.unauthenticated = (uint32_t)limits->max_unauthenticated,
		.unauthenticated_per_address = (uint32_t)limits->max_unauthenticated_per_address,
		.connections = (uint32_t)limits->max_connections,
		.penalty_ms = (uint32_t)limits->penalty_seconds * 1000 };
}

/* ---- reading, on the thread pool */

static bool
lists_equal(const struct config_list *a, const struct config_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

static int
read_settings(const struct reload *reload, struct reading *r)
{
	int err = config_load(&r->config, &reload->request, &r->mistakes);

	if (err == ERR_IO)
		buf_printf(&r->mistakes, "%s: %s\n", reload->request.config_dir, strerror(errno));
	if (err == 0)
		err = config_check_programs(r->config, &r->mistakes);
	/* A file that is gone was hardly taken away to have all defaults. */
	if (err == 0 && r->config->file[0] == '\0' && reload->config->file[0] != '\0') {
		buf_printf(&r->mistakes, "%s is there no more, and no other configuration is\n",
		    reload->config->file);
		err = ERR_INVALID;
	}
	return err;
}

/*
 * The server may have been root when it read its keys first, and cannot read them again now: then
 * it goes on with those that it has.
 */
static int
read_keys(const struct reload *reload, struct reading *r)
{
	struct buf mistakes = buf_init(LINES_MAX);
	const struct config_sftpd *now = &r->config->sftpd, *before = &reload->config->sftpd;
	bool are_named_so = lists_equal(&now->keys, &before->keys) &&
	    lists_equal(&now->host_certificates, &before->host_certificates);
	int err = host_keys_load(&r->keys, r->config, ssh_setup_allow(r->config), &mistakes,
	    &r->warnings);
	struct buf *lines = err == ERR_INVALID && are_named_so ? &r->warnings : &r->mistakes;

	buf_raw(lines, mistakes.p, mistakes.n);
	if (err == ERR_INVALID && are_named_so) {
		buf_text(lines, "the host keys stay as they are\n");
		err = 0;
	}
	buf_free(&mistakes);
	return err;
}

static void
run(uv_work_t *work)
{
	const struct reload *reload = work->data;
	struct reading *r = &((struct reload *)work->data)->reading;

	r->err = read_settings(reload, r);
	if (r->err == 0)
		r->err = read_keys(reload, r);
	if (r->err == 0)
		r->err = user_authorities_load(&r->authorities, r->config, &r->mistakes);
	if (r->err == 0)
		r->err = ssh_setup_encode(r->config, r->keys != NULL ? r->keys : r->present_keys,
		    &r->setup, &r->mistakes);
}

/* ---- what is told */

static void
tell_failure(struct master *m, const struct reading *r)
{
	log_app_lines(m->log, LOG_LEVEL_ERROR, "config", buf_view(&r->mistakes));
	log_console(m->log, LOG_LEVEL_ERROR, "config",
	    "the configuration was not read again, nothing has changed: %s",
	    r->err == ERR_INVALID ? "it has mistakes" : err_text(r->err));
}

static void
tell_host_key(struct master *m, const char *sender, size_t number)
{
	struct view blob = host_keys_certificate(m->host_keys, number);
	char fingerprint[PUBLIC_KEY_FINGERPRINT_BYTES];
	struct buf text = buf_init(1024), key = buf_init(PUBLIC_KEY_BLOB_MAX);
	struct certificate certificate;

	host_keys_fingerprint(m->host_keys, number, fingerprint);
	buf_printf(&text, "host key %s %s", host_keys_algorithm(m->host_keys, number, 0),
	    fingerprint);
	if (blob.n > 0 && certificate_parse(blob, &certificate, &key) == 0) {
		buf_text(&text, ", certificate ");
		certificate_describe(&certificate, &text);
	}
	log_app_view(m->log, LOG_LEVEL_INFO, sender, "", buf_view(&text));
	buf_free(&text);
	buf_free(&key);
}

void
reload_tell_keys(struct master *m, const char *sender)
{
	size_t authorities = user_authorities_count(m->authorities);
	size_t revoked = revoked_keys_count(user_authorities_revoked(m->authorities));

	for (size_t i = 0; i < host_keys_count(m->host_keys); i++)
		tell_host_key(m, sender, i);
	if (authorities > 0 || revoked > 0)
		log_app(m->log, LOG_LEVEL_INFO, sender, "",
		    "trusted authorities of users' certificates: %zu; revoked keys and "
		    "certificates: %zu", authorities, revoked);
}

/* ---- putting it into effect, on the loop */

static void
take_keys(struct master *m, struct reading *r)
{
	if (r->keys != NULL && !host_keys_equal(r->keys, m->host_keys)) {
		host_keys_free(&m->host_keys);
		m->host_keys = r->keys;
		r->keys = NULL;
	}
	user_authorities_free(&m->authorities);
	m->authorities = r->authorities;
	r->authorities = NULL;
	reload_tell_keys(m, "config");
}

/* They are tried at once, and the log tells what came of it. */
static void
change_provider(struct reload *reload)
{
	struct master *m = reload->master;
	struct failure failure = { 0 };

	if (open_provider_change(reload->config, m->provider, &failure) != 0)
		log_console(m->log, LOG_LEVEL_WARN, "dataProvider",
		    "the settings of data_provider were not taken over: %s", failure.text);
	else
		availability_ask(m->availability);
}

static void
apply(struct reload *reload)
{
	struct master *m = reload->master;
	struct reading *r = &reload->reading;
	struct config_changes changes = { .made = buf_init(LINES_MAX),
		.later = buf_init(LINES_MAX) };
	struct admission_limits limits;
	bool replaced = false, provider_differs;

	/* First, for it alone can fail; a nursery starts from the loop, so not before this ends. */
	r->err = nurseries_replace(m->nurseries, buf_view(&r->setup), &replaced);
	if (r->err != 0) {
		tell_failure(m, r);
		return;
	}
	provider_differs = open_provider_differs(reload->config, r->config);
	config_take(reload->config, r->config, &changes);
	limits = reload_admission_limits(reload->config);
	admission_set_limits(m->admission, &limits);
	if (access_take_settings(m->access) != 0 || banning_take_settings(m->banning) != 0)
		log_app(m->log, LOG_LEVEL_ERROR, "config", "",
		    "lists of addresses could not be taken over: %s", err_text(ERR_MEMORY));
	m->passwords.at_once = (unsigned)reload->config->limits.password_hashes_at_once;
	programs_set_limit(m->programs, (unsigned)reload->config->limits.programs_at_once);
	m->allow = ssh_setup_allow(reload->config);
	umask((mode_t)reload->config->sftpd.umask);
	take_keys(m, r);
	if (provider_differs)
		change_provider(reload);
	log_app_lines(m->log, LOG_LEVEL_INFO, "config", buf_view(&changes.made));
	log_app_lines(m->log, LOG_LEVEL_WARN, "config", buf_view(&changes.later));
	log_app_lines(m->log, LOG_LEVEL_WARN, "config", buf_view(&r->warnings));
	log_console(m->log, LOG_LEVEL_INFO, "config",
	    "the configuration was read again: %u settings changed, %u wait for a restart%s",
	    changes.made_count, changes.later_count,
	    replaced ? "; what clients meet at their next login has changed" : "");
	buf_free(&changes.made);
	buf_free(&changes.later);
}

static void
reading_free(struct reading *r)
{
	config_free(&r->config);
	host_keys_free(&r->keys);
	user_authorities_free(&r->authorities);
	host_keys_free(&r->present_keys);
	buf_free(&r->setup);
	buf_free(&r->mistakes);
	buf_free(&r->warnings);
}

static void
done(uv_work_t *work, int status)
{
	struct reload *reload = work->data;
	struct master *m = reload->master;

	reload->running = false;
	/* a server that goes down has given up what would be changed here */
	if (status == 0 && !m->draining) {
		if (reload->reading.err == 0)
			apply(reload);
		else
			tell_failure(m, &reload->reading);
	}
	reading_free(&reload->reading);
	if (reload->again && !m->draining)
		reload_start(reload);
}

/* ---- the interface */

void
reload_start(struct reload *reload)
{
	struct master *m = reload->master;

	reload->again = reload->running;
	if (reload->running)
		return;
	reload->reading = (struct reading){ .setup = buf_init(IPC_BYTES_MAX),
		.mistakes = buf_init(LINES_MAX), .warnings = buf_init(LINES_MAX),
		.present_keys = host_keys_ref(m->host_keys) };
	reload->work.data = reload;
	reload->running = uv_queue_work(&m->loop, &reload->work, run, done) == 0;
	if (!reload->running)
		reading_free(&reload->reading);
}

int
reload_new(struct reload **out, struct master *master, struct config *config,
	const struct config_request *request)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	*out = NULL;
	if (reload == NULL || (request->config_file != NULL &&
	    (reload->config_file = strdup(request->config_file)) == NULL)) {
		free(reload);
		return ERR_MEMORY;
	}
	reload->master = master;
	reload->config = config;
	reload->request = *request;
	reload->request.config_file = reload->config_file;
	reload->request.config_dir = config->config_dir;
	*out = reload;
	return 0;
}

void
reload_free(struct reload **reload)
{
	if (*reload != NULL)
		free((*reload)->config_file);
	free(*reload);
	*reload = NULL;
}
