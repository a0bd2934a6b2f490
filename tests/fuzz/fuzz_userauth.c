/*
 * From the service request to the end of authentication. Whoever gets in must have sent the
 * password in the request that was answered.
 */
#include "ssh_fuzz.h"

/* Puts the frames on the wire as plain packets, then the end of the stream. */
static void
feed(int fd, struct rd input)
{
	struct packet_output out;
	struct view payload;

	FUZZ_CHECK(packet_output_init(&out) == 0);
	while (fuzz_frame(&input, &payload) && packet_output_send(&out, payload) == 0)
		continue;
	if (packet_output_flush(&out, fd) != 0)
		packet_output_release(&out);
	packet_output_free(&out);
	shutdown(fd, SHUT_WR);
}

/* A question whose right answer would be a login; here it never is one. */
static int
converse(struct ssh_transport *t, bool *given_up, struct ssh_userauth_request *request)
{
	const struct ssh_question question = { .text = view_of("Password: ") };
	struct ssh_answers answers;
	int err = ssh_userauth_ask(t, view_of(""), view_of(""), &question, 1);

	if (err != 0 || (err = ssh_userauth_read_answers(t, &answers, given_up, request)) != 0)
		return err;
	FUZZ_CHECK(answers.count <= SSH_QUESTIONS_MAX && (!*given_up || answers.count == 0));
	for (size_t i = 0; i < answers.count; i++)
		FUZZ_CHECK(answers.items[i].n <= SSH_ANSWER_MAX);
	return *given_up ? 0 : ssh_userauth_failure(t, view_of("publickey,password"), false);
}

static int
authenticate(struct ssh_transport *t)
{
	struct ssh_userauth_request request;
	bool given_up = false;
	int err;

	if ((err = ssh_service_accept(t)) != 0)
		return err;
	while (given_up || (err = ssh_userauth_read(t, &request)) == 0) {
		given_up = false;
		if (request.method == SSH_USERAUTH_KEYBOARD_INTERACTIVE) {
			if ((err = converse(t, &given_up, &request)) != 0)
				return err;
			continue;
		}
		FUZZ_CHECK(
		    request.user.n <= SSH_USER_MAX && request.password.n <= SSH_PASSWORD_MAX);
		FUZZ_CHECK(request.key.n <= SSH_KEY_BLOB_MAX);
		FUZZ_CHECK(request.signature.n <= SSH_SIGNATURE_MAX);
		FUZZ_CHECK(request.password.n == 0 || request.method == SSH_USERAUTH_PASSWORD ||
			   request.method == SSH_USERAUTH_PASSWORD_CHANGE);
		FUZZ_CHECK(request.signature.n == 0 || request.method == SSH_USERAUTH_KEY_PROOF);
		if (request.method == SSH_USERAUTH_PASSWORD && view_is(request.password, "secret"))
			return ssh_userauth_success(t);
		if (request.method == SSH_USERAUTH_KEY_QUERY && view_is(request.user, "demo"))
			err = ssh_userauth_key_ok(t, &request);
		else
			err = ssh_userauth_failure(t, view_of("publickey,password"), false);
		if (err != 0)
			return err;
		FUZZ_CHECK(!t->authenticated);
	}
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ssh_transport *t;
	int fds[2], err;

	if (size > 100 * 1024)
		return 0;
	t = fuzz_transport(fds);
	memset(t->session_id, 1, 32);
	t->session_id_bytes = 32;
	feed(fds[1], rd_init(data, size));
	err = authenticate(t);
	FUZZ_CHECK((err == 0) == t->authenticated);
	FUZZ_CHECK(err == 0 || ssh_transport_error(t)[0] != '\0');
	ssh_transport_free(&t);
	close(fds[0]);
	close(fds[1]);
	return 0;
}
