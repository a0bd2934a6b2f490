#include "master/inquiry.h"

#include "base/encode.h"
#include "crypto/crypto.h"
#include "master/program.h"
#include "master/state.h"

#include <stdlib.h>
#include <sys/wait.h>

enum {
	SCOPE_PASSWORD = 1,
	SCOPE_PUBLICKEY = 2,
	SCOPE_INTERACTIVE = 4,
	SCOPE_ALL = 7,
	OUTPUT_MAX = 1024 * 1024,
	VARIABLE_MAX = 128 * 1024, /* more the kernel does not pass on (execve(2)) */
	VARIABLES = 4,
	KEY_TYPE_MAX = 64,
};

struct inquiry {
	uv_work_t work;
	struct master *master;
	uint64_t connection;
	enum inquiry_program program;
	struct inquiry_subject subject;
	unsigned part;       /* of the external program's scope */
	struct buf key_line; /* of subject.key, with a NUL; empty: there is none */
	struct buf account;  /* as JSON, for the program before a login */
	struct buf reply;
	int err; /* why there is no reply */
	struct failure failure;
	bool asked; /* a program was started */
	void (*done)(void *ctx);
	void *ctx;
};

static unsigned
scope_of(const struct config *config)
{
	int scope = config->data_provider.external_auth_scope;

	return scope == 0 ? SCOPE_ALL : (unsigned)scope;
}

/* The part of the scope that such a login falls under. */
static unsigned
scope_part(unsigned scope, enum login_method method, bool has_password)
{
	switch (method) {
	case LOGIN_PASSWORD: return SCOPE_PASSWORD;
	case LOGIN_PUBLICKEY: return SCOPE_PUBLICKEY;
	case LOGIN_INTERACTIVE:
	case LOGIN_METHODS: break;
	}
	return has_password && (scope & SCOPE_PASSWORD) ? SCOPE_PASSWORD : SCOPE_INTERACTIVE;
}

enum inquiry_program
inquiry_program_for(const struct config *config, enum login_method method, bool has_password)
{
	unsigned scope = scope_of(config);

	if (config->data_provider.external_auth_program[0] != '\0' &&
	    (scope & scope_part(scope, method, has_password)))
		return INQUIRY_EXTERNAL;
	return config->data_provider.pre_login_program[0] != '\0' ? INQUIRY_PRE_LOGIN
								   : INQUIRY_NONE;
}

enum inquiry_program
inquiry_program(const struct inquiry *inquiry)
{
	return inquiry->program;
}

/* ---- preparing, on the thread pool */

/* In the form of authorized_keys, also a certificate; it is looked at before a program sees it. */
static int
write_key_line(struct view key, struct buf *out, struct failure *failure)
{
	struct buf blob = buf_init(CERTIFICATE_BLOB_MAX);
	struct rd r = rd_of(key);
	struct view name = rd_str(&r, KEY_TYPE_MAX);
	struct public_key_line line;
	int err;

	buf_raw(out, name.p, name.n);
	buf_u8(out, ' ');
	base64_encode(out, key, true);
	err = public_key_parse_line(buf_view(out), &line, &blob);
	buf_u8(out, '\0');
	if (err != 0 || !view_eq(buf_view(&blob), key))
		err = failure_set(failure, ERR_DENIED, "key or algorithm not accepted");
	buf_free(&blob);
	return err != 0 ? err : buf_error(out);
}

/* Without secrets: the account's password hash is not among it. */
static int
write_account(struct inquiry *q)
{
	struct user *user = NULL;
	json_t *json = NULL;
	int err = provider_find(q->master->provider, q->subject.username, &user, &q->failure);

	if (err == 0)
		err = (json = user_to_json(user, USER_FORM_PUBLIC)) == NULL ? ERR_MEMORY : 0;
	if (err == 0) {
		accounts_json_write(json, false, &q->account);
		err = buf_error(&q->account);
	}
	if (err == ERR_LIMIT)
		err = failure_set(&q->failure, ERR_DENIED,
		    "Pre-login program error: the account is too large to be told to it");
	json_decref(json);
	user_free(&user);
	return err;
}

static void
prepare(uv_work_t *work)
{
	struct inquiry *q = work->data;

	if (q->program == INQUIRY_PRE_LOGIN)
		q->err = write_account(q);
	else if (view_has_nul(q->subject.password))
		q->err = failure_set(&q->failure, ERR_DENIED, "Invalid credentials");
	else if (q->subject.key.n > 0)
		q->err = write_key_line(q->subject.key, &q->key_line, &q->failure);
}

/* ---- asking */

static void
on_output(void *ctx, struct view bytes)
{
	struct inquiry *q = ctx;

	buf_raw(&q->reply, bytes.p, bytes.n);
}

static void
on_ended(void *ctx, const struct program_end *end)
{
	struct inquiry *q = ctx;
	struct connection *c = connection_find(q->master, q->connection);
	struct buf text = buf_init(FAILURE_TEXT_MAX);

	program_end_count(end, q->master->metrics);
	if (c != NULL)
		c->program = NULL;
	if (end->outcome != PROGRAM_EXITED || !WIFEXITED(end->status) ||
	    WEXITSTATUS(end->status) != 0) {
		program_end_text(end, &text);
		q->err = failure_set(&q->failure, ERR_DENIED, "%s error: %.*s",
		    q->program == INQUIRY_EXTERNAL ? "External auth" : "Pre-login program",
		    (int)text.n, (const char *)text.p);
	} else {
		q->err = buf_error(&q->reply);
	}
	buf_free(&text);
	q->done(q->ctx);
}

