#include "worker/login.h"

#include "base/clock.h"
#include "base/fd.h"
#include "sandbox/sandbox.h"
#include "worker/handover.h"
#include "worker/master_link.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>

/* What is left of the link's methods when the master was never asked. */
#define METHODS_UNASKED "password,publickey,keyboard-interactive"

enum { METHODS_MAX = 255, ERROR_MAX = 2048, ANSWERS_MAX = 16512 };

/* What became of one authentication request. Zero is "denied". */
enum verdict {
	VERDICT_DENIED = 0,
	VERDICT_KEY_OK,
	VERDICT_QUESTIONS, /* more is asked of the client */
	VERDICT_ACCEPTED,
};

struct login {
	struct ssh_transport *transport;
	struct master_link link;
	int client_fd;
	uint64_t deadline_ms;
	char methods[METHODS_MAX + 1]; /* as the master said last */
	bool partial;
	int handover_fd;
	char closing[256]; /* why the master wants us to end; empty while it does not */
};

/*
 * Until the master has something to say. A client that hangs up meanwhile wants no answer any more,
 * and a program that is asked about it need not go on.
 */
static int
wait_for_master(struct login *login)
{
	struct pollfd watched[] = { { login->link.fd, POLLIN, 0 },
		{ login->client_fd, POLLRDHUP, 0 } };
	uint64_t now = clock_mono_ms();
	int timeout = -1, n;

	if (login->deadline_ms != 0) {
		uint64_t left = login->deadline_ms > now ? login->deadline_ms - now : 0;

		timeout = left < INT_MAX ? (int)left : INT_MAX;
	}
	n = poll(watched, 2, timeout);
	if (n == 0)
		return ERR_TIMEOUT;
	/* what poll() itself cannot do is for the receiving to find out */
	return n < 0 || watched[0].revents != 0 ? 0 : ERR_EOF;
}

/* Waits for a message of one of these types; SESSION_CLOSE may come instead of any. */
static int
expect(struct login *login, enum ipc_type first, enum ipc_type second, enum ipc_type third,
    struct ipc_message *out)
{
	struct ipc_session_close close;
	int err = wait_for_master(login);

	if (err == 0)
		err = master_link_receive(&login->link, login->deadline_ms, out);
	if (err != 0)
		return err;
	if (out->type == first || out->type == second || out->type == third)
		return 0;
	ipc_message_close_fds(out);
	if (out->type != IPC_SESSION_CLOSE || ipc_decode_session_close(out->fields, &close) != 0)
		return ERR_PROTOCOL;
	if (view_copy(close.reason, login->closing, sizeof(login->closing)) != 0 ||
	    login->closing[0] == '\0')
		snprintf(login->closing, sizeof(login->closing), "closed by the server");
	return ERR_UNAVAILABLE;
}

static int
sign(void *ctx, struct view algorithm, struct view exchange_hash, struct buf *signature_out)
{
	struct login *login = ctx;
	struct ipc_host_key_signed answer;
	struct ipc_message message;
	int err;

	ipc_encode_host_key_sign(&login->link.out,
	    &(struct ipc_host_key_sign){ .algorithm = algorithm, .exchange_hash = exchange_hash });
	if ((err = master_link_send(&login->link)) != 0 ||
	    (err = expect(login, IPC_HOST_KEY_SIGNED, IPC_HOST_KEY_SIGNED, IPC_HOST_KEY_SIGNED,
		 &message)) != 0)
		return err;
	if ((err = ipc_decode_host_key_signed(message.fields, &answer)) != 0)
		return err;
	if (answer.signature.n == 0)
		return ERR_DENIED;
	buf_raw(signature_out, answer.signature.p, answer.signature.n);
	return buf_error(signature_out);
}

static int
take_answer(struct login *login, const struct ipc_message *message, enum verdict *out)
{
	struct ipc_auth_answer answer;
	int err = ipc_decode_auth_answer(message->fields, &answer);

	if (err != 0)
		return err;
	if ((err = view_copy(answer.methods, login->methods, sizeof(login->methods))) != 0)
		return err;
	login->partial = answer.partial;
	*out = answer.key_ok ? VERDICT_KEY_OK : VERDICT_DENIED;
	return 0;
}

/* Passes the master's questions on to the client. */
static int
take_questions(struct login *login, const struct ipc_message *message, enum verdict *out)
{
	struct ssh_question questions[SSH_QUESTIONS_MAX];
	struct ipc_auth_questions fields;
	size_t count = 0;
	struct rd r;
	int err = ipc_decode_auth_questions(message->fields, &fields);

	if (err != 0)
		return err;
	r = rd_of(fields.questions);
	while (r.bad == 0 && r.n > 0 && count < SSH_QUESTIONS_MAX) {
		questions[count].text = rd_str(&r, SSH_QUESTIONS_BYTES_MAX);
		questions[count++].echo = rd_bool(&r);
	}
	if ((err = rd_end(&r)) != 0)
		return err;
	*out = VERDICT_QUESTIONS;
	return ssh_userauth_ask(
	    login->transport, fields.name, fields.instruction, questions, count);
}

