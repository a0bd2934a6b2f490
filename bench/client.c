/*
 * client.c - the measuring client: one piece of SFTP work, and one line of JSON about it.
 *
 * client [-a ADDRESS] -p PORT -u USER -k KEY [-c CIPHER] [-b REQUEST_BYTES] [-q IN_FLIGHT] WORK...
 *   get PATH              reads a whole file
 *   put PATH BYTES        writes a file
 *   login N P             N logins in each of P processes: connect, list the home, leave
 *   idle N                holds N logged-in connections until standard input ends; says READY
 *   smallput DIR N SIZE C creates N files of SIZE bytes, C of them at a time
 *   smallget DIR N SIZE C reads them
 *   list DIR              reads a directory to its end
 */
#include "ssh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SFTP_OPEN = 3, SFTP_CLOSE = 4, SFTP_READ = 5, SFTP_WRITE = 6, SFTP_OPENDIR = 11,
	SFTP_READDIR = 12, SFTP_MKDIR = 14, SFTP_REALPATH = 16, SFTP_STAT = 17, SFTP_STATUS = 101,
	SFTP_HANDLE = 102, SFTP_DATA = 103, SFTP_NAME = 104, SFTP_ATTRS = 105,

	OPEN_READ = 1,
	OPEN_WRITE_CREATE_TRUNCATE = 0x1a,
	HANDLE_MAX = 256,
	FLIGHT_MAX = 1024,
	PENDING_MAX = 1 << 20,
};

static struct ssh_options options = { .address = "127.0.0.1", .port = 22, .user = "root",
	.cipher = "aes128-gcm@openssh.com" };
static uint32_t request_bytes = 32768;
static uint32_t in_flight = 64;
static uint8_t zeros[1 << 20];

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* CPU seconds of this process and its children. */
static double
own_cpu(void)
{
	double sum = 0;

	for (int who = RUSAGE_CHILDREN; who <= RUSAGE_SELF; who++) {
		struct rusage usage;

		getrusage(who, &usage);
		sum += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
	}
	return sum;
}

/* ---- requests */

static size_t
request_begin(struct bytes *b, uint8_t type, uint32_t id)
{
	size_t start = b->n;

	bytes_u32(b, 0);
	bytes_u8(b, type);
	bytes_u32(b, id);
	return start;
}

static void
request_end(struct bytes *b, size_t start)
{
	uint32_t n = (uint32_t)(b->n - start - 4);

	b->p[start] = (uint8_t)(n >> 24);
	b->p[start + 1] = (uint8_t)(n >> 16);
	b->p[start + 2] = (uint8_t)(n >> 8);
	b->p[start + 3] = (uint8_t)n;
}

struct handle {
	uint8_t p[HANDLE_MAX];
	uint32_t n;
};

static void
handle_take(struct handle *handle, const uint8_t *data)
{
	handle->n = read_u32(data);
	if (handle->n > HANDLE_MAX)
		die("a handle of %u bytes", handle->n);
	memcpy(handle->p, data + 4, handle->n);
}

static void
request_handle(struct bytes *b, uint8_t type, uint32_t id, const struct handle *handle)
{
	size_t start = request_begin(b, type, id);

	bytes_string(b, handle->p, handle->n);
	request_end(b, start);
}

static void
request_open(struct bytes *b, uint32_t id, const char *path, uint32_t flags)
{
	size_t start = request_begin(b, SFTP_OPEN, id);

	bytes_text(b, path);
	bytes_u32(b, flags);
	bytes_u32(b, 0);
	request_end(b, start);
}

static void
request_read(struct bytes *b, uint32_t id, const struct handle *handle, uint64_t offset, uint32_t n)
{
	size_t start = request_begin(b, SFTP_READ, id);

	bytes_string(b, handle->p, handle->n);
	bytes_u64(b, offset);
	bytes_u32(b, n);
	request_end(b, start);
}

static void
request_write(struct bytes *b, uint32_t id, const struct handle *handle, uint64_t offset,
    uint32_t n)
{
	size_t start = request_begin(b, SFTP_WRITE, id);

	bytes_string(b, handle->p, handle->n);
	bytes_u64(b, offset);
	bytes_string(b, zeros, n);
	request_end(b, start);
}

/* ---- one request at a time */

