/* The control door: real sockets, a loop on a thread of its own, and clients of every sort. */
#include "control_harness.h"

#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define LINE_STATUS "{\"resource\":\"status\",\"verb\":\"show\"}\n"
#define LINE_LIST "{\"resource\":\"user\",\"verb\":\"list\"}\n"

static int
connect_raw(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static void
send_raw(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done < 0)
			return; /* the door was closed: what it said is still to be read */
		p += done;
		n -= (size_t)done;
	}
}

/* The first 20 bytes of what comes, up to the end: "" when nothing does. Closes. */
static const char *
answer_raw(int fd)
{
	static char text[21];
	size_t n = 0;
	char byte;

	memset(text, 0, sizeof(text));
	while (read(fd, &byte, 1) == 1) {
		if (n < sizeof(text) - 1)
			text[n++] = byte;
	}
	close(fd);
	return text;
}

static void
expect_raw(struct server *server, const void *bytes, size_t n, const char *beginning)
{
	int fd = connect_raw(server->path);

	send_raw(fd, bytes, n);
	assert_memory_equal(answer_raw(fd), beginning, strlen(beginning));
}

/* ---- clients that misbehave */

static void
test_garbage(void **state)
{
	static const char *const lines[] = { "\n", "x\n", "[]\n", "7\n", "\"a\"\n", "null\n",
	    "{}\n",
		"{\"resource\":7,\"verb\":[]}\n", "{\"resource\":\"user\",\"resource\":\"user\"}\n",
		"{\"resource\":\"user\",\"verb\":\"list\",\"body\":[]}\n",
		"{\"resource\":\"user\",\"verb\":\"list\"}x\n",
		LINE_STATUS "more", "\xff\xfe\n" };
	static const char with_null[] =
	    "{\"resource\":\"status\",\"verb\":\"show\",\"body\":null}\n";
	struct server *server = start_server(0);

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_raw(server, lines[i], strlen(lines[i]), "{\"status\":40");
	expect_raw(server, "\0\n", 2, "{\"status\":400");
	expect_raw(server, LINE_STATUS, strlen(LINE_STATUS), "{\"status\":200");
	expect_raw(server, with_null, strlen(with_null), "{\"status\":200");
	stop_server(server);
}

/* A request in single bytes is a request. */
static void
test_slow_pieces(void **state)
{
	static const char line[] = LINE_STATUS;
	struct server *server = start_server(0);
	int fd = connect_raw(server->path);

	(void)state;
	for (size_t i = 0; i < strlen(line); i++)
		send_raw(fd, line + i, 1);
	assert_memory_equal(answer_raw(fd), "{\"status\":200", 13);
	stop_server(server);
}

static void
test_size(void **state)
{
	static const char line[] = "{\"resource\":\"status\",\"verb\":\"show\"}";
	struct server *server = start_server(0);
	char *text = malloc(CONTROL_REQUEST_MAX + 2);

	(void)state;
	memset(text, ' ', CONTROL_REQUEST_MAX + 2);
	memcpy(text, line, strlen(line));
	text[CONTROL_REQUEST_MAX] = '\n';
	expect_raw(server, text, CONTROL_REQUEST_MAX + 1, "{\"status\":200");
	text[CONTROL_REQUEST_MAX] = ' ';
	text[CONTROL_REQUEST_MAX + 1] = '\n';
	expect_raw(server, text, CONTROL_REQUEST_MAX + 2, "{\"status\":413");
	free(text);
	stop_server(server);
}

/*
 * For a server with little patience, for which a busy machine may make us too slow ourselves, or
 * with so many clients that we are one too many.
 */
static void
ask_until_answered(struct server *server)
{
	json_t *request = json_pack("{s:s, s:s}", "resource", "status", "verb", "show");
	json_t *answer;

	while (control_ask(server->path, request, &answer) != 0)
		continue;
	assert_int_equal(json_integer_value(json_object_get(answer, "status")), 200);
	json_decref(answer);
	json_decref(request);
}

/* Who says nothing, or half of it, is closed; others are served meanwhile. */
static void
test_stalled(void **state)
{
	struct server *server = start_server(20);
	int silent = connect_raw(server->path), half = connect_raw(server->path);

	(void)state;
	send_raw(half, "{\"resource\":", 12);
	ask_until_answered(server);
	assert_string_equal(answer_raw(silent), "");
	assert_string_equal(answer_raw(half), "");
	stop_server(server);
}

