#include "master/http_door.h"

#include "base/clock.h"
#include "base/fd.h"
#include "master/http_requests.h"
#include "master/http_tls_key.h"
#include "master/listener.h"
#include "master/role_process.h"
#include "master/signing.h"
#include "master/state.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	DELAY_FIRST_MS = 100, /* before a process that died is replaced; then twice that, ... */
	DELAY_MAX_MS = 30000,
	LIVED_LONG_MS = 60000, /* whoever did begins with the first delay again */
	LISTS_MAX = 30000,
	MISTAKES_MAX = 16 * 1024,
};

struct http_door {
	struct master *master;
	struct listener listener;
	bool asks_password;
	struct http_auth *auth;
	struct http_requests *requests;
	struct role_process *process;
	bool is_ready; /* the process is */
	uv_timer_t *restart;
	unsigned delay_ms;
	uint64_t born_ms;
	bool stopping;

	struct http_tls_key *key, *key_before; /* NULL: no TLS; no other one yet */
	struct signing_rate signing;
	bool is_signing;
	uint64_t process_number; /* of the process that asked for the signature */
	uint64_t signing_for;
	uv_work_t reading; /* of the certificate */
	bool is_reading;
	struct tls_pair *pair_read;
	struct buf mistakes;
};

/* ---- what the process is told */

static void
send_message(void *ctx, struct buf *message)
{
	struct http_door *door = ctx;

	if (role_process_send(door->process, message, -1) != 0)
		role_process_give_up(door->process, "it could not be told what it must know");
}

static void
send_certificate(struct http_door *door)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_http_certificate(&message, &(struct ipc_http_certificate){
		.pair = door->key->number, .chain = tls_pair_chain(door->key->pair) });
	send_message(door, &message);
}

static void
write_list(const struct config_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++)
		buf_cstr(out, list->items[i]);
}

static int
send_setup(struct http_door *door)
{
	const struct config_httpd *httpd = &door->master->config->httpd;
	struct buf message = buf_init(IPC_BYTES_MAX), hosts = buf_init(LISTS_MAX),
		   proxies = buf_init(LISTS_MAX);
	char name[256] = "";
	int err, fd = fcntl(door->listener.fd, F_DUPFD_CLOEXEC, 0);

	(void)gethostname(name, sizeof(name) - 1);
	if (httpd->bind_address[0] != '\0')
		buf_cstr(&hosts, httpd->bind_address);
	write_list(&httpd->allowed_hosts, &hosts);
	write_list(&httpd->proxy_allowed, &proxies);
	ipc_encode_http_setup(&message, &(struct ipc_http_setup){ .version = IPC_VERSION,
		.host_name = view_of(name), .foreign_hosts = door->asks_password,
		.tls = door->key != NULL, .connections = (uint32_t)httpd->max_connections,
		.connections_per_address = (uint32_t)httpd->max_connections_per_address,
		.request_ms = (uint32_t)httpd->request_seconds * 1000,
		.idle_ms = (uint32_t)httpd->idle_seconds * 1000,
		.hosts = buf_view(&hosts), .proxies = buf_view(&proxies) });
	err = fd < 0 || buf_error(&hosts) != 0 || buf_error(&proxies) != 0 ? ERR_LIMIT : 0;
	buf_free(&hosts);
	buf_free(&proxies);
	if (err == 0)
		return role_process_send(door->process, &message, fd);
	buf_free(&message);
	fd_close(&fd);
	return err;
}

/* ---- what it says */

static int
on_http_ready(struct http_door *door, struct rd fields)
{
	struct ipc_http_ready message;
	int err = ipc_decode_http_ready(fields, &message);

	if (err != 0)
		return err;
	if (message.version != IPC_VERSION)
		return ERR_PROTOCOL;
	role_process_ready(door->process);
	door->is_ready = true;
	log_console(door->master->log, LOG_LEVEL_INFO, "httpd", "serving %s on %s",
	    door->key != NULL ? "HTTPS" : "HTTP", door->listener.text);
	return 0;
}

static int
on_http_served(struct http_door *door, struct rd fields)
{
	struct ipc_http_served message;
	int err = ipc_decode_http_served(fields, &message);

	if (err != 0)
		return err;
	metrics_http(door->master->metrics, (int)message.status);
	log_http(door->master->log, &(struct log_http){ .method = message.method,
		.protocol = message.protocol, .remote_address = message.address,
		.request_id = message.request_id, .uri = message.uri,
		.user_agent = message.user_agent, .status = message.status,
		.size_bytes = message.bytes, .elapsed_ms = message.elapsed_ms });
	return 0;
}

