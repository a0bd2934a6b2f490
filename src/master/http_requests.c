#include "master/http_requests.h"

#include "base/log_line.h"
#include "base/secret.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { ANSWER_MAX = 64 * 1024 * 1024, TOO_OFTEN_SECONDS = 6, BUSY_SECONDS = 1 };

enum stage {
	STAGE_ASKING, /* who it is */
	STAGE_BODY,
	STAGE_WORKING,
	STAGE_ANSWERING,
};

struct request {
	LIST_ENTRY(request) link;
	struct http_requests *owner;
	uint64_t id;
	enum stage stage;
	bool cancelled; /* the client has gone: the answer is short */
	bool forgotten; /* the worker has: there is nobody to answer */
	bool sending;   /* just now, which may end the worker */
	char resource[33], verb[33];
	struct control_actor actor;
	struct address address;
	struct buf body;
	bool is_login;                  /* the body says who it is */
	struct control_request control; /* of a login, while it is asked */

	json_t *json; /* of the answer */
	struct ipc_http_answer answer;
	char message[CONTROL_MESSAGE_MAX];
	char session[ADMIN_TOKEN_MAX];
	struct buf text; /* of the answer */
	size_t sent;
	unsigned credit; /* pieces that may be sent */
	uv_work_t work;
};

struct http_requests {
	struct http_requests_settings settings;
	LIST_HEAD(, request) list;
	unsigned count; /* that are not forgotten */
};

/* What this door may ask for: no more than the API offers, whatever a worker that has been taken
 * over would like. */
static const char *const offered[][2] = {
	{ "version", "show" }, { "provider", "check" }, { "status", "show" },
	{ "service", "list" }, { "settings", "show" }, { "metrics", "show" },
	{ "session", "list" }, { "session", "close" }, { "transfer", "list" },
	{ "quota_scan", "list" }, { "quota_scan", "start" }, { "quota_scan", "cancel" },
	{ "user", "list" }, { "user", "show" }, { "user", "add" }, { "user", "update" },
	{ "user", "delete" }, { "user", "explain" }, { "quota", "show" },
	{ "totp", "show" }, { "totp", "enrol" }, { "totp", "disable" },
	{ "backup", "dump" }, { "backup", "load" },
	{ "ban", "list" }, { "ban", "add" }, { "ban", "remove" },
	{ "admin", "list" }, { "admin", "show" }, { "admin", "add" }, { "admin", "update" },
	{ "admin", "delete" }, { "admin", "totp-enrol" }, { "admin", "totp-disable" },
	{ "key", "list" }, { "key", "add" }, { "key", "revoke" }, { "audit", "list" },
	{ "self", "show" }, { "login", "open" }, { "login", "close" },
};

static bool
is_offered(const struct request *r)
{
	for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
		if (strcmp(offered[i][0], r->resource) == 0 && strcmp(offered[i][1], r->verb) == 0)
			return true;
	}
	return false;
}

static struct request *
find(struct http_requests *requests, uint64_t id)
{
	struct request *r;

	LIST_FOREACH (r, &requests->list, link) {
		if (r->id == id && !r->forgotten)
			return r;
	}
	return NULL;
}

static void
request_free(struct request *r)
{
	LIST_REMOVE(r, link);
	if (!r->forgotten)
		r->owner->count--;
	json_decref(r->json);
	control_request_free(&r->control);
	buf_free(&r->body);
	buf_free(&r->text);
	secret_free(r, sizeof(*r));
}

static void
tell(struct request *r, struct buf *message)
{
	r->owner->settings.send(r->owner->settings.ctx, message);
}

/* ---- the way back */

/* Sends as many pieces as the worker has room for; the last one ends the request. */
static void
send_pieces(struct request *r)
{
	r->sending = true;
	while (!r->forgotten && r->credit > 0 && r->sent < r->text.n) {
		struct buf message = buf_init(IPC_BYTES_MAX);
		size_t n = r->text.n - r->sent;

		if (n > IPC_HTTP_PIECE_BYTES)
			n = IPC_HTTP_PIECE_BYTES;
		ipc_encode_http_chunk(&message, &(struct ipc_http_chunk){ .request = r->id,
			.bytes = { .p = r->text.p + r->sent, .n = n } });
		r->sent += n;
		r->credit--;
		tell(r, &message);
	}
	r->sending = false;
	if (r->forgotten || r->sent == r->text.n)
		request_free(r);
}

static void
answer(struct request *r)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	if (r->forgotten) {
		request_free(r);
		return;
	}
	if (r->cancelled)
		buf_clear(&r->text);
	r->stage = STAGE_ANSWERING;
	r->credit = IPC_HTTP_CHUNKS_AHEAD;
	r->answer.request = r->id;
	r->answer.body_bytes = r->text.n;
	r->answer.message = view_of(r->message);
	r->answer.session = view_of(r->session);
	ipc_encode_http_answer(&message, &r->answer);
	r->sending = true;
	tell(r, &message);
	send_pieces(r);
}

