#include "master/login_dialogue.h"

#include "base/secret.h"
#include "master/authentication.h"
#include "master/program.h"
#include "master/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	AHEAD_MAX = 4 * DIALOGUE_LINE_MAX, /* bytes of lines that the program writes unasked */
	OUTPUT_MAX = 1024 * 1024,          /* bytes that it may write in all */
	ANSWER_MAX = 1024,
};

/* Who has the next word. */
enum turn { TURN_PROGRAM, TURN_CLIENT, TURN_CHECK /* of a password */ };

/* A dialogue that a program holds; freed when its program has ended and it has no connection. */
struct login_dialogue {
	struct master *master;
	uint64_t connection; /* 0: none any more */
	struct program *program; /* NULL: it has ended */
	char *user;
	enum turn turn;
	struct buf output; /* lines that have not had their turn */
	size_t asked; /* questions of the client's turn */
	bool check_password;
	struct buf end; /* how the program ended, for the log */
};

bool
login_dialogue_has_program(const struct config *config)
{
	return config->sftpd.keyboard_interactive_auth_program[0] != '\0';
}

/* ---- asking the client */

static void
ask(struct connection *c, struct view instruction, struct view questions)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_auth_questions(&message, &(struct ipc_auth_questions){
		.instruction = instruction, .questions = questions });
	/* a failure has ended the connection */
	if (connection_send(&c->login, &message, NULL, 0) != 0)
		return;
}

static void
ask_ourselves(struct connection *c, enum login_question question)
{
	struct buf questions = buf_init(256);

	c->progress->asked = question;
	login_question_write(question, &questions);
	ask(c, (struct view){ 0 }, buf_view(&questions));
	buf_free(&questions);
}

void
login_dialogue_ask_code(struct connection *c)
{
	ask_ourselves(c, QUESTION_CODE);
}

/* ---- the dialogue that a program holds */

static void
dialogue_free(struct login_dialogue *d)
{
	free(d->user);
	buf_free(&d->output);
	buf_free(&d->end);
	free(d);
}

/* The connection goes its own way; the program is killed, or may end by itself. */
static void
leave(struct connection *c, bool kill)
{
	struct login_dialogue *d = c->dialogue;

	c->dialogue = NULL;
	d->connection = 0;
	if (d->program == NULL)
		dialogue_free(d);
	else if (kill)
		program_stop(&d->program);
}

static void
refuse(struct connection *c, const char *what, const char *text)
{
	struct buf error = buf_init(FAILURE_TEXT_MAX + 256);

	metrics_login(c->master->metrics, METRIC_INTERACTIVE, false);
	buf_printf(&error, "%s: %s", what, text);
	log_connection_failed(c->master->log, c->address_text, view_of(c->dialogue->user),
	    login_method_name(LOGIN_INTERACTIVE), buf_view(&error));
	buf_free(&error);
	c->asking = false;
	leave(c, true);
	authentication_refuse(c);
}

static void
blame(struct connection *c, const char *text)
{
	refuse(c, "Invalid keyboard interactive program response", text);
}

/* The result is in: the program's input is closed, and its time limit sees to the rest. */
static void
conclude(struct connection *c, bool success)
{
	struct program *program = c->dialogue->program;
	struct auth_offer offer = { .kind = AUTH_DIALOGUE_PASSED };
	char *user = c->dialogue->user;

	if (!success) {
		banning_note(c->master->banning, &c->address, BAN_BAD_CREDENTIAL);
		refuse(c, "Keyboard interactive auth failed", "the program refused");
		return;
	}
	c->dialogue->user = NULL;
	leave(c, false);
	/* one that is gone already needs no end of its input */
	if (program != NULL && program_write(program, (struct view){ 0 }, true) != 0)
		program_stop(&program);
	offer.user = view_of(user);
	if (authentication_start(c, &offer) != 0) {
		c->asking = false;
		authentication_refuse(c);
	}
	free(user);
}