struct answer {
	bool here;
	uint8_t type;
	struct bytes data;
};

static void
on_answer(void *ctx, uint8_t type, uint32_t id, const uint8_t *data, size_t n)
{
	struct answer *answer = ctx;

	(void)id;
	answer->here = true;
	answer->type = type;
	answer->data.n = 0;
	if (data != NULL)
		bytes_add(&answer->data, data, n);
}

static bool
answer_here(void *ctx)
{
	return ((struct answer *)ctx)->here;
}

static void
answer_wait(struct ssh *ssh, struct answer *answer)
{
	struct ssh_work work = { .ctx = answer, .done = answer_here, .on_reply = on_answer };

	answer->here = false;
	ssh_run(ssh, &work);
}

static void
ask_path(struct ssh *ssh, uint8_t type, const char *path, struct answer *answer)
{
	struct bytes *b = ssh_requests(ssh);
	size_t start = request_begin(b, type, 1);

	bytes_text(b, path);
	if (type == SFTP_MKDIR)
		bytes_u32(b, 0);
	request_end(b, start);
	answer_wait(ssh, answer);
}

static void
ask_open(struct ssh *ssh, const char *path, uint32_t flags, struct handle *handle_out)
{
	struct answer answer = { 0 };

	request_open(ssh_requests(ssh), 1, path, flags);
	answer_wait(ssh, &answer);
	if (answer.type != SFTP_HANDLE)
		die("%s cannot be opened", path);
	handle_take(handle_out, answer.data.p);
	bytes_free(&answer.data);
}

static uint8_t
ask_handle(struct ssh *ssh, uint8_t type, const struct handle *handle, struct answer *answer)
{
	request_handle(ssh_requests(ssh), type, 1, handle);
	answer_wait(ssh, answer);
	return answer->type;
}

/* Lists a directory to its end; how many names. */
static uint64_t
directory_read(struct ssh *ssh, const char *path, uint64_t *replies_out)
{
	struct answer answer = { 0 };
	struct handle handle;
	uint64_t names = 0;

	*replies_out = 0;
	ask_path(ssh, SFTP_OPENDIR, path, &answer);
	if (answer.type != SFTP_HANDLE)
		die("%s cannot be listed", path);
	handle_take(&handle, answer.data.p);
	while (ask_handle(ssh, SFTP_READDIR, &handle, &answer) == SFTP_NAME) {
		names += read_u32(answer.data.p);
		(*replies_out)++;
	}
	ask_handle(ssh, SFTP_CLOSE, &handle, &answer);
	bytes_free(&answer.data);
	return names;
}

/* ---- one file, many requests in flight */

struct transfer {
	struct ssh *ssh;
	struct handle handle;
	bool reading;
	uint64_t size, next, done;
	struct piece {
		uint64_t offset;
		uint32_t n;
	} flight[FLIGHT_MAX];
	uint32_t idle[FLIGHT_MAX], idle_count;
};

static void
transfer_request(struct transfer *t, uint32_t id)
{
	struct piece *piece = &t->flight[id];

	if (t->reading)
		request_read(ssh_requests(t->ssh), id, &t->handle, piece->offset, piece->n);
	else
		request_write(ssh_requests(t->ssh), id, &t->handle, piece->offset, piece->n);
}

static void
transfer_feed(void *ctx)
{
	struct transfer *t = ctx;

	while (t->idle_count > 0 && t->next < t->size && ssh_pending(t->ssh) < PENDING_MAX) {
		uint32_t id = t->idle[--t->idle_count];
		uint64_t left = t->size - t->next;

		t->flight[id] = (struct piece){ .offset = t->next,
			.n = left < request_bytes ? (uint32_t)left : request_bytes };
		t->next += t->flight[id].n;
		transfer_request(t, id);
	}
}

static void
on_transfer(void *ctx, uint8_t type, uint32_t id, const uint8_t *data, size_t n)
{
	struct transfer *t = ctx;
	struct piece *piece = &t->flight[id];

	if (t->reading && (type != SFTP_DATA || n == 0 || n > piece->n))
		die("reading: reply %u", type);
	if (!t->reading && (type != SFTP_STATUS || read_u32(data) != 0))
		die("writing: reply %u", type);
	if (!t->reading)
		n = piece->n;
	t->done += n;
	if (n < piece->n) { /* a short read: ask for the rest */
		piece->offset += n;
		piece->n -= (uint32_t)n;
		transfer_request(t, id);
		return;
	}
	t->idle[t->idle_count++] = id;
}