static void
answer_text(struct request *r, uint32_t status, const char *message, uint32_t retry_after_seconds)
{
	r->answer.status = status;
	r->answer.retry_after_seconds = retry_after_seconds;
	snprintf(r->message, sizeof(r->message), "%s", message);
	answer(r);
}

/* On the pool: a list of accounts is long. */
static void
write_json(uv_work_t *work)
{
	struct request *r = work->data;
	char *text;

	if (r->answer.is_text) {
		buf_raw(&r->text, json_string_value(r->json), json_string_length(r->json));
		return;
	}
	text = json_dumps(r->json, JSON_COMPACT | JSON_ENCODE_ANY);
	if (text != NULL)
		json_without_markup(&r->text, view_of(text));
	free(text);
}

static void
on_written(uv_work_t *work, int status)
{
	struct request *r = work->data;

	json_decref(r->json);
	r->json = NULL;
	if (status != 0 || buf_error(&r->text) != 0 || r->text.n == 0) {
		buf_free(&r->text);
		answer_text(r, 500, "the answer is too long", 0);
		return;
	}
	answer(r);
}

/* Pages must not see it: the worker makes a cookie of it. */
static void
take_session(struct request *r)
{
	const char *token = json_string_value(json_object_get(r->json, "token"));

	if (!r->is_login || token == NULL)
		return;
	snprintf(r->session, sizeof(r->session), "%s", token);
	json_object_del(r->json, "token");
}

/* A text is the answer where there is one; what was changed would else be told twice. */
static void
on_done(void *ctx, const struct control_answer *control)
{
	struct request *r = ctx;

	r->answer.status = (uint32_t)control->status;
	snprintf(r->message, sizeof(r->message), "%s", control->message);
	if (control->body == NULL || control->message[0] != '\0' || r->cancelled || r->forgotten) {
		answer(r);
		return;
	}
	r->json = json_incref(control->body);
	take_session(r);
	r->answer.is_text = json_is_string(r->json);
	r->work.data = r;
	if (uv_queue_work(r->owner->settings.loop, &r->work, write_json, on_written) != 0)
		answer_text(r, 503, "the server is stopping", BUSY_SECONDS);
}

/* ---- the way in */

static void
refuse(struct request *r, enum http_verdict verdict)
{
	switch (verdict) {
	case HTTP_TOO_OFTEN:
		answer_text(r, 429, "Too many wrong passwords", TOO_OFTEN_SECONDS);
		return;
	case HTTP_BUSY:
		answer_text(r, 503, "Too many wait already", BUSY_SECONDS);
		return;
	case HTTP_CODE_WANTED:
		answer_text(r, 401, "A one-time code is needed", 0);
		return;
	case HTTP_FOREIGN:
		answer_text(r, 403, "The session's CSRF token is missing or wrong", 0);
		return;
	default:
		answer_text(r, 401, "Unauthorized", 0);
	}
}

static void
on_login_known(void *ctx, enum http_verdict verdict, const struct control_actor *actor)
{
	struct request *r = ctx;
	struct control_request control = r->control;

	if (verdict != HTTP_WELCOME || r->cancelled || r->forgotten) {
		refuse(r, verdict);
		return;
	}
	r->actor = *actor;
	r->control = (struct control_request){ 0 };
	control_engine_run(r->owner->settings.engine, &r->actor, &control, on_done, r);
}

/* A member of the body, or nothing. */
static struct view
member(const struct request *r, const char *key)
{
	const json_t *value = json_object_get(r->control.body, key);

	return (struct view){ .p = (const uint8_t *)json_string_value(value),
		.n = json_string_length(value) };
}

static void
ask_who(struct request *r)
{
	struct http_claim claim = { .kind = IPC_HTTP_BASIC, .user = member(r, "username"),
		.secret = member(r, "password"), .code = member(r, "code"), .changes = true,
		.address = r->address };

	if (claim.user.n == 0 || claim.secret.n == 0)
		answer_text(r, 400, "the request needs the texts \"username\" and \"password\"", 0);
	else
		http_auth_ask(r->owner->settings.auth, &claim, on_login_known, r);
}

static void
run(struct request *r)
{
	json_t *body = json_loadb((const char *)r->body.p, r->body.n, JSON_REJECT_DUPLICATES, NULL);
	struct control_answer refused = { 0 };

	buf_free(&r->body);
	r->stage = STAGE_WORKING;
	if (!json_is_object(body)) {
		json_decref(body);
		answer_text(r, 400, "the body is not an object", 0);
	} else if (!control_request_make(r->resource, r->verb, body, &r->control, &refused)) {
		on_done(r, &refused);
		control_answer_free(&refused);
	} else if (r->is_login) {
		ask_who(r);
	} else {
		struct control_request control = r->control;

		r->control = (struct control_request){ 0 };
		control_engine_run(r->owner->settings.engine, &r->actor, &control, on_done, r);
	}
}

static void
take_body(struct request *r)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	r->stage = STAGE_BODY;
	ipc_encode_http_go(&message, &(struct ipc_http_go){ .request = r->id });
	tell(r, &message);
}

static void
on_known(void *ctx, enum http_verdict verdict, const struct control_actor *actor)
{
	struct request *r = ctx;

	if (verdict != HTTP_WELCOME || r->cancelled || r->forgotten) {
		refuse(r, verdict);
		return;
	}
	r->actor = *actor;
	take_body(r);
}

