#include "master/master.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/process_title.h"
#include "crypto/crypto.h"
#include "master/account_change.h"
#include "master/account_review.h"
#include "master/control_hooks.h"
#include "master/idle.h"
#include "master/open_provider.h"
#include "master/reload.h"
#include "master/session.h"
#include "master/ssh_setup.h"
#include "master/state.h"
#include "master/workers.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t DAY_MS = 24 * 60 * 60 * 1000;

enum {
	DRAIN_MS = 60000,        /* SIGTERM: transfers may take so long to finish */
	STOP_MS = 6000,          /* SIGINT or a second SIGTERM: sessions may take so long to close */
	MISTAKES_MAX = 64 * 1024,
};

struct start {
	struct master *master;
	const struct master_options *options;
	struct buf mistakes, warnings;
	struct reload *reload; /* NULL: SIGHUP reads no configuration */
	uv_signal_t signals[3];
	uv_timer_t drain_timer, idle_timer;
	struct workers workers;
};

/* ---- the end */

void
master_stop(struct master *m, int exit_status)
{
	if (m->exit_status < 0)
		m->exit_status = exit_status;
	uv_stop(&m->loop);
}

static void
end_unauthenticated(void *ctx, struct connection *c)
{
	(void)ctx;
	if (!c->authenticated)
		connection_end(c);
}

static void
close_when_idle(void *ctx, struct connection *c)
{
	(void)ctx;
	connection_close(c, "the server is going down", true);
}

static void
close_now(void *ctx, struct connection *c)
{
	(void)ctx;
	connection_close(c, "the server is going down", false);
}

static void
on_drained(uv_timer_t *timer)
{
	struct start *start = timer->data;

	log_console(start->master->log, LOG_LEVEL_WARN, "service",
	    "%u connections had not ended in time", start->master->connection_count);
	master_stop(start->master, 0);
}

static void
drain(struct start *start, bool at_once)
{
	struct master *m = start->master;

	log_console(m->log, LOG_LEVEL_INFO, "service", "going down%s, %u connections",
	    at_once ? " at once" : " when transfers have ended", m->connection_count);
	m->draining = true;
	services_free(&m->services);
	connections_each(m, end_unauthenticated, NULL);
	connections_each(m, at_once ? close_now : close_when_idle, NULL);
	uv_timer_start(&start->drain_timer, on_drained, at_once ? STOP_MS : DRAIN_MS, 0);
	if (m->connection_count == 0)
		master_stop(m, 0);
}

static void
accounts_run(uv_work_t *work)
{
	struct master *m = work->data;
	struct failure failure = { 0 };

	if (provider_reload(m->provider, &failure) == 0)
		log_console(m->log, LOG_LEVEL_INFO, "dataProvider", "accounts are up to date");
	else
		log_console(m->log, LOG_LEVEL_ERROR, "dataProvider", "accounts were not reloaded: %s",
		    failure.text);
}

static void
accounts_done(uv_work_t *work, int status)
{
	if (status == 0)
		account_review(work->data);
	free(work);
}

static void
reload_accounts(struct master *m)
{
	uv_work_t *work = malloc(sizeof(*work));

	if (work == NULL)
		return;
	work->data = m;
	if (uv_queue_work(&m->loop, work, accounts_run, accounts_done) != 0)
		free(work);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct start *start = handle->data;

	if (number != SIGHUP) {
		drain(start, number == SIGINT || start->master->draining);
	} else if (!start->master->draining) {
		reload_accounts(start->master);
		http_door_reload(start->master->http);
		if (start->reload != NULL)
			reload_start(start->reload);
	}
}

/* ---- connections */

static void
on_accepted(void *ctx, int fd, const struct sockaddr *address)
{
	struct start *start = ctx;

	access_accept(start->master->access, fd, address);
}

static void
on_accept_failed(void *ctx, const char *text)
{
	struct start *start = ctx;

	log_app(start->master->log, LOG_LEVEL_ERROR, "service", "",
	    "cannot accept connections for the moment: %s", text);
}

/* ---- the start */

static void
tell_mistakes(struct start *start)
{
	struct view text = buf_view(&start->mistakes), line;

	while (view_next_line(&text, &line)) {
		fprintf(stderr, "postern: %.*s\n", (int)line.n, (const char *)line.p);
		if (start->master->log != NULL)
			log_app_view(start->master->log, LOG_LEVEL_ERROR, "service", "", line);
	}
	buf_clear(&start->mistakes);
}