static bool
transfer_done(void *ctx)
{
	const struct transfer *t = ctx;

	return t->done == t->size;
}

static void
work_transfer(bool reading, const char *path, uint64_t size)
{
	static struct transfer t;
	struct ssh_work work = { .ctx = &t, .done = transfer_done, .feed = transfer_feed,
		.on_reply = on_transfer };
	struct answer answer = { 0 };
	double start, seconds;

	t = (struct transfer){ .ssh = ssh_open(&options), .reading = reading, .size = size };
	if (reading) {
		ask_path(t.ssh, SFTP_STAT, path, &answer);
		if (answer.type != SFTP_ATTRS)
			die("%s is not there", path);
		t.size = read_u64(answer.data.p + 4);
	}
	ask_open(t.ssh, path, reading ? OPEN_READ : OPEN_WRITE_CREATE_TRUNCATE, &t.handle);
	for (uint32_t id = 0; id < in_flight; id++)
		t.idle[t.idle_count++] = id;
	start = now();
	ssh_run(t.ssh, &work);
	seconds = now() - start;
	ask_handle(t.ssh, SFTP_CLOSE, &t.handle, &answer);
	bytes_free(&answer.data);
	ssh_close(&t.ssh);
	printf("{\"bytes\": %llu, \"seconds\": %.6f, \"client_cpu\": %.4f}\n",
	    (unsigned long long)t.size, seconds, own_cpu());
}

/* ---- many small files */

struct small {
	struct ssh *ssh;
	const char *directory;
	bool reading;
	uint32_t count, size, next, done;
	struct small_file {
		struct handle handle;
		int replies_left;
	} files[FLIGHT_MAX];
};

enum { STEP_OPEN, STEP_DATA, STEP_CLOSE, STEPS = 4 };

static void
small_open(struct small *s, uint32_t slot)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/f%06u", s->directory, s->next++);
	request_open(ssh_requests(s->ssh), slot * STEPS + STEP_OPEN, path,
	    s->reading ? OPEN_READ : OPEN_WRITE_CREATE_TRUNCATE);
}

static void
on_small(void *ctx, uint8_t type, uint32_t id, const uint8_t *data, size_t n)
{
	struct small *s = ctx;
	uint32_t slot = id / STEPS;
	struct small_file *file = &s->files[slot];
	struct bytes *b = ssh_requests(s->ssh);

	switch (id % STEPS) {
	case STEP_OPEN:
		if (type != SFTP_HANDLE)
			die("opening: reply %u", type);
		handle_take(&file->handle, data);
		if (s->reading)
			request_read(b, slot * STEPS + STEP_DATA, &file->handle, 0, s->size);
		else
			request_write(b, slot * STEPS + STEP_DATA, &file->handle, 0, s->size);
		request_handle(b, SFTP_CLOSE, slot * STEPS + STEP_CLOSE, &file->handle);
		file->replies_left = 2;
		return;
	case STEP_DATA:
		if (s->reading ? type != SFTP_DATA || n != s->size :
		    type != SFTP_STATUS || read_u32(data) != 0)
			die("data: reply %u", type);
		break;
	default:
		if (type != SFTP_STATUS || read_u32(data) != 0)
			die("closing: reply %u", type);
	}
	if (--file->replies_left > 0)
		return;
	s->done++;
	if (s->next < s->count)
		small_open(s, slot);
}

static bool
small_done(void *ctx)
{
	const struct small *s = ctx;

	return s->done == s->count;
}

static void
work_small(bool reading, const char *directory, uint32_t count, uint32_t size, uint32_t at_once)
{
	static struct small s;
	struct ssh_work work = { .ctx = &s, .done = small_done, .on_reply = on_small };
	struct answer answer = { 0 };
	double start, seconds;

	s = (struct small){ .ssh = ssh_open(&options), .directory = directory, .reading = reading,
		.count = count, .size = size };
	if (!reading)
		ask_path(s.ssh, SFTP_MKDIR, directory, &answer);
	bytes_free(&answer.data);
	start = now();
	for (uint32_t slot = 0; slot < at_once && s.next < count; slot++)
		small_open(&s, slot);
	ssh_run(s.ssh, &work);
	seconds = now() - start;
	ssh_close(&s.ssh);
	printf("{\"files\": %u, \"seconds\": %.6f, \"client_cpu\": %.4f}\n", count, seconds,
	    own_cpu());
}