static void
on_signed(void *ctx, struct view signature)
{
	struct http_door *door = ctx;
	struct buf message = buf_init(IPC_BYTES_MAX);

	door->is_signing = false;
	if (door->stopping || door->signing_for != door->process_number)
		return;
	ipc_encode_tls_signed(&message, &(struct ipc_tls_signed){ .signature = signature });
	send_message(door, &message);
}

/* The worker waits for each signature, so it cannot ask for a second one meanwhile. */
static int
on_tls_sign(struct http_door *door, struct rd fields)
{
	struct ipc_tls_sign message;
	struct http_tls_key *key = door->key;
	int err = ipc_decode_tls_sign(fields, &message);

	if (err != 0)
		return err;
	if (key != NULL && key->number != message.pair)
		key = door->key_before;
	/* that of a process before may still be made */
	if (key == NULL || key->number != message.pair || door->is_signing ||
	    !signing_admit(&door->signing, clock_mono_ms())) {
		struct buf refusal = buf_init(IPC_BYTES_MAX);

		ipc_encode_tls_signed(&refusal, &(struct ipc_tls_signed){ 0 });
		send_message(door, &refusal);
		return 0;
	}
	door->is_signing = true;
	door->signing_for = door->process_number;
	err = http_tls_key_sign(key, &door->master->loop, (uint16_t)message.scheme, message.data,
	    on_signed, door);
	door->is_signing = err == 0;
	return err;
}

static int
on_said(void *ctx, struct ipc_message *message)
{
	struct http_door *door = ctx;

	switch (message->type) {
	case IPC_HTTP_READY: return on_http_ready(door, message->fields);
	case IPC_HTTP_SERVED: return on_http_served(door, message->fields);
	case IPC_TLS_SIGN: return on_tls_sign(door, message->fields);
	default: return http_requests_said(door->requests, message);
	}
}

/* ---- its life */

static void
schedule(struct http_door *door);

static void
start_process(struct http_door *door)
{
	int err = role_process_start(door->process);

	if (err == 0) {
		door->process_number++;
		door->born_ms = clock_mono_ms();
		err = send_setup(door);
		if (err == 0 && door->key != NULL)
			send_certificate(door);
	}
	if (err != 0 && role_process_is_there(door->process))
		role_process_give_up(door->process, err_text(err));
	else if (err != 0)
		schedule(door);
}

static void
on_restart(uv_timer_t *timer)
{
	start_process(timer->data);
}

static void
schedule(struct http_door *door)
{
	if (door->stopping)
		return;
	if (clock_mono_ms() - door->born_ms >= LIVED_LONG_MS || door->delay_ms == 0)
		door->delay_ms = DELAY_FIRST_MS;
	else if (door->delay_ms < DELAY_MAX_MS)
		door->delay_ms *= 2;
	uv_timer_start(door->restart, on_restart, door->delay_ms, 0);
}

static void
on_ended(void *ctx, const char *text)
{
	struct http_door *door = ctx;

	if (door->stopping)
		return;
	metrics_add(door->master->metrics, METRIC_CRASHES, METRIC_ROLE_HTTP, 1);
	door->is_ready = false;
	http_requests_forget(door->requests);
	schedule(door);
	log_app(door->master->log, LOG_LEVEL_ERROR, "httpd", "",
	    "the HTTP worker: %s; another one starts in %u ms", text, door->delay_ms);
}

/* ---- the certificate, again */

static void
read_pair(uv_work_t *work)
{
	struct http_door *door = work->data;

	(void)!http_tls_key_read(door->master->config, &door->pair_read, &door->mistakes);
}

static void
tell_mistakes(struct http_door *door)
{
	size_t n = door->mistakes.n > 0 ? door->mistakes.n - 1 : 0;

	log_console(door->master->log, LOG_LEVEL_ERROR, "httpd", "the certificate stays as it is: %.*s",
	    (int)n, n > 0 ? (const char *)door->mistakes.p : "");
}

static void
on_pair_read(uv_work_t *work, int status)
{
	struct http_door *door = work->data;
	struct http_tls_key *key = NULL;

	door->is_reading = false;
	if (status == 0 && door->pair_read != NULL && !door->stopping)
		key = http_tls_key_new(&door->pair_read, door->key->number + 1);
	if (key != NULL) {
		http_tls_key_release(&door->key_before);
		door->key_before = door->key;
		door->key = key;
		if (role_process_is_there(door->process))
			send_certificate(door);
		log_console(door->master->log, LOG_LEVEL_INFO, "httpd", "the certificate was read");
	} else if (!door->stopping) {
		tell_mistakes(door);
	}
	tls_pair_free(&door->pair_read);
	buf_free(&door->mistakes);
}

void
http_door_reload(struct http_door *door)
{
	if (door == NULL || door->key == NULL || door->is_reading)
		return;
	door->reading.data = door;
	door->is_reading =
	    uv_queue_work(&door->master->loop, &door->reading, read_pair, on_pair_read) == 0;
}

