#include "worker/sftp_stdio.h"

#include "base/fd.h"
#include "sandbox/sandbox.h"
#include "sftp/sftp.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	INPUT_BYTES = 256 * 1024,
	OUTPUT_BYTES = 1024 * 1024,
	EXIT_BROKEN = 1,
	EXIT_USAGE = 2,
};

struct options {
	const char *directory;
	const char *start;
	const char *allowed, *denied;
	bool read_only;
	bool log;
	enum log_level level;
	mode_t umask;
	bool has_umask;
	char working[VPATH_MAX + 1];
};

/* Both directions, and the session between them. */
struct stdio {
	struct sftp_server *server;
	uint8_t *in, *out;
	size_t in_start, in_end;
	size_t out_start, out_end;
	bool at_end;  /* of the input */
	bool waiting; /* the server waits for room in the output */
};

/* Standard error knows no rotation and no connection: plain lines. */
struct logger {
	bool on;
	enum log_level level;
};

static int
usage(int status)
{
	fputs("usage: postern sftp-server [-ehR] [-d start] [-f facility] [-l level] [-P denied]\n"
	      "                           [-p allowed] [-u umask] [directory]\n",
	    status == 0 ? stdout : stderr);
	return status;
}

static bool
parse_umask(const char *text, mode_t *out)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 8);
	if (errno != 0 || end == text || *end != '\0' || v > 0777)
		return false;
	*out = (mode_t)v;
	return true;
}

/* Names of other servers' levels too; what is none of ours tells more, not less. */
static enum log_level
parse_level(const char *text)
{
	if (strcasecmp(text, "error") == 0 || strcasecmp(text, "fatal") == 0 ||
	    strcasecmp(text, "quiet") == 0)
		return LOG_LEVEL_ERROR;
	if (strcasecmp(text, "warn") == 0)
		return LOG_LEVEL_WARN;
	return strcasecmp(text, "info") == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

/* 0, or what the program ends with; *done_out when it ends in any case. */
static int
parse_options(int argc, char **argv, struct options *out, bool *done_out)
{
	int c;

	*out = (struct options){ .level = LOG_LEVEL_ERROR };
	*done_out = true;
	optind = 1;
	while ((c = getopt(argc, argv, "+d:ef:hl:P:p:Ru:")) != -1) {
		switch (c) {
		case 'd': out->start = optarg; break;
		case 'e': out->log = true; break;
		case 'f': break;
		case 'h': return usage(0);
		case 'l': out->level = parse_level(optarg); break;
		case 'P': out->denied = optarg; break;
		case 'p': out->allowed = optarg; break;
		case 'R': out->read_only = true; break;
		case 'u':
			if (!parse_umask(optarg, &out->umask))
				return usage(EXIT_USAGE);
			out->has_umask = true;
			break;
		default: return usage(EXIT_USAGE);
		}
	}
	if (argc - optind > 1)
		return usage(EXIT_USAGE);
	out->directory = argc > optind ? argv[optind] : "/";
	if (argc == optind && out->start == NULL &&
	    getcwd(out->working, sizeof(out->working)) != NULL)
		out->start = out->working;
	*done_out = false;
	return 0;
}

/* ---- output */

static int
output_reserve(void *ctx, size_t bytes, struct iovec *iov, int *iov_count)
{
	struct stdio *io = ctx;

	if (io->out_start == io->out_end)
		io->out_start = io->out_end = 0;
	if (bytes > OUTPUT_BYTES - io->out_end)
		return ERR_AGAIN;
	iov[0] = (struct iovec){ .iov_base = io->out + io->out_end, .iov_len = bytes };
	*iov_count = 1;
	return 0;
}

static void
output_commit(void *ctx, size_t bytes)
{
	struct stdio *io = ctx;

	io->out_end += bytes;
}

/* Writes what the peer takes now. 0 or ERR_IO. */
static int
flush(struct stdio *io)
{
	while (io->out_start < io->out_end) {
		ssize_t n = write(STDOUT_FILENO, io->out + io->out_start,
		    io->out_end - io->out_start);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : ERR_IO;
		io->out_start += (size_t)n;
	}
	return 0;
}

/* ---- input */

/* 0 or ERR_IO. */
static int
fill(struct stdio *io)
{
	ssize_t n;

	do {
		n = read(STDIN_FILENO, io->in, INPUT_BYTES);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : ERR_IO;
	io->at_end = n == 0;
	io->in_start = 0;
	io->in_end = (size_t)n;
	return 0;
}

/* Hands over what was read, as far as there is room for answers. */
static int
feed(struct stdio *io)
{
	size_t consumed;
	int result = sftp_server_input(io->server, io->in + io->in_start,
	    io->in_end - io->in_start, &consumed);

	io->in_start += consumed;
	io->waiting = result == ERR_AGAIN;
	return io->waiting ? 0 : result;
}

static int
serve(struct stdio *io)
{
	int result;

	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = -1, .events = POLLIN },
			{ .fd = -1, .events = POLLOUT },
		};

		if ((result = flush(io)) != 0)
			return result;
		if (io->waiting && io->out_start == io->out_end) {
			if ((result = feed(io)) != 0)
				return result;
			continue;
		}
		if (io->out_start < io->out_end)
			fds[1].fd = STDOUT_FILENO;
		else if (io->at_end)
			return 0;
		if (!io->waiting && !io->at_end)
			fds[0].fd = STDIN_FILENO;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return ERR_IO;
		if (fds[0].revents != 0 && ((result = fill(io)) != 0 || (result = feed(io)) != 0))
			return result;
	}
}