/* Whatever needs the rights of the user that started us. */
static int
acquire(struct start *start)
{
	struct master *m = start->master;
	const struct config *config = m->config;
	int err;

	m->allow = ssh_setup_allow(config);
	err = host_keys_load(&m->host_keys, config, m->allow, &start->mistakes, &start->warnings);
	if (err == 0)
		err = user_authorities_load(&m->authorities, config, &start->mistakes);
	if (err != 0)
		return err;
	err = services_new(&m->services, &(struct services_events){ .ctx = start,
		.accepted = on_accepted, .failed = on_accept_failed });
	if (err != 0)
		return err;
	err = services_listen(m->services, config->sftpd.bind_address, config->sftpd.bind_port,
	    &start->mistakes);
	return err != 0 ? err : http_door_open(&m->http, m, &start->mistakes);
}

/* Each connection takes a descriptor or two, and each of ours is close-on-exec. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
give_up_root(struct start *start)
{
	struct master *m = start->master;
	const char *user = m->config->service_user;
	struct sandbox_rules rules = { .require = strcmp(m->config->sandbox, "require") == 0 };
	int err;

	m->map_ids = geteuid() == 0;
	err = sandbox_drop_root(user, SANDBOX_CAPABILITY_SETUID | SANDBOX_CAPABILITY_SETGID |
	    SANDBOX_CAPABILITY_CHOWN);
	if (err != 0) {
		buf_printf(&start->mistakes, "service_user: \"%s\": %s; make it with `useradd --system "
		    "--no-create-home --shell /usr/sbin/nologin %s`, or name another user that is not "
		    "root\n", user, err == ERR_NOT_FOUND ? "no such user" : err_text(err), user);
		return ERR_INVALID;
	}
	err = sandbox_enter(SANDBOX_MASTER, &rules);
	if (err != 0)
		buf_printf(&start->mistakes, "sandbox: the kernel does not have what \"%s\" wants: %s; "
		    "use a newer kernel, or \"best-effort\"\n", m->config->sandbox, err_text(err));
	return err;
}

static int
check_sandbox(struct start *start)
{
	struct sandbox_support support;
	char text[SANDBOX_TEXT_MAX];

	sandbox_probe(&support);
	sandbox_support_text(&support, text, sizeof(text));
	if (strcmp(start->master->config->sandbox, "require") == 0 &&
	    !sandbox_support_enough(&support)) {
		buf_printf(&start->mistakes, "sandbox: \"require\" is set, but: %s; use a newer kernel, or "
		    "\"best-effort\"\n", text);
		return ERR_UNSUPPORTED;
	}
	log_console(start->master->log,
	    sandbox_support_complete(&support) ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "service", "%s",
	    text);
	return 0;
}

static int
open_accounts(struct start *start)
{
	static const struct provider_config in_memory = { .driver = "memory", .manage_users = true };
	struct master *m = start->master;
	struct failure failure = { 0 };
	int err;

	if (start->options->portable_user == NULL)
		err = open_provider(m->config, &m->provider, &failure);
	else if ((err = provider_open(&in_memory, &m->provider, &failure)) == 0)
		err = provider_add(m->provider, start->options->portable_user, &failure);
	if (err != 0)
		buf_printf(&start->mistakes, "data_provider: %s\n",
		    failure.text[0] ? failure.text : err_text(err));
	/* A database on a server may be away: nobody can log in until it is back, and then all can. */
	else if (provider_check(m->provider, &failure) != 0)
		log_console(m->log, LOG_LEVEL_WARN, "dataProvider", "%s", failure.text);
	else
		m->provider_available = true;
	metrics_set(m->metrics, METRIC_AVAILABILITY, 0, m->provider_available);
	return err;
}

static int
open_admins(struct start *start)
{
	struct master *m = start->master;
	char *path = config_path(m->config, m->config->admin_database);
	struct failure failure = { 0 };
	int err = path == NULL ? ERR_MEMORY : admin_store_open(path, &m->admins, &failure);

	free(path);
	if (err != 0 && failure.text[0] != '\0')
		buf_printf(&start->mistakes, "admin_database: %s\n", failure.text);
	return err;
}