/* Who does not read the answer is closed too: the answer is larger than a socket holds. */
static void
test_answer_not_read(void **state)
{
	struct server *server = start_server(20);
	struct pollfd gone = { .events = 0 };
	int fd;

	(void)state;
	server->answer_bytes = 4 * 1024 * 1024;
	fd = connect_raw(server->path);
	send_raw(fd, LINE_STATUS, strlen(LINE_STATUS));
	/* The server's end disappears, although nothing was read here. */
	gone.fd = fd;
	assert_int_equal(poll(&gone, 1, -1), 1);
	assert_true(gone.revents & POLLHUP);
	close(fd);
	server->answer_bytes = 0;
	ask_until_answered(server);
	stop_server(server);
}

static void
test_gone_before_the_answer(void **state)
{
	struct server *server = start_server(0);

	(void)state;
	for (int i = 0; i < 50; i++) {
		int fd = connect_raw(server->path);

		send_raw(fd, LINE_LIST, i % 2 ? strlen(LINE_LIST) : 20);
		close(fd);
	}
	ask_until_answered(server);
	stop_server(server);
}

static void
test_too_many(void **state)
{
	struct server *server = start_server(0);
	int fds[CONTROL_CLIENTS_MAX], one_more;

	(void)state;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		fds[i] = connect_raw(server->path);
	one_more = connect_raw(server->path);
	assert_string_equal(answer_raw(one_more), "");
	/* The last that was let in is served. */
	send_raw(fds[CONTROL_CLIENTS_MAX - 1], LINE_STATUS, strlen(LINE_STATUS));
	assert_memory_equal(answer_raw(fds[CONTROL_CLIENTS_MAX - 1]), "{\"status\":200", 13);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX - 1; i++)
		close(fds[i]);
	stop_server(server);
}