static void
log_to_stderr(void *ctx, enum log_level level, const char *text)
{
	const struct logger *logger = ctx;

	if (logger->on && level >= logger->level)
		dprintf(STDERR_FILENO, "sftp-server: %s: %s\n", log_level_text(level), text);
}

/* ---- start */

static int
open_tree(const struct options *options, struct vfs **vfs_out, struct sandbox_tree *tree_out)
{
	uint32_t permissions =
	    options->read_only ? PERMISSION_LIST | PERMISSION_DOWNLOAD : PERMISSION_ALL;
	struct vfs_policy policy = { 0 };
	char *real = realpath(options->directory, NULL);
	int fd = -1, result = ERR_IO;

	if (real == NULL || (fd = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		goto out;
	/* The number stays good for the sandbox; the vfs owns the descriptor. */
	tree_out->fd = fd;
	result = vfs_policy_add(&policy, view_of("/"), permissions);
	tree_out->rights = vfs_policy_rights(&policy, 0);
	if (result == 0)
		result = vfs_new(vfs_out, fd_take(&fd), real, &policy);
	if (result != 0)
		errno = ENOMEM;
out:
	fd_close(&fd);
	vfs_policy_free(&policy);
	free(real);
	return result;
}

int
sftp_stdio_main(int argc, char **argv)
{
	struct options options;
	struct logger logger;
	struct stdio io = { 0 };
	struct vfs *vfs = NULL;
	struct sandbox_tree tree = { .fd = -1 };
	struct sandbox_rules rules = { .trees = &tree, .tree_count = 1 };
	bool done;
	int result = parse_options(argc, argv, &options, &done);

	if (done)
		return result;
	if (open_tree(&options, &vfs, &tree) != 0) {
		fprintf(stderr, "sftp-server: %s: %s\n", options.directory, strerror(errno));
		return EXIT_BROKEN;
	}
	logger = (struct logger){ .on = options.log, .level = options.level };
	result = sftp_server_new(&io.server, vfs,
	    &(struct sftp_settings){ .read_only = options.read_only, .start = options.start,
		.home = strcmp(options.directory, "/") == 0 ? getenv("HOME") : NULL,
		.allowed_requests = options.allowed, .denied_requests = options.denied },
	    &(struct sftp_output){ .ctx = &io, .reserve = output_reserve,
		.commit = output_commit },
	    &(struct sftp_events){ .ctx = &logger, .log = log_to_stderr });
	io.in = malloc(INPUT_BYTES);
	io.out = malloc(OUTPUT_BYTES);
	if (result != 0 || io.in == NULL || io.out == NULL) {
		fprintf(stderr, "sftp-server: %s\n", err_text(result != 0 ? result : ERR_MEMORY));
		free(io.in);
		free(io.out);
		sftp_server_free(&io.server);
		vfs_free(&vfs);
		return result == ERR_INVALID ? EXIT_USAGE : EXIT_BROKEN;
	}
	tzset();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (options.has_umask)
		umask(options.umask);
	rules.read_only = options.read_only;
	if (fd_set_nonblock(STDIN_FILENO, true) != 0 || fd_set_nonblock(STDOUT_FILENO, true) != 0 ||
	    sandbox_enter(SANDBOX_STDIO, &rules) != 0) {
		fputs("sftp-server: this process cannot be confined\n", stderr);
		_exit(EXIT_BROKEN);
	}
	result = serve(&io);
	/* Transfers that were cut are closed in order; the descriptors are others' too. */
	sftp_server_free(&io.server);
	vfs_free(&vfs);
	if (fd_set_nonblock(STDIN_FILENO, false) != 0 || fd_set_nonblock(STDOUT_FILENO, false) != 0)
		result = ERR_IO;
	_exit(result == 0 ? 0 : EXIT_BROKEN);
}
