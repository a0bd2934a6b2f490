#include "master/session.h"

#include "base/clock.h"
#include "base/fd.h"
#include "control/account_policy.h"
#include "master/account_change.h"
#include "master/home.h"
#include "master/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* From the login's success to SESSION_READY. */
enum { TAKE_OVER_MS = 30000 };
/* A later login than the last one stored by at least so much is stored. */
enum { TOUCH_LOGIN_MS = 10 * 1000 };
enum { HOST_PATH_MAX = 16384 };

/* ---- opening */

struct touch_job {
	uv_work_t work;
	struct master *master;
	char *username;
	struct failure failure;
	int err;
};

static void
touch_login_run(uv_work_t *work)
{
	struct touch_job *job = work->data;

	job->err = provider_touch_login(job->master->provider, job->username, clock_wall_ms(),
	    &job->failure);
}

static void
touch_login_done(uv_work_t *work, int status)
{
	struct touch_job *job = work->data;

	if (status == 0 && job->err != 0)
		log_app(job->master->log, LOG_LEVEL_WARN, "dataProvider", "",
		    "the last login of \"%s\" was not stored: %s", job->username,
		    job->failure.text);
	free(job->username);
	free(job);
}

/*
 * Nobody waits for it: a login does not fail for a date that could not be written. A client that
 * logs in again and again is not worth a write to the disk each time.
 */
static void
touch_login(struct master *m, const struct user *user)
{
	int64_t since_ms = clock_wall_ms() - user->last_login;
	struct touch_job *job = NULL;

	if (since_ms < 0 || since_ms >= TOUCH_LOGIN_MS)
		job = calloc(1, sizeof(*job));
	if (job == NULL)
		return;
	job->work.data = job;
	job->master = m;
	job->username = strdup(user->username);
	if (job->username == NULL ||
	    uv_queue_work(&m->loop, &job->work, touch_login_run, touch_login_done) != 0) {
		free(job->username);
		free(job);
	}
}

struct account_settings
session_account_settings(const struct master *m)
{
	const struct config_sftpd *sftpd = &m->config->sftpd;

	return (struct account_settings){ .strict_rename = sftpd->strict_rename,
		.rename_copies = strcmp(sftpd->rename_across_folders, "copy") == 0,
		.upload_mode = (enum vfs_upload_mode)sftpd->upload_mode,
		.upload_sync = strcmp(sftpd->fsync, "on-close") == 0 };
}

static int
encode_policy(const struct user *user, const struct account_settings *settings, struct buf *out)
{
	struct vfs_policy policy;
	int err = account_policy(user, settings, &policy);

	if (err == 0) {
		vfs_policy_encode(out, &policy);
		err = buf_error(out);
	}
	vfs_policy_free(&policy);
	return err;
}

int
session_encode_rules(const struct connection *c, const struct user *user, struct buf *message)
{
	struct buf encoded = buf_init(IPC_BYTES_MAX);
	struct vfs_uploads uploads = account_uploads(user, &c->settings);
	int err = encode_policy(user, &c->settings, &encoded);

	if (err == 0) {
		ipc_encode_session_policy_changed(message, &(struct ipc_session_policy_changed){
			.upload_sync = uploads.sync, .upload_size_max = uploads.size_max,
			.policy = buf_view(&encoded) });
		err = buf_error(message);
	}
	buf_free(&encoded);
	return err;
}

static int
encode_session_policy(const struct connection *c, bool parked, struct buf *message)
{
	const struct config_sftpd *sftpd = &c->master->config->sftpd;
	struct buf encoded = buf_init(IPC_BYTES_MAX);
	struct vfs_uploads uploads = account_uploads(c->user, &c->settings);
	int err = encode_policy(c->user, &c->settings, &encoded);

	if (err == 0) {
		ipc_encode_session_policy(message, &(struct ipc_session_policy){
			.username = view_of(c->user->username),
			.connection_id = view_of(c->id_text),
			.root_path = view_of(c->home),
			.umask = sftpd->umask,
			.ignore_setstat = sftpd->setstat_mode == 1,
			.upload_mode = (uint8_t)uploads.mode,
			.upload_sync = uploads.sync,
			.upload_size_max = uploads.size_max,
			.upload_limited = bandwidth_is_limited(c->user, true),
			.download_limited = bandwidth_is_limited(c->user, false),
			.parked = parked,
			.count = quotas_track(c->master->quotas),
			.park_after_ms = (uint32_t)c->master->config->limits.park_after_seconds *
			    1000,
			.policy = buf_view(&encoded) });
		err = buf_error(message);
	}
	buf_free(&encoded);
	return err;
}