static int
open_engine(struct master *m)
{
	struct control_engine_settings settings = { .loop = &m->loop, .log = m->log };

	m->hooks = control_hooks_of(m);
	m->backups_path = config_path(m->config, m->config->httpd.backups_path);
	if (m->backups_path == NULL)
		return ERR_MEMORY;
	settings.context = (struct control_context){ .provider = m->provider, .hooks = &m->hooks,
		.backups_path = m->backups_path, .admins = m->admins,
		.audit = { .entries = m->config->audit.max_entries,
			.age_ms = m->config->audit.max_age_days * DAY_MS } };
	return control_engine_new(&m->engine, &settings);
}

static int
open_control(struct start *start)
{
	struct master *m = start->master;
	char *path;
	int err;

	/* portable mode has one account and no administrator */
	if (start->options->portable_user != NULL)
		return 0;
	if ((err = open_admins(start)) != 0 || (err = open_engine(m)) != 0)
		return err;
	if ((path = config_path(m->config, m->config->control_socket)) == NULL)
		return ERR_MEMORY;
	err = control_start(&m->control, &(struct control_settings){ .loop = &m->loop,
		.path = path, .owner = geteuid(), .engine = m->engine, .log = m->log });
	if (err != 0)
		buf_printf(&start->mistakes, "control_socket: %s: %s; %s\n", path,
		    err == ERR_IO ? strerror(errno) : err_text(err), err == ERR_EXISTS ?
		    "another server uses this configuration directory" :
		    "let the server's user write to that directory, or set another path");
	free(path);
	return err;
}

static int
open_nurseries(struct start *start)
{
	struct master *m = start->master;
	struct nurseries_events events = workers_events(&start->workers);
	struct buf setup = buf_init(IPC_BYTES_MAX);
	int err = ssh_setup_encode(m->config, m->host_keys, &setup, &start->mistakes);

	if (err == 0)
		err = nurseries_new(&m->nurseries, &m->loop, buf_view(&setup),
		    &events);
	buf_free(&setup);
	return err;
}

static void
on_idle_timer(uv_timer_t *timer)
{
	struct start *start = timer->data;

	idle_sweep(start->master, clock_mono_ms());
	account_change_sweep(start->master, clock_wall_ms());
	banning_save(start->master->banning);
}

static void
watch_signals(struct start *start)
{
	static const int numbers[3] = { SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; i < 3; i++) {
		if (uv_signal_init(&start->master->loop, &start->signals[i]) != 0)
			bug("cannot watch signals");
		start->signals[i].data = start;
		uv_signal_start(&start->signals[i], on_signal, numbers[i]);
	}
	if (uv_timer_init(&start->master->loop, &start->drain_timer) != 0 ||
	    uv_timer_init(&start->master->loop, &start->idle_timer) != 0)
		bug("cannot make a timer");
	start->drain_timer.data = start->idle_timer.data = start;
	uv_timer_start(&start->idle_timer, on_idle_timer, IDLE_SWEEP_MS, IDLE_SWEEP_MS);
}

static int
serve(struct start *start)
{
	struct master *m = start->master;
	const struct config *config = m->config;
	struct admission_limits limits = reload_admission_limits(config);
	int err = acquire(start);

	if (err != 0 || (err = give_up_root(start)) != 0)
		return err;
	if ((err = config_check_programs(config, &start->mistakes)) != 0)
		return err;
	umask((mode_t)config->sftpd.umask);
	raise_descriptor_limit();
	if (log_open(&m->log, &start->options->log) != 0) {
		buf_printf(&start->mistakes, "log file %s: %s; let the server's user write there, or set "
		    "another path\n", start->options->log.path, strerror(errno));
		return ERR_IO;
	}
	log_app_lines(m->log, LOG_LEVEL_WARN, "service", buf_view(&start->warnings));
	if ((err = check_sandbox(start)) != 0 || (err = open_accounts(start)) != 0 ||
	    (err = open_control(start)) != 0)
		return err;
	if ((err = admission_new(&m->admission, &limits)) != 0 ||
	    (err = access_new(&m->access, m)) != 0 || (err = banning_new(&m->banning, m)) != 0)
		return err;
	if (start->options->portable_user == NULL)
		banning_load(m->banning);
	if (start->options->request != NULL && (err = reload_new(&start->reload, m,
	    start->options->config, start->options->request)) != 0)
		return err;
	if ((err = availability_new(&m->availability, m)) != 0)
		return err;
	if ((err = programs_new(&m->programs, &m->loop,
	    (unsigned)config->limits.programs_at_once)) != 0)
		return err;
	password_queue_init(&m->passwords, (unsigned)config->limits.password_hashes_at_once);
	reload_tell_keys(m, "sftpd");
	services_pause(m->services, true);
	services_start(m->services, &m->loop);
	watch_signals(start);
	/* workers whose nursery died become our children, so that they can be ended and reaped */
	prctl(PR_SET_CHILD_SUBREAPER, 1L);
	if ((err = quotas_new(&m->quotas, m)) != 0 || (err = quota_scans_new(&m->scans, m)) != 0 ||
	    (err = parking_new(&m->parking, m)) != 0 ||
	    (err = http_door_start(m->http, &start->mistakes)) != 0 ||
	    (err = open_nurseries(start)) != 0)
		return err;
	process_title_set("master", NULL);
	uv_run(&m->loop, UV_RUN_DEFAULT);
	return 0;
}