static void
take_line(struct connection *c, struct view text)
{
	struct login_dialogue *d = c->dialogue;
	struct dialogue_line line;
	struct failure failure = { 0 };

	if (dialogue_line_read(text, &line, &failure) != 0) {
		blame(c, failure.text);
	} else if (line.verdict == DIALOGUE_ASKS) {
		d->turn = TURN_CLIENT;
		d->asked = line.question_count;
		d->check_password = line.check_password;
		c->asking = false;
		ask(c, buf_view(&line.instruction), buf_view(&line.questions));
	} else {
		conclude(c, line.verdict == DIALOGUE_SUCCEEDED);
	}
	dialogue_line_free(&line);
}

/* The program's next line, if it has the word and the line is there. */
static void
advance(struct login_dialogue *d)
{
	struct connection *c = connection_find(d->master, d->connection);
	struct buf line = buf_init(DIALOGUE_LINE_MAX);
	const uint8_t *newline;
	size_t n;

	if (c == NULL || c->ended || d->turn != TURN_PROGRAM)
		return;
	newline = d->output.n > 0 ? memchr(d->output.p, '\n', d->output.n) : NULL;
	n = newline != NULL ? (size_t)(newline - d->output.p) : d->output.n;
	if (buf_error(&d->output) != 0) {
		blame(c, "it wrote too much that nobody asked for");
	} else if (n > DIALOGUE_LINE_MAX) {
		blame(c, "a line is longer than 64 KiB");
	} else if (newline != NULL || (d->program == NULL && n > 0)) {
		/* a copy, since the dialogue may be over with it */
		buf_raw(&line, d->output.p, n);
		buf_drop(&d->output, newline != NULL ? n + 1 : n);
		take_line(c, buf_view(&line));
	} else if (d->program == NULL) {
		refuse(c, "Keyboard interactive auth error", d->end.n > 0 ?
		    (const char *)d->end.p : "the program is gone");
	}
	buf_free(&line);
}

static void
on_output(void *ctx, struct view bytes)
{
	struct login_dialogue *d = ctx;

	if (d->connection == 0)
		return;
	buf_raw(&d->output, bytes.p, bytes.n);
	advance(d);
}

static void
on_ended(void *ctx, const struct program_end *end)
{
	struct login_dialogue *d = ctx;

	program_end_count(end, d->master->metrics);
	d->program = NULL;
	if (d->connection == 0) {
		dialogue_free(d);
		return;
	}
	program_end_text(end, &d->end);
	buf_u8(&d->end, '\0');
	advance(d);
}