/* Sends what is in the link and takes the master's word. */
static int
ask(struct login *login, enum verdict *out)
{
	struct ipc_message message;
	int err = master_link_send(&login->link);

	*out = VERDICT_DENIED;
	/* a value that no message can carry (a NUL in a name, a key too long) can only be wrong */
	if (err != 0)
		return master_link_error(&login->link);
	if ((err = expect(login, IPC_AUTH_ANSWER, IPC_AUTH_ACCEPTED, IPC_AUTH_QUESTIONS,
		 &message)) != 0)
		return err;
	if (message.type == IPC_AUTH_ANSWER)
		return take_answer(login, &message, out);
	if (message.type == IPC_AUTH_QUESTIONS)
		return take_questions(login, &message, out);
	login->handover_fd = fd_take(&message.fds[0]);
	login->link.gate.phase = PHASE_DONE;
	*out = VERDICT_ACCEPTED;
	return 0;
}

static int
ask_about(struct login *login, const struct ssh_userauth_request *request, enum verdict *out)
{
	struct buf *message = &login->link.out;

	switch (request->method) {
	case SSH_USERAUTH_PASSWORD:
		ipc_encode_auth_password(
		    message, &(struct ipc_auth_password){
				 .user = request->user, .password = request->password });
		break;
	case SSH_USERAUTH_KEY_QUERY:
		ipc_encode_auth_key_query(
		    message, &(struct ipc_auth_key_query){ .user = request->user,
				 .algorithm = request->algorithm,
				 .key = request->key });
		break;
	case SSH_USERAUTH_KEY_PROOF:
		ipc_encode_auth_key_proof(
		    message, &(struct ipc_auth_key_proof){ .user = request->user,
				 .algorithm = request->algorithm,
				 .key = request->key,
				 .signature = request->signature });
		break;
	case SSH_USERAUTH_KEYBOARD_INTERACTIVE:
		ipc_encode_auth_interactive(
		    message, &(struct ipc_auth_interactive){ .user = request->user });
		break;
	case SSH_USERAUTH_NONE:
	case SSH_USERAUTH_OTHER:
	case SSH_USERAUTH_PASSWORD_CHANGE:
		ipc_encode_auth_none(message, &(struct ipc_auth_none){ .user = request->user });
		break;
	}
	return ask(login, out);
}

/* The client's answers to the master, and what the master says to them. */
static int
pass_answers(struct login *login, const struct ssh_answers *answers, enum verdict *out)
{
	struct buf list = buf_init(ANSWERS_MAX);
	int err;

	for (size_t i = 0; i < answers->count; i++)
		buf_str(&list, answers->items[i]);
	err = buf_error(&list);
	if (err == 0) {
		ipc_encode_auth_replies(&login->link.out,
		    &(struct ipc_auth_replies){ .answers = buf_view(&list) });
		err = ask(login, out);
	}
	buf_free(&list);
	return err;
}

/*
 * Goes on with a dialogue until the master has decided, or until the client gives it up by a new
 * request, which takes the place of the old one.
 */
static int
converse(struct login *login, struct ssh_userauth_request *request, enum verdict *verdict)
{
	struct ssh_answers answers;
	bool given_up;
	int err = 0;

	while (err == 0 && *verdict == VERDICT_QUESTIONS) {
		if (request->method != SSH_USERAUTH_KEYBOARD_INTERACTIVE)
			return ERR_PROTOCOL;
		err = ssh_userauth_read_answers(login->transport, &answers, &given_up, request);
		if (err == 0 && given_up) {
			err = ask_about(login, request, verdict);
		} else if (err == 0) {
			request->method = SSH_USERAUTH_KEYBOARD_INTERACTIVE;
			err = pass_answers(login, &answers, verdict);
		}
	}
	return err;
}

/* Answers one request. *done_out when the client is logged in. */
static int
answer(struct login *login, struct ssh_userauth_request *request, bool *done_out)
{
	enum verdict verdict;
	int err = ask_about(login, request, &verdict);

	if (err == 0)
		err = converse(login, request, &verdict);
	if (err != 0)
		return err;
	switch (verdict) {
	case VERDICT_ACCEPTED:
		/* an offer is no proof, and "none" proves nothing: the master does not say so */
		if (request->method != SSH_USERAUTH_PASSWORD &&
		    request->method != SSH_USERAUTH_KEY_PROOF &&
		    request->method != SSH_USERAUTH_KEYBOARD_INTERACTIVE)
			return ERR_PROTOCOL;
		*done_out = true;
		return ssh_userauth_success(login->transport);
	case VERDICT_KEY_OK:
		if (request->method != SSH_USERAUTH_KEY_QUERY)
			return ERR_PROTOCOL;
		return ssh_userauth_key_ok(login->transport, request);
	case VERDICT_QUESTIONS:
	case VERDICT_DENIED: break;
	}
	return ssh_userauth_failure(login->transport, view_of(login->methods), login->partial);
}

