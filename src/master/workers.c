#include "master/workers.h"

#include "master/state.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void
on_nursery_ready(void *ctx, bool ready)
{
	struct workers *workers = ctx;
	struct master *m = workers->master;

	if (m->draining)
		return;
	services_pause(m->services, !ready);
	if (!ready || workers->accepting)
		return;
	workers->accepting = true;
	for (unsigned i = 0; services_address(m->services, i) != NULL; i++)
		log_console(m->log, LOG_LEVEL_INFO, "sftpd", "serving SFTP on %s",
		    services_address(m->services, i));
	if (workers->options->started != NULL)
		workers->options->started(workers->options->ctx, services_port(m->services, 0));
}

static void
on_worker_forked(void *ctx, uint64_t connection, pid_t pid)
{
	struct workers *workers = ctx;
	struct master *m = workers->master;
	struct connection *c = connection_find(m, connection);

	if (c != NULL)
		connection_worker_forked(c, pid);
	else if (!quota_scan_forked(m->scans, connection, pid))
		nurseries_kill(m->nurseries, pid);
}

static void
on_worker_exited(void *ctx, uint64_t connection, pid_t pid, int status, bool killed)
{
	struct workers *workers = ctx;
	struct master *m = workers->master;
	struct connection *c = connection_find(m, connection);
	const char *address = c != NULL ? c->address_text : "a client that has left";
	const char *id = c != NULL ? c->id_text : "";

	if (WIFSIGNALED(status) && !killed) {
		int number = WTERMSIG(status);

		metrics_add(m->metrics, METRIC_CRASHES, c != NULL && c->login.pid == pid
		    ? METRIC_ROLE_LOGIN : METRIC_ROLE_SESSION, 1);
		log_app(m->log, LOG_LEVEL_ERROR, "service", id,
		    "the worker of %s (process %d) died by signal %d (%s)%s", address, (int)pid, number,
		    strsignal(number),
		    number == SIGSYS ? ": it made a system call that its sandbox forbids" : "");
		if (c != NULL)
			connection_penalise(c);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) >= 13) {
		log_app(m->log, LOG_LEVEL_ERROR, "service", id,
		    "the worker of %s (process %d) could not do its work: exit status %d", address,
		    (int)pid, WEXITSTATUS(status));
	}
	if (c != NULL)
		connection_worker_exited(c, pid);
}

static void
on_nurseries_failed(void *ctx, const char *text)
{
	struct workers *workers = ctx;
	struct master *m = workers->master;

	log_console(m->log, LOG_LEVEL_ERROR, "service", "%s", text);
	fprintf(stderr, "postern: %s\n", text);
	master_stop(m, 1);
}

static void
on_nurseries_warn(void *ctx, const char *text)
{
	struct workers *workers = ctx;
	struct master *m = workers->master;

	log_app(m->log, LOG_LEVEL_WARN, "service", "", "%s", text);
}

struct nurseries_events
workers_events(struct workers *workers)
{
	return (struct nurseries_events){ .ctx = workers, .ready = on_nursery_ready,
		.worker_forked = on_worker_forked, .worker_exited = on_worker_exited,
		.failed = on_nurseries_failed, .warn = on_nurseries_warn };
}