/* "NAME=value", or NULL when memory is short. Caller frees. */
static char *
variable(const char *name, const char *value)
{
	char *text;

	return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

static int
start_program(struct login_dialogue *d, const struct connection *c, const struct user *user)
{
	const struct config *config = d->master->config;
	char *name = variable("SFTPGO_AUTHD_USERNAME", d->user);
	char *hash = variable("SFTPGO_AUTHD_PASSWORD", user->password);
	const char *variables[] = { name, hash, NULL };
	struct program_request request = { .variables = variables,
		.path = config->sftpd.keyboard_interactive_auth_program,
		.limit_ms = (uint32_t)config->limits.program_seconds * 1000,
		.output_max = OUTPUT_MAX, .source = address_source(&c->address), .ctx = d,
		.output = on_output, .ended = on_ended };
	int err = name == NULL || hash == NULL ? ERR_MEMORY : 0;

	if (err == 0)
		err = program_start(d->master->programs, &request, &d->program);
	free(name);
	secret_free_str(hash);
	return err;
}

void
login_dialogue_run(struct connection *c, const struct user *user)
{
	struct login_dialogue *d = calloc(1, sizeof(*d));

	if (d != NULL) {
		d->master = c->master;
		d->connection = c->id;
		d->turn = TURN_PROGRAM;
		d->output = buf_init(AHEAD_MAX);
		d->end = buf_init(FAILURE_TEXT_MAX);
		d->user = strdup(user->username);
	}
	if (d == NULL || d->user == NULL || start_program(d, c, user) != 0) {
		log_app(c->master->log, LOG_LEVEL_ERROR, "sftpd", c->id_text,
		    "cannot run the program for user \"%s\": %s", user->username,
		    err_text(ERR_MEMORY));
		if (d != NULL)
			dialogue_free(d);
		authentication_refuse(c);
		return;
	}
	c->dialogue = d;
	c->asking = true;
}

/* ---- what the client answers */

/* A character that would end the line, or begin another one, for some program. */
static bool
fits_a_line(struct view answer)
{
	for (size_t i = 0; i < answer.n; i++) {
		if (answer.p[i] == '\n' || answer.p[i] == '\r' || answer.p[i] == '\0')
			return false;
	}
	return true;
}

/* 0 when there are as many as were asked for, one a line. */
static int
write_answers(struct view answers, size_t count, struct buf *out)
{
	struct rd r = rd_of(answers);

	while (r.bad == 0 && count-- > 0) {
		struct view answer = rd_str(&r, ANSWER_MAX);

		if (!fits_a_line(answer))
			rd_fail(&r, ERR_FORMAT);
		buf_raw(out, answer.p, answer.n);
		buf_u8(out, '\n');
	}
	return rd_end(&r) != 0 ? rd_end(&r) : buf_error(out);
}

static void
tell_program(struct connection *c, struct view lines)
{
	struct login_dialogue *d = c->dialogue;

	d->turn = TURN_PROGRAM;
	c->asking = true;
	if (d->program != NULL && program_write(d->program, lines, false) != 0)
		blame(c, "it does not read the answers");
	else
		advance(d);
}

void
login_dialogue_password_right(struct connection *c)
{
	tell_program(c, view_of("OK\n"));
}

static int
reply_to_program(struct connection *c, struct view answers)
{
	struct login_dialogue *d = c->dialogue;
	struct buf lines = buf_init(PROGRAM_INPUT_MAX);
	int err = 0;

	if (write_answers(answers, d->asked, &lines) != 0) {
		refuse(c, "Keyboard interactive auth error",
		    "the client's answers do not fit the questions");
	} else if (d->check_password) {
		d->turn = TURN_CHECK;
		err = authentication_start(c, &(struct auth_offer){ .kind = AUTH_DIALOGUE_CHECK,
			.user = view_of(d->user),
			.password = { .p = lines.p, .n = lines.n - 1 } });
	} else {
		tell_program(c, buf_view(&lines));
	}
	buf_free(&lines);
	return err;
}

/* ---- from the login worker */

int
login_dialogue_begin(struct connection *c, struct view user)
{
	struct login_progress *progress;

	login_dialogue_give_up(c);
	if ((progress = login_progress_for(&c->progress, user)) == NULL)
		return ERR_MEMORY;
	if (progress->code_only)
		ask_ourselves(c, QUESTION_CODE);
	else if (login_dialogue_has_program(c->master->config))
		return authentication_start(c, &(struct auth_offer){
			.kind = AUTH_DIALOGUE_BEGIN, .user = user });
	else /* whether there is such a user, nobody has asked yet */
		ask_ourselves(c, QUESTION_PASSWORD);
	return 0;
}

static int
reply_to_us(struct connection *c, struct view answers)
{
	enum login_question asked = c->progress->asked;
	struct view reply;

	c->progress->asked = QUESTION_NONE;
	if (login_question_answer(answers, &reply) != 0) {
		authentication_refuse(c);
		return 0;
	}
	return authentication_start(c, &(struct auth_offer){
		.kind = asked == QUESTION_CODE ? AUTH_DIALOGUE_CODE : AUTH_DIALOGUE_PASSWORD,
		.user = view_of(c->progress->user), .password = reply });
}

int
login_dialogue_reply(struct connection *c, struct view answers)
{
	if (c->dialogue != NULL && c->dialogue->turn == TURN_CLIENT)
		return reply_to_program(c, answers);
	if (c->progress == NULL || c->progress->asked == QUESTION_NONE)
		return ERR_PROTOCOL;
	return reply_to_us(c, answers);
}

void
login_dialogue_give_up(struct connection *c)
{
	if (c->progress != NULL)
		c->progress->asked = QUESTION_NONE;
	if (c->dialogue != NULL)
		leave(c, true);
}