/* ---- logins, idle connections, listings */

static void
log_in_once(void)
{
	struct ssh *ssh = ssh_open(&options);
	struct answer answer = { 0 };
	uint64_t replies;

	ask_path(ssh, SFTP_REALPATH, ".", &answer);
	directory_read(ssh, ".", &replies);
	bytes_free(&answer.data);
	ssh_close(&ssh);
}

static int
work_login(int each, int processes)
{
	double start = now(), seconds;
	int failed = 0;

	for (int i = 0; i < processes; i++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child > 0)
			continue;
		for (int j = 0; j < each; j++)
			log_in_once();
		_exit(0);
	}
	for (int i = 0; i < processes; i++) {
		int status;

		if (wait(&status) < 0 || status != 0)
			failed = 1;
	}
	seconds = now() - start;
	printf("{\"logins\": %d, \"seconds\": %.6f, \"client_cpu\": %.4f}\n", each * processes,
	    seconds, own_cpu());
	return failed;
}

static void
work_idle(int count)
{
	char ignored[16];

	for (int i = 0; i < count; i++) {
		struct answer answer = { 0 };
		struct ssh *ssh = ssh_open(&options);

		ask_path(ssh, SFTP_REALPATH, ".", &answer);
		bytes_free(&answer.data);
		ssh_rest(ssh); /* stays open: the kernel ends it with the process */
	}
	printf("READY\n");
	fflush(stdout);
	while (read(STDIN_FILENO, ignored, sizeof(ignored)) > 0)
		;
}

static void
work_list(const char *path)
{
	struct ssh *ssh = ssh_open(&options);
	double start = now(), seconds;
	uint64_t replies, names = directory_read(ssh, path, &replies);

	seconds = now() - start;
	ssh_close(&ssh);
	printf("{\"entries\": %llu, \"replies\": %llu, \"seconds\": %.6f, \"client_cpu\": %.4f}\n",
	    (unsigned long long)names, (unsigned long long)replies, seconds, own_cpu());
}

static uint32_t
number(const char *text, uint32_t most)
{
	unsigned long long value = strtoull(text, NULL, 10);

	if (value < 1 || value > most)
		die("%s is not between 1 and %u", text, most);
	return (uint32_t)value;
}

static int
work(int argc, char **argv)
{
	const char *what = argv[0];

	if (strcmp(what, "get") == 0 && argc == 2)
		work_transfer(true, argv[1], 0);
	else if (strcmp(what, "put") == 0 && argc == 3)
		work_transfer(false, argv[1], strtoull(argv[2], NULL, 10));
	else if (strcmp(what, "login") == 0 && argc == 3)
		return work_login((int)number(argv[1], 100000), (int)number(argv[2], 1000));
	else if (strcmp(what, "idle") == 0 && argc == 2)
		work_idle((int)number(argv[1], 100000));
	else if (strncmp(what, "small", 5) == 0 && argc == 5)
		work_small(strcmp(what, "smallget") == 0, argv[1], number(argv[2], 999999),
		    number(argv[3], sizeof(zeros)), number(argv[4], FLIGHT_MAX));
	else if (strcmp(what, "list") == 0 && argc == 2)
		work_list(argv[1]);
	else
		die("no such work: see the head of client.c");
	return 0;
}

int
main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+a:p:u:k:c:b:q:")) != -1) {
		switch (option) {
		case 'a': options.address = optarg; break;
		case 'p': options.port = (int)number(optarg, 65535); break;
		case 'u': options.user = optarg; break;
		case 'k': options.key = optarg; break;
		case 'c': options.cipher = optarg; break;
		case 'b': request_bytes = number(optarg, sizeof(zeros)); break;
		case 'q': in_flight = number(optarg, FLIGHT_MAX); break;
		default: return 2;
		}
	}
	if (optind == argc || options.key == NULL)
		die("a key and some work are needed: see the head of client.c");
	return work(argc - optind, argv + optind);
}