/* Someone else, who got past the mode of the file. */
static void
test_wrong_peer(void **state)
{
	struct server *server;
	pid_t pid;
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	server = start_server(0);
	assert_int_equal(chmod(server->path, 0777), 0);
	assert_int_equal(chmod(directory, 0755), 0);
	pid = fork();
	if (pid == 0) {
		json_t *request = json_pack("{s:s, s:s}", "resource", "status", "verb", "show");
		json_t *answer = NULL;

		if (setuid(65534) != 0)
			_exit(2);
		if (control_ask(server->path, request, &answer) != 0)
			_exit(3);
		_exit(json_integer_value(json_object_get(answer, "status")) == 403 ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	stop_server(server);
}

/* The mode of the file keeps everybody else out. */
static void
test_denied_by_mode(void **state)
{
	struct server *server;
	struct stat st;
	pid_t pid;
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	server = start_server(0);
	assert_int_equal(stat(server->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(chmod(directory, 0755), 0);
	pid = fork();
	if (pid == 0) {
		json_t *answer = NULL;

		if (setuid(65534) != 0)
			_exit(2);
		_exit(control_ask(server->path, json_object(), &answer) == ERR_DENIED ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	stop_server(server);
}

/* ---- the door */

static void
test_stop_with_clients(void **state)
{
	struct server *server = start_server(0);
	int silent = connect_raw(server->path), busy = connect_raw(server->path);

	(void)state;
	send_raw(busy, LINE_LIST, strlen(LINE_LIST));
	stop_server(server);
	assert_string_equal(answer_raw(silent), "");
	close(busy);
}

static void
test_second_server(void **state)
{
	struct server *server = start_server(0);
	struct control_settings settings = settings_of(server);
	struct control *second;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	settings.loop = &loop;
	assert_int_equal(control_start(&second, &settings), ERR_EXISTS);
	assert_null(second);
	assert_int_equal(ask(server, "status", "show", json_object(), NULL), 200);
	settings.path = "control.log"; /* a file that is no socket stays */
	assert_int_equal(control_start(&second, &settings), ERR_IO);
	assert_int_equal(errno, ENOTSOCK);
	assert_int_equal(access("control.log", F_OK), 0);
	settings.path = "not/there/p.sock";
	assert_int_equal(control_start(&second, &settings), ERR_IO);
	assert_int_equal(errno, ENOENT);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	stop_server(server);
}

static void
test_stale_socket(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "p.sock" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct server *server;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd); /* as after a crash */
	server = start_server(0);
	assert_int_equal(ask(server, "status", "show", json_object(), NULL), 200);
	stop_server(server);
}

static void
test_long_path(void **state)
{
	struct control_settings settings;
	struct server server = { 0 };
	struct control *control;
	char name[220];

	(void)state;
	memset(name, 'd', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(mkdir(name, 0700), 0);
	snprintf(server.path, sizeof(server.path), "%s/p.sock", name);
	assert_int_equal(uv_loop_init(&server.loop), 0);
	settings = settings_of(&server);
	assert_int_equal(control_start(&control, &settings), 0);
	assert_int_equal(access(server.path, F_OK), 0);
	control_stop(&control);
	assert_int_equal(access(server.path, F_OK), -1);
	uv_run(&server.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&server.loop), 0);
}

static void
test_nobody_there(void **state)
{
	json_t *answer, *request = json_object(), *big;
	char *text = malloc(CONTROL_REQUEST_MAX + 1);

	(void)state;
	assert_int_equal(control_ask("nobody.sock", request, &answer), ERR_UNAVAILABLE);
	assert_int_equal(control_ask("not/there/p.sock", request, &answer), ERR_UNAVAILABLE);
	assert_int_equal(control_ask("/proc/self/mem", request, &answer), ERR_UNAVAILABLE);
	assert_null(answer);
	json_decref(request);
	memset(text, 'x', CONTROL_REQUEST_MAX);
	text[CONTROL_REQUEST_MAX] = '\0';
	big = json_pack("[s]", text);
	assert_int_equal(control_ask("nobody.sock", big, &answer), ERR_LIMIT);
	json_decref(big);
	free(text);
}

/* What the log says: who did what to whom; never a password. */
static void
test_log(void **state)
{
	struct server *server = start_server(0);
	struct buf text = buf_init(1024 * 1024);

	(void)state;
	assert_int_equal(truncate("control.log", 0), 0);
	assert_int_equal(ask(server, "user", "add", user_body("bob"), NULL), 200);
	assert_int_equal(ask(server, "user", "passwd", json_pack("{s:s, s:s}", "username", "bob",
	    "password", "s3cret"), NULL), 200);
	assert_int_equal(ask(server, "user", "show", name_body("nobody"), NULL), 404);
	stop_server(server);
	assert_int_equal(fd_read_file("control.log", &text), 0);
	buf_u8(&text, 0);
	assert_non_null(strstr((char *)text.p, "{\"level\":\"info\""));
	assert_non_null(strstr((char *)text.p, "\"message\":\"user add bob by host "));
	assert_non_null(strstr((char *)text.p, "\"message\":\"user passwd bob by host "));
	assert_non_null(strstr((char *)text.p, ": 404 there is no user \\\"nobody\\\""));
	assert_null(strstr((char *)text.p, "s3cret"));
	buf_free(&text);
}

/* ---- the parser */

static const char whole[] = "{\"resource\":\"user\",\"verb\":\"add\",\"body\":{\"username\":\"b\","
			    "\"password\":\"p\\u00e4\"}}";

static bool
parse(const void *bytes, size_t n)
{
	struct control_answer answer = { 0 };
	struct control_request request;
	struct buf line = buf_init(4096);
	bool good = control_request_parse((struct view){ .p = bytes, .n = n }, &request, &answer);

	assert_true(good == (answer.status == 0));
	assert_true(good == (request.row != NULL && request.body != NULL));
	control_answer_write(&answer, &line);
	assert_int_equal(buf_error(&line), 0);
	control_answer_free(&answer);
	control_request_free(&request);
	buf_free(&line);
	return good;
}

static void
test_every_truncation(void **state)
{
	(void)state;
	assert_true(parse(whole, strlen(whole)));
	for (size_t n = 1; n < strlen(whole); n++) {
		char *exact = malloc(n);

		memcpy(exact, whole, n);
		assert_false(parse(exact, n));
		free(exact);
	}
}

static void
test_every_bit_flip(void **state)
{
	char copy[sizeof(whole)];

	(void)state;
	for (size_t i = 0; i < strlen(whole) * 8; i++) {
		memcpy(copy, whole, sizeof(whole));
		copy[i / 8] = (char)(copy[i / 8] ^ (1 << i % 8));
		(void)parse(copy, strlen(whole));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_slow_pieces),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_answer_not_read),
		cmocka_unit_test(test_gone_before_the_answer),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_wrong_peer),
		cmocka_unit_test(test_denied_by_mode),
		cmocka_unit_test(test_stop_with_clients),
		cmocka_unit_test(test_second_server),
		cmocka_unit_test(test_stale_socket),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_bit_flip),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