static void
close_handle(uv_handle_t *handle, void *ctx)
{
	(void)ctx;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void
clean_up(struct start *start)
{
	struct master *m = start->master;

	m->draining = true;
	quota_scans_stop(m->scans);
	connections_free(m);
	quotas_stop(m->quotas);
	control_stop(&m->control);
	http_door_stop(m->http);
	services_free(&m->services);
	programs_free(&m->programs);
	availability_stop(m->availability);
	parking_free(&m->parking);
	nurseries_free(&m->nurseries);
	/* lets close callbacks run, and waits for what is on the thread pool */
	for (size_t i = 0; i < 3; i++) {
		if (start->signals[i].data != NULL)
			uv_close((uv_handle_t *)&start->signals[i], NULL);
	}
	if (start->drain_timer.data != NULL) {
		uv_close((uv_handle_t *)&start->drain_timer, NULL);
		uv_close((uv_handle_t *)&start->idle_timer, NULL);
	}
	uv_run(&m->loop, UV_RUN_DEFAULT);
	uv_walk(&m->loop, close_handle, NULL);
	uv_run(&m->loop, UV_RUN_DEFAULT);
	uv_loop_close(&m->loop);
	reload_free(&start->reload);
	availability_free(&m->availability);
	if (m->banning != NULL)
		banning_save_last(m->banning);
	banning_free(&m->banning);
	access_free(&m->access);
	http_door_free(&m->http);
	control_engine_free(&m->engine);
	free(m->backups_path);
	metrics_free(&m->metrics);
	admission_free(&m->admission);
	quota_scans_free(&m->scans);
	quotas_free(&m->quotas);
	provider_close(&m->provider);
	admin_store_close(&m->admins);
	host_keys_free(&m->host_keys);
	user_authorities_free(&m->authorities);
	ipc_inbox_free(&m->inbox);
	if (m->log != NULL)
		log_app(m->log, LOG_LEVEL_INFO, "service", "", "stopped");
	log_free(&m->log);
}

int
master_run(const struct master_options *options)
{
	struct master *m = calloc(1, sizeof(*m));
	struct start start = { .master = m, .options = options,
		.mistakes = buf_init(MISTAKES_MAX),
		.warnings = buf_init(MISTAKES_MAX),
		.workers = { .master = m, .options = options } };
	int status;

	if (m == NULL || metrics_new(&m->metrics) != 0 || uv_loop_init(&m->loop) != 0) {
		fprintf(stderr, "postern: out of memory\n");
		if (m != NULL)
			metrics_free(&m->metrics);
		free(m);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (crypto_init() != 0) {
		fprintf(stderr, "postern: libcrypto lacks an algorithm that the server needs\n");
		uv_loop_close(&m->loop);
		metrics_free(&m->metrics);
		free(m);
		return 1;
	}
	m->config = options->config;
	m->started_ms = clock_wall_ms();
	m->exit_status = -1;
	for (size_t i = 0; i < CONNECTION_BUCKETS; i++)
		LIST_INIT(&m->buckets[i]);
	if (serve(&start) != 0) {
		m->exit_status = 1;
		if (start.mistakes.n == 0)
			fprintf(stderr, "postern: out of memory\n");
		tell_mistakes(&start);
	}
	clean_up(&start);
	status = m->exit_status < 0 ? 1 : m->exit_status;
	buf_free(&start.mistakes);
	buf_free(&start.warnings);
	free(m);
	return status;
}