/* The folders one by one, then the policy with the home. */
static int
send_roots(const struct connection *c, const struct home_roots *roots, const struct buf *policy)
{
	struct buf folder = buf_init(IPC_BYTES_MAX);
	int err = 0;

	for (size_t i = 1; i < roots->count && err == 0; i++) {
		enum quota_folder_counts counts =
		    quota_folder_counts(&c->user->virtual_folders.items[i - 1]);

		buf_clear(&folder);
		ipc_encode_session_folder(&folder, &(struct ipc_session_folder){
			.counted = counts != FOLDER_COUNTS_NOWHERE,
			.own = counts == FOLDER_COUNTS_TO_ITSELF });
		err = ipc_send(c->session.fd, &folder, &roots->fds[i], 1, false);
	}
	if (err == 0)
		err = ipc_send(c->session.fd, policy, &roots->fds[0], 1, false);
	buf_free(&folder);
	return err;
}

int
session_start_worker(struct connection *c, const struct home_roots *roots, bool parked,
	int *handover_out)
{
	struct nurseries_session session = { .connection = c->id, .username = c->user->username };
	struct buf message = buf_init(IPC_BYTES_MAX);
	int pair[2] = { -1, -1 }, worker_fd = -1, err;

	session.change_ids = home_ids(c->user, c->master->map_ids, &session.uid, &session.gid);
	c->settings = session_account_settings(c->master);
	err = encode_session_policy(c, parked, &message);
	if (err == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		err = ERR_IO;
	if (err == 0)
		err = connection_open_link(c, &c->session, IPC_ROLE_SESSION, PHASE_START, &worker_fd);
	if (err == 0) {
		connection_use_host_keys(c);
		err = nurseries_fork_session(c->master->nurseries, &session, fd_take(&worker_fd),
		    fd_take(&pair[0]));
	}
	if (err == 0)
		err = send_roots(c, roots, &message);
	if (err == 0)
		*handover_out = fd_take(&pair[1]);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	buf_free(&message);
	return err;
}

void
session_open(struct connection *c, struct user **user, struct home_roots *roots)
{
	struct master *m = c->master;
	struct buf message = buf_init(IPC_BYTES_MAX);
	int handover = -1, err;

	c->user = *user;
	*user = NULL;
	c->home = account_home_prefix(c->user->home_dir);
	c->authenticated = true;
	admission_authenticated(m->admission, &c->address);
	c->login.gate.phase = PHASE_DONE;
	err = user_sessions_join(&m->sessions, c, c->user->username);
	if (err == 0)
		err = c->home == NULL ? ERR_MEMORY : quota_session_begin(c, roots);
	if (err == 0)
		err = session_start_worker(c, roots, false, &handover);
	home_close(roots);
	if (err != 0) {
		log_app(m->log, LOG_LEVEL_ERROR, "sftpd", c->id_text,
		    "no session for user \"%s\": %s", c->user->username, err_text(err));
		connection_end(c);
		return;
	}
	connection_set_timer(c, TAKE_OVER_MS);
	touch_login(m, c->user);
	ipc_encode_auth_accepted(&message, &(struct ipc_auth_accepted){});
	err = connection_send(&c->login, &message, &handover, 1);
	fd_close(&handover);
	/* a failure has ended the connection */
	if (err != 0)
		return;
}

/* ---- what sessions tell */

int
on_session_ready(struct connection *c, struct rd fields)
{
	struct ipc_session_ready message;
	struct master *m = c->master;
	uint64_t id = c->id;
	int err = ipc_decode_session_ready(fields, &message);

	if (err != 0)
		return err;
	c->session.gate.phase = PHASE_RUN;
	connection_set_timer(c, 0);
	if (!parking_session_ready(c) && m->draining)
		connection_close(c, "the server is going down", true);
	/* what was sent may have ended the connection */
	if (connection_find(m, id) == c)
		account_change_settle(c);
	return 0;
}

static void
active(struct connection *c)
{
	c->last_activity_ms = clock_wall_ms();
	c->active_ms = clock_mono_ms();
}

int
on_channel_opened(struct connection *c, struct rd fields)
{
	struct ipc_channel_opened message;
	struct connection_channel *channel;
	int err = ipc_decode_channel_opened(fields, &message);

	if (err != 0)
		return err;
	if (c->sftp_only && message.protocol != PROTOCOL_SFTP)
		return ERR_DENIED;
	if (c->channel_count >= CONNECTION_CHANNELS_MAX)
		return ERR_LIMIT;
	if ((channel = calloc(1, sizeof(*channel))) == NULL)
		return ERR_MEMORY;
	channel->number = message.channel;
	channel->protocol = message.protocol;
	channel->command = view_dup(message.command);
	if (channel->command == NULL) {
		free(channel);
		return ERR_MEMORY;
	}
	LIST_INSERT_HEAD(&c->channels, channel, link);
	c->channel_count++;
	active(c);
	return 0;
}

int
on_channel_closed(struct connection *c, struct rd fields)
{
	struct ipc_channel_closed message;
	struct connection_channel *channel;
	int err = ipc_decode_channel_closed(fields, &message);

	if (err != 0)
		return err;
	LIST_FOREACH(channel, &c->channels, link) {
		if (channel->number == message.channel)
			break;
	}
	if (channel == NULL)
		return ERR_PROTOCOL;
	LIST_REMOVE(channel, link);
	c->channel_count--;
	free(channel->command);
	free(channel);
	active(c);
	return 0;
}

static struct connection_transfer *
find_transfer(struct connection *c, uint64_t id)
{
	struct connection_transfer *t;

	LIST_FOREACH(t, &c->transfers, link) {
		if (t->id == id)
			return t;
	}
	return NULL;
}

int
on_transfer_progress(struct connection *c, struct rd fields)
{
	struct ipc_transfer_progress message;
	struct connection_transfer *t;
	int err = ipc_decode_transfer_progress(fields, &message);

	if (err != 0)
		return err;
	active(c);
	t = find_transfer(c, message.transfer);
	if (t == NULL) {
		uint64_t now = clock_mono_ms();

		/* only shown, so that one too many is left out and no fault */
		if (c->transfer_count >= CONNECTION_TRANSFERS_MAX)
			return 0;
		if ((t = calloc(1, sizeof(*t))) == NULL)
			return ERR_MEMORY;
		t->id = message.transfer;
		t->upload = message.upload;
		t->started_ms = clock_wall_ms();
		if (message.started_ms <= now)
			t->started_ms -= (int64_t)(now - message.started_ms);
		t->last_activity_ms = t->started_ms;
		t->path = view_dup(message.path);
		if (t->path == NULL) {
			free(t);
			return ERR_MEMORY;
		}
		LIST_INSERT_HEAD(&c->transfers, t, link);
		c->transfer_count++;
	}
	t->previous_bytes = t->bytes;
	t->previous_ms = t->last_activity_ms;
	t->bytes = message.bytes;
	t->last_activity_ms = c->last_activity_ms;
	return 0;
}

const char *
connection_protocol_text(uint8_t protocol)
{
	static const char *const names[] = { "SFTP", "SCP", "SSH" };

	return names[protocol];
}

/* `path` is for the path on the host: one buffer for many transfers. */
static int
transfer_done(struct connection *c, struct rd fields, struct buf *path)
{
	struct ipc_transfer_done message;
	struct connection_transfer *t;
	int err = ipc_decode_transfer_done(fields, &message);

	if (err != 0)
		return err;
	t = find_transfer(c, message.transfer);
	if (t != NULL) {
		LIST_REMOVE(t, link);
		c->transfer_count--;
		free(t->path);
		free(t);
	}
	metrics_transfer(c->master->metrics, message.protocol, message.upload, message.failed,
	    message.bytes);
	buf_clear(path);
	account_host_path(c->user, c->home, message.path, path);
	if (!message.failed)
		log_transfer(c->master->log, &(struct log_transfer){ .upload = message.upload,
			.elapsed_ms = message.elapsed_ms, .size_bytes = message.bytes,
			.username = c->user->username, .file_path = buf_view(path),
			.connection_id = c->id_text, .protocol = connection_protocol_text(message.protocol) });
	else
		log_app(c->master->log, LOG_LEVEL_WARN, "sftpd", c->id_text,
		    "%s of \"%.*s\" by user \"%s\" failed after %" PRIu64 " bytes",
		    message.upload ? "upload" : "download", (int)path->n, (const char *)path->p,
		    c->user->username, message.bytes);
	return 0;
}

int
on_transfer_done(struct connection *c, struct rd fields)
{
	struct buf path = buf_init(HOST_PATH_MAX);
	int err = transfer_done(c, fields, &path);

	active(c);
	buf_free(&path);
	return err;
}

int
on_transfers_done(struct connection *c, struct rd fields)
{
	struct ipc_transfers_done message;
	struct buf path = buf_init(HOST_PATH_MAX);
	struct rd r;
	int err = ipc_decode_transfers_done(fields, &message);

	r = rd_of(message.records);
	active(c);
	log_hold(c->master->log);
	while (err == 0 && r.n > 0) {
		struct view record = rd_str(&r, ipc_rows[IPC_TRANSFER_DONE].max_bytes);

		err = r.bad != 0 ? r.bad : transfer_done(c, rd_of(record), &path);
	}
	log_release(c->master->log);
	buf_free(&path);
	return err;
}

int
on_operation_done(struct connection *c, struct rd fields)
{
	/* in the order of enum sftp_operation, which the worker sends */
	static const char *const senders[] = { "Rename", "Rmdir", "Mkdir", "Symlink", "Remove",
		"Chmod", "Chown", "Chtimes", "Link", "Truncate", "SSHCommand" };
	struct ipc_operation_done message;
	struct buf path = buf_init(HOST_PATH_MAX), target = buf_init(HOST_PATH_MAX);
	char mode[LOG_FILEMODE_SIZE] = "";
	int err = ipc_decode_operation_done(fields, &message);

	if (err != 0)
		return err;
	if (message.operation >= sizeof(senders) / sizeof(*senders))
		return ERR_LIMIT;
	active(c);
	account_host_path(c->user, c->home, message.path, &path);
	if (message.target.n > 0)
		account_host_path(c->user, c->home, message.target, &target);
	if (strcmp(senders[message.operation], "SSHCommand") == 0)
		metrics_command(c->master->metrics, true);
	if (strcmp(senders[message.operation], "Chmod") == 0)
		log_filemode(message.mode, mode);
	log_command(c->master->log, &(struct log_command){ .sender = senders[message.operation],
		.username = c->user->username, .file_path = buf_view(&path),
		.target_path = buf_view(&target), .filemode = mode, .uid = message.uid,
		.gid = message.gid, .access_time = message.atime,
		.modification_time = message.mtime, .ssh_command = message.ssh_command,
		.connection_id = c->id_text, .protocol = connection_protocol_text(message.protocol) });
	buf_free(&path);
	buf_free(&target);
	return 0;
}

int
on_activity(struct connection *c, struct rd fields)
{
	struct ipc_activity message;
	int err = ipc_decode_activity(fields, &message);

	if (err != 0)
		return err;
	active(c);
	return 0;
}

int
on_session_ended(struct connection *c, struct rd fields)
{
	struct ipc_session_ended message;
	int err = ipc_decode_session_ended(fields, &message);

	if (err != 0)
		return err;
	c->session.gate.phase = PHASE_DONE;
	if (message.error.n > 0)
		log_app_view(c->master->log, LOG_LEVEL_WARN, "sftpd", c->id_text, message.error);
	return 0;
}

int
on_log(struct connection *c, struct rd fields)
{
	struct ipc_log message;
	char sender[33];
	int err = ipc_decode_log(fields, &message);

	if (err == 0)
		err = view_copy(message.sender, sender, sizeof(sender));
	if (err != 0)
		return err;
	log_app_view(c->master->log, (enum log_level)message.level, sender, c->id_text,
	    message.message);
	return 0;
}

/* ---- what administrators ask */

struct close_id_order {
	const char *connection_id;
	unsigned number;
};

static void
close_by_id(void *ctx, struct connection *c)
{
	struct close_id_order *order = ctx;

	if (!c->authenticated || strcmp(order->connection_id, c->id_text) != 0)
		return;
	order->number++;
	connection_close(c, "closed by the administrator", false);
}

int
session_close_id(struct master *m, const char *connection_id)
{
	struct close_id_order order = { .connection_id = connection_id };

	connections_each(m, close_by_id, &order);
	return order.number > 0 ? 0 : ERR_NOT_FOUND;
}