static int
authenticate(struct login *login)
{
	bool done = false;
	int err = 0;

	while (err == 0 && !done) {
		struct ssh_userauth_request request;

		if ((err = ssh_userauth_read(login->transport, &request)) == 0)
			err = answer(login, &request, &done);
	}
	return err;
}

/* Tells the master whose connection it is, if that counts. */
static int
take_proxy_header(struct login *login, enum proxy_use use)
{
	struct proxy_header header;
	int err = ssh_proxy_header_read(login->transport, use == PROXY_REQUIRED, &header);

	if (err != 0 || use == PROXY_SKIPPED)
		return err;
	ipc_encode_client_address(
	    &login->link.out, &(struct ipc_client_address){ .known = header.has_client,
				  .address = { .p = header.client.bytes,
				      .n = sizeof(header.client.bytes) },
				  .port = header.port });
	return master_link_send(&login->link);
}

static int
run(struct login *login, enum proxy_use proxy)
{
	int err = ssh_announce(login->transport);

	if (err == 0 && proxy != PROXY_OFF)
		err = take_proxy_header(login, proxy);
	if (err != 0 || (err = ssh_version_read(login->transport)) != 0)
		return err;
	ipc_encode_client_version(
	    &login->link.out, &(struct ipc_client_version){
				  .version = ssh_transport_client_version(login->transport) });
	if ((err = master_link_send(&login->link)) != 0)
		return err;
	if ((err = ssh_key_exchange(login->transport, sign, login)) != 0)
		return err;
	login->link.gate.phase = PHASE_AUTH;
	if ((err = ssh_service_accept(login->transport)) != 0)
		return err;
	return authenticate(login);
}

static enum worker_exit
give_away(struct login *login, int client_fd)
{
	struct buf state = buf_init(SSH_STATE_BYTES_MAX);
	int err = ssh_transport_export(login->transport, &state);

	if (err == 0 && (err = buf_error(&state)) == 0)
		err = handover_send(login->handover_fd, client_fd, buf_view(&state));
	buf_free(&state);
	if (err == 0)
		return WORKER_EXIT_DONE;
	master_link_log(&login->link, LOG_LEVEL_WARN, "sftpd", err_text(err));
	return WORKER_EXIT_HANDOVER;
}

/* Who leaves, or is slow, has done nothing wrong; and we may fail as well. */
static bool
is_fault_of_client(int err)
{
	return err == ERR_PROTOCOL || err == ERR_NO_MATCH || err == ERR_FORMAT ||
	       err == ERR_LIMIT || err == ERR_SHORT || err == ERR_TRAILING || err == ERR_CRYPTO;
}

/* Says why nobody was logged in, unless the master itself is the reason. */
static enum worker_exit
report_failure(struct login *login, int err)
{
	struct view text = view_of(ssh_transport_error(login->transport));

	if (master_link_error(&login->link) != 0)
		return WORKER_EXIT_MASTER;
	if (login->closing[0] != '\0') {
		ssh_transport_disconnect(
		    login->transport, SSH_DISCONNECT_BY_APPLICATION, login->closing);
		text = view_of(login->closing);
	} else if (text.n == 0) {
		text = view_of(err_text(err));
	}
	/* after AUTH_ACCEPTED the login has succeeded, whatever became of the client */
	if (login->link.gate.phase == PHASE_DONE)
		return WORKER_EXIT_CLIENT;
	text.n = text.n < ERROR_MAX ? text.n : ERROR_MAX;
	ipc_encode_login_failed(&login->link.out,
	    &(struct ipc_login_failed){ .error = text, .broken = is_fault_of_client(err) });
	(void)master_link_send(&login->link);
	return err == ERR_LIMIT ? WORKER_EXIT_REFUSED : WORKER_EXIT_CLIENT;
}

enum worker_exit
login_main(const struct ssh_config *config, enum proxy_use proxy, int ipc_fd, int client_fd)
{
	struct login login = {
		.client_fd = client_fd, .handover_fd = -1, .methods = METHODS_UNASKED
	};
	enum worker_exit exit_status;
	int err;

	if (config->login_time_ms != 0)
		login.deadline_ms = clock_mono_ms() + config->login_time_ms;
	master_link_init(&login.link, ipc_fd, PHASE_KEX);
	if (sandbox_enter(SANDBOX_LOGIN, &(struct sandbox_rules){ 0 }) != 0)
		return WORKER_EXIT_SANDBOX;
	if (ssh_transport_new(&login.transport, client_fd, config, login.deadline_ms) != 0)
		return WORKER_EXIT_FAILED;
	err = run(&login, proxy);
	exit_status = err == 0 ? give_away(&login, client_fd) : report_failure(&login, err);
	ssh_transport_free(&login.transport);
	fd_close(&login.handover_fd);
	master_link_free(&login.link);
	return exit_status;
}