static bool
is_change(const struct request *r)
{
	bool unused;
	const struct control_row *row = control_row_find(r->resource, r->verb, &unused);

	return row == NULL || row->is_change;
}

static int
on_http_request(struct http_requests *requests, struct rd fields)
{
	struct http_claim claim = { 0 };
	struct ipc_http_request message;
	struct request *r;
	char address[ADDRESS_TEXT_MAX];
	int err = ipc_decode_http_request(fields, &message);

	if (err != 0)
		return err;
	if (requests->count >= IPC_HTTP_REQUESTS_MAX || find(requests, message.request) != NULL ||
	    view_copy(message.address, address, sizeof(address)) != 0 ||
	    address_parse(address, &claim.address) != 0)
		return ERR_PROTOCOL;
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return ERR_MEMORY;
	r->owner = requests;
	r->id = message.request;
	r->body = buf_init(IPC_HTTP_CONTROL_MAX);
	r->text = buf_init(ANSWER_MAX);
	LIST_INSERT_HEAD(&requests->list, r, link);
	requests->count++;
	if (view_copy(message.resource, r->resource, sizeof(r->resource)) != 0 ||
	    view_copy(message.verb, r->verb, sizeof(r->verb)) != 0 || !is_offered(r)) {
		request_free(r);
		return ERR_PROTOCOL;
	}
	r->is_login = strcmp(r->resource, "login") == 0 && strcmp(r->verb, "open") == 0;
	r->address = claim.address;
	if (r->is_login != (message.credential == IPC_HTTP_BODY_SAYS)) {
		request_free(r);
		return ERR_PROTOCOL;
	}
	if (r->is_login) {
		take_body(r);
		return 0;
	}
	claim.kind = message.credential;
	claim.user = message.user;
	claim.secret = message.secret;
	claim.code = message.code;
	claim.csrf = message.csrf;
	claim.changes = is_change(r);
	http_auth_ask(requests->settings.auth, &claim, on_known, r);
	return 0;
}

static int
on_http_body(struct http_requests *requests, struct rd fields)
{
	struct ipc_http_body message;
	struct request *r;
	int err = ipc_decode_http_body(fields, &message);

	if (err != 0)
		return err;
	if ((r = find(requests, message.request)) == NULL || r->stage != STAGE_BODY)
		return ERR_PROTOCOL;
	buf_raw(&r->body, message.bytes.p, message.bytes.n);
	if ((err = buf_error(&r->body)) == 0 && message.last)
		run(r);
	return err;
}

static int
on_http_cancel(struct http_requests *requests, struct rd fields)
{
	struct ipc_http_cancel message;
	struct request *r;
	int err = ipc_decode_http_cancel(fields, &message);

	/* the answer may have crossed it */
	if (err != 0 || (r = find(requests, message.request)) == NULL)
		return err;
	r->cancelled = true;
	if (r->stage == STAGE_BODY)
		answer_text(r, 400, "", 0);
	else if (r->stage == STAGE_ANSWERING)
		request_free(r);
	return 0;
}

static int
on_http_more(struct http_requests *requests, struct rd fields)
{
	struct ipc_http_more message;
	struct request *r;
	int err = ipc_decode_http_more(fields, &message);

	if (err != 0 || (r = find(requests, message.request)) == NULL)
		return err;
	if (r->stage != STAGE_ANSWERING || r->credit >= IPC_HTTP_CHUNKS_AHEAD)
		return ERR_PROTOCOL;
	r->credit++;
	send_pieces(r);
	return 0;
}

int
http_requests_said(struct http_requests *requests, const struct ipc_message *message)
{
	switch (message->type) {
	case IPC_HTTP_REQUEST: return on_http_request(requests, message->fields);
	case IPC_HTTP_BODY: return on_http_body(requests, message->fields);
	case IPC_HTTP_CANCEL: return on_http_cancel(requests, message->fields);
	case IPC_HTTP_MORE: return on_http_more(requests, message->fields);
	default: return ERR_PROTOCOL;
	}
}

/* ---- beginning and end */

int
http_requests_new(struct http_requests **out, const struct http_requests_settings *settings)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ERR_MEMORY;
	(*out)->settings = *settings;
	LIST_INIT(&(*out)->list);
	return 0;
}

void
http_requests_forget(struct http_requests *requests)
{
	struct request *r, *next;

	for (r = LIST_FIRST(&requests->list); r != NULL; r = next) {
		next = LIST_NEXT(r, link);
		if (r->forgotten)
			continue;
		r->forgotten = true;
		requests->count--;
		/* the others are being worked on, and end by themselves */
		if (r->stage == STAGE_BODY || (r->stage == STAGE_ANSWERING && !r->sending))
			request_free(r);
	}
}

void
http_requests_free(struct http_requests **requests)
{
	struct request *r;

	if (*requests == NULL)
		return;
	while ((r = LIST_FIRST(&(*requests)->list)) != NULL)
		request_free(r);
	free(*requests);
	*requests = NULL;
}