/* ---- beginning and end */

static bool
is_loopback(const char *text)
{
	struct address address;

	return text[0] != '\0' && address_parse(text, &address) == 0 && address_is_loopback(&address);
}

static int
open_door(struct http_door *door, struct buf *mistakes)
{
	const struct config *config = door->master->config;
	const struct config_httpd *httpd = &config->httpd;
	struct tls_pair *pair = NULL;
	int on = 1, err;

	door->asks_password = httpd->auth_user_file[0] != '\0';
	if (!door->asks_password && !is_loopback(httpd->bind_address)) {
		buf_printf(mistakes, "httpd.bind_address: \"%s\" is not an address of this machine "
		    "alone, and nobody would be asked for a password; set httpd.auth_user_file to a "
		    "file that htpasswd -B wrote, or bind to 127.0.0.1\n", httpd->bind_address);
		return ERR_INVALID;
	}
	err = listener_open(&door->listener, httpd->bind_address, httpd->bind_port, "httpd",
	    mistakes);
	/* inherited by what is accepted; the worker may not set it */
	if (err == 0)
		(void)setsockopt(door->listener.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (err == 0)
		err = http_tls_key_read(config, &pair, mistakes);
	if (err == 0 && pair != NULL && (door->key = http_tls_key_new(&pair, 1)) == NULL)
		err = ERR_MEMORY;
	return err;
}

int
http_door_open(struct http_door **out, struct master *m, struct buf *mistakes)
{
	struct http_door *door;
	int err;

	*out = NULL;
	if (m->config->httpd.bind_port <= 0)
		return 0;
	if ((door = calloc(1, sizeof(*door))) == NULL)
		return ERR_MEMORY;
	door->master = m;
	door->listener.fd = -1;
	door->mistakes = buf_init(MISTAKES_MAX);
	err = open_door(door, mistakes);
	if (err != 0)
		http_door_free(&door);
	*out = door;
	return err;
}

static int
open_auth(struct http_door *door, struct buf *mistakes)
{
	struct master *m = door->master;
	char *path = config_path(m->config, m->config->httpd.auth_user_file);
	struct failure failure = { 0 };
	int err;

	if (path == NULL)
		return ERR_MEMORY;
	err = http_auth_new(&door->auth, &(struct http_auth_settings){ .loop = &m->loop,
		.log = m->log, .path = path, .admins = m->admins,
		.cost = provider_rules(m->provider)->cost }, &failure);
	free(path);
	if (err == 0)
		return 0;
	buf_printf(mistakes, "httpd.auth_user_file: %s; give a file that htpasswd -B wrote and that "
	    "the server's user may read\n", failure.text);
	return ERR_INVALID;
}

const char *
http_door_protocol(const struct http_door *door)
{
	return door->key != NULL ? "https" : "http";
}

const char *
http_door_address(const struct http_door *door, uint16_t *port_out)
{
	*port_out = door->listener.port;
	return door->listener.text;
}

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

int
http_door_start(struct http_door *door, struct buf *mistakes)
{
	struct master *m;
	int err;

	if (door == NULL)
		return 0;
	m = door->master;
	if ((err = open_auth(door, mistakes)) != 0)
		return err;
	err = http_requests_new(&door->requests, &(struct http_requests_settings){
		.loop = &m->loop, .engine = m->engine, .auth = door->auth, .ctx = door,
		.send = send_message });
	if (err == 0)
		err = role_process_new(&door->process, &(struct role_process_settings){
			.loop = &m->loop, .role = "http", .peer = IPC_ROLE_HTTP, .ctx = door,
			.said = on_said, .ended = on_ended });
	if (err != 0)
		return err;
	if ((door->restart = malloc(sizeof(*door->restart))) == NULL)
		return ERR_MEMORY;
	if (uv_timer_init(&m->loop, door->restart) != 0)
		bug("cannot make a timer");
	door->restart->data = door;
	start_process(door);
	return 0;
}

void
http_door_stop(struct http_door *door)
{
	if (door == NULL || door->stopping)
		return;
	door->stopping = true;
	if (door->requests != NULL)
		http_requests_forget(door->requests);
	if (door->restart != NULL)
		uv_close((uv_handle_t *)door->restart, free_handle);
	role_process_free(&door->process);
	fd_close(&door->listener.fd);
}

void
http_door_free(struct http_door **door)
{
	struct http_door *d = *door;

	if (d == NULL)
		return;
	http_requests_free(&d->requests);
	http_auth_free(&d->auth);
	http_tls_key_release(&d->key);
	http_tls_key_release(&d->key_before);
	fd_close(&d->listener.fd);
	buf_free(&d->mistakes);
	free(d);
	*door = NULL;
}