static void
write_variable(struct buf *out, const char *name, struct view value)
{
	buf_printf(out, "%s=", name);
	buf_raw(out, value.p, value.n);
	buf_u8(out, '\0');
}

static void
write_external(const struct inquiry *q, struct buf variables[VARIABLES])
{
	const struct inquiry_subject *s = &q->subject;
	struct view none = { 0 }, key = buf_view(&q->key_line);

	if (key.n > 0)
		key.n--;
	write_variable(&variables[0], "SFTPGO_AUTHD_USERNAME", view_of(s->username));
	write_variable(&variables[1], "SFTPGO_AUTHD_PASSWORD",
	    q->part == SCOPE_PASSWORD ? s->password : none);
	write_variable(&variables[2], "SFTPGO_AUTHD_PUBLIC_KEY", key);
	write_variable(&variables[3], "SFTPGO_AUTHD_KEYBOARD_INTERACTIVE",
	    q->part == SCOPE_INTERACTIVE ? view_of("1") : none);
}

static int
ask(struct inquiry *q, struct connection *c)
{
	const struct config *config = q->master->config;
	bool external = q->program == INQUIRY_EXTERNAL;
	const char *pointers[VARIABLES + 1] = { NULL };
	struct buf variables[VARIABLES];
	struct program_request request = { .variables = pointers, .without_input = true,
		.path = external ? config->data_provider.external_auth_program
				 : config->data_provider.pre_login_program,
		.limit_ms = (uint32_t)config->limits.program_seconds * 1000,
		.output_max = OUTPUT_MAX, .source = address_source(&c->address), .ctx = q,
		.output = on_output, .ended = on_ended };
	int err = 0;

	for (size_t i = 0; i < VARIABLES; i++)
		variables[i] = buf_init(VARIABLE_MAX + 64);
	if (external) {
		write_external(q, variables);
	} else {
		write_variable(&variables[0], "SFTPGO_LOGIND_USER", buf_view(&q->account));
		write_variable(&variables[1], "SFTPGO_LOGIND_METHOD",
		    view_of(login_method_name(q->subject.method)));
	}
	for (size_t i = 0; i < VARIABLES && err == 0; i++) {
		err = buf_error(&variables[i]);
		pointers[i] = (const char *)variables[i].p;
	}
	if (err == 0)
		err = program_start(q->master->programs, &request, &c->program);
	for (size_t i = 0; i < VARIABLES; i++)
		buf_free(&variables[i]);
	return err;
}

/* Back on the loop. */
static void
prepared(uv_work_t *work, int status)
{
	struct inquiry *q = work->data;
	struct connection *c = connection_find(q->master, q->connection);

	if (status != 0)
		q->err = ERR_UNAVAILABLE;
	if (q->err == 0 && c != NULL && !c->ended) {
		if ((q->err = ask(q, c)) == 0) {
			q->asked = true;
			return;
		}
	}
	q->done(q->ctx);
}

/* ---- the interface */

int
inquiry_start(struct inquiry **out, struct connection *c, enum inquiry_program program,
    const struct inquiry_subject *subject, void (*done)(void *ctx), void *ctx)
{
	struct inquiry *q = calloc(1, sizeof(*q));

	*out = q;
	if (q == NULL)
		return ERR_MEMORY;
	q->work.data = q;
	q->master = c->master;
	q->connection = c->id;
	q->program = program;
	q->subject = *subject;
	q->part = scope_part(
	    scope_of(c->master->config), subject->method, subject->password.n > 0);
	q->key_line = buf_init(PUBLIC_KEY_LINE_MAX);
	q->account = buf_init(VARIABLE_MAX);
	q->reply = buf_init(OUTPUT_MAX);
	q->done = done;
	q->ctx = ctx;
	if (uv_queue_work(&c->master->loop, &q->work, prepare, prepared) != 0)
		bug("the thread pool takes no work");
	return 0;
}

int
inquiry_apply(struct inquiry *q, struct failure *failure)
{
	struct external_login login = { .username = q->subject.username };

	/* the program before a login is not asked about nobody: what follows refuses such a name */
	if (q->err == ERR_NOT_FOUND)
		return 0;
	if (q->err != 0 || !q->asked) {
		*failure = q->failure;
		return q->err != 0 ? q->err : ERR_UNAVAILABLE;
	}
	if (q->program == INQUIRY_PRE_LOGIN)
		return pre_login_reply_store(q->master->provider, login.username,
		    buf_view(&q->reply), failure);
	if (q->part == SCOPE_PASSWORD)
		login.password = q->subject.password;
	login.key_line = q->key_line.n > 0 ? (const char *)q->key_line.p : NULL;
	return external_reply_store(q->master->provider, &login, buf_view(&q->reply), failure);
}

void
inquiry_free(struct inquiry **inquiry)
{
	struct inquiry *q = *inquiry;

	*inquiry = NULL;
	if (q == NULL)
		return;
	buf_free(&q->key_line);
	buf_free(&q->account);
	buf_free(&q->reply);
	free(q);
}
