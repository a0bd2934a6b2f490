/*
 * A whole SFTP session over a real directory. First byte: into which pieces the input is cut;
 * second: into which the room of the output, and whether files' content has allowances; third:
 * which reservations are refused, and how large an allowance is. All three together: how uploads
 * are made. The rest is what the client sends.
 *
 * It must hold that every request is answered once, in order, in one commit, until the client
 * breaks the protocol; that nothing beside the served directory changes; and that no upload leaves
 * its temporary file.
 */
#include "sftp/protocol.h"
#include "sftp/sftp.h"
#include "vfs/temporary.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_LIMIT = 1024 * 1024, INPUT_LIMIT = 1024 * 1024 };

static char outer[] = "/tmp/postern-fuzz-XXXXXX";
static char root[64], secret[64];
static struct vfs *vfs;
static struct stat secret_was;

/* What the client has sent, as a second reader sees it. */
struct expected {
	struct rd left;
	bool initialised;
};

struct output {
	uint8_t room[SFTP_OUTPUT_MAX];
	size_t reserved;
	bool open;
	size_t piece;
	unsigned refusals;      /* bits; looked at in turn */
	unsigned reservations;
	struct expected expected;
	unsigned transfers_begun, transfers_done;
	struct sftp_allowance upload, download;
};

/* ---- the second reader */

/* The next message that must be answered; false when there is none. */
static bool
expected_next(struct expected *e, uint32_t *id_out)
{
	struct rd r = e->left;
	uint32_t length = rd_u32(&r), limit = SFTP_REQUEST_MAX;
	uint8_t type = rd_u8(&r);

	*id_out = rd_u32(&r);
	if (type == SFTP_WRITE)
		limit = SFTP_MESSAGE_MAX + SFTP_MESSAGE_SLACK;
	if (r.bad != 0 || length < 5 || length > limit || (type == SFTP_INIT) == e->initialised)
		return false;
	rd_u32(&e->left);
	(void)rd_raw(&e->left, length);
	if (e->left.bad != 0)
		return false;
	if (!e->initialised)
		*id_out = SFTP_VERSION;
	e->initialised = true;
	return true;
}

/* ---- the output */

static int
output_reserve(void *ctx, size_t bytes, struct iovec *iov, int *iov_count)
{
	struct output *out = ctx;
	size_t at = 0;
	int n = 0;

	if (bytes > SFTP_OUTPUT_MAX)
		bug("room for %zu bytes", bytes);
	if (out->open)
		bug("a second reservation");
	/* Never twice in a row, or the session would stand still. */
	if ((out->refusals >> (out->reservations++ % 8) & 1) && out->reservations % 2 == 1)
		return ERR_AGAIN;
	while (at < bytes) {
		size_t part = bytes - at;

		if (out->piece != 0 && part > out->piece && n < *iov_count - 1)
			part = out->piece;
		iov[n++] = (struct iovec){ .iov_base = out->room + at, .iov_len = part };
		at += part;
	}
	*iov_count = n;
	out->reserved = bytes;
	out->open = true;
	return 0;
}

static void
output_commit(void *ctx, size_t bytes)
{
	struct output *out = ctx;
	struct rd r = rd_init(out->room, bytes);
	struct rd message = rd_of(rd_str(&r, SFTP_OUTPUT_MAX));
	uint32_t id;

	if (!out->open || bytes > out->reserved)
		bug("a commit without room");
	out->open = false;
	if (bytes == 0)
		return; /* given back: the answer comes later */
	if (rd_end(&r) != 0)
		bug("a commit that is not one answer");
	rd_u8(&message);
	if (!expected_next(&out->expected, &id))
		bug("an answer to no request");
	if (rd_u32(&message) != id || message.bad != 0)
		bug("an answer to another request");
}

static void
transfer_done(void *ctx, const struct sftp_transfer *transfer)
{
	struct output *out = ctx;

	out->transfers_done++;
	if (transfer->id > out->transfers_begun)
		out->transfers_begun = (unsigned)transfer->id;
}

/* ---- the directory */

/* Whatever modes the session left, everything below goes. */
static void
empty_directory(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL)
		bug("cannot read a directory");
	while ((entry = readdir(dir)) != NULL) {
		int child;

		/* An ordinary user's session may have closed the directory to itself. */
		if (geteuid() == 0 && temporary_is_name(entry->d_name))
			bug("an upload has left its temporary file");
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    unlinkat(fd, entry->d_name, 0) == 0)
			continue;
		if (fchmodat(fd, entry->d_name, 0700, 0) != 0)
			bug("cannot reach what the session made");
		child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child < 0)
			bug("cannot open what the session made");
		empty_directory(child);
		if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) != 0)
			bug("cannot remove what the session made");
	}
	closedir(dir);
}

static void
put_file(int at, const char *name, const char *text)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		bug("cannot write a file");
	close(fd);
}

/* A file, a directory, and every kind of link that leads out or nowhere. */
static void
fill_root(void)
{
	int fd;

	if (chmod(root, 0755) != 0 ||
	    (fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		bug("the directory is gone");
	empty_directory(dup(fd));
	put_file(fd, "file", "0123456789");
	if (mkdirat(fd, "directory", 0755) != 0 || symlinkat("../secret", fd, "out") != 0 ||
	    symlinkat(secret, fd, "absolute") != 0 || symlinkat("..", fd, "up") != 0 ||
	    symlinkat("loop", fd, "loop") != 0)
		bug("cannot fill the directory");
	close(fd);
}

/* The served directory stands beside a file, and nothing else may ever be there. */
static void
check_outside(void)
{
	struct stat st;
	struct dirent *entry;
	DIR *dir = opendir(outer);
	unsigned entries = 0;

	if (dir == NULL || stat(secret, &st) != 0)
		bug("what stands beside the directory is gone");
	while ((entry = readdir(dir)) != NULL)
		entries++;
	closedir(dir);
	if (entries != 4)
		bug("something stands beside the directory");
	if (st.st_size != secret_was.st_size || st.st_mode != secret_was.st_mode ||
	    st.st_nlink != 1 || st.st_uid != secret_was.st_uid ||
	    st.st_mtim.tv_sec != secret_was.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != secret_was.st_mtim.tv_nsec ||
	    st.st_atim.tv_sec != secret_was.st_atim.tv_sec ||
	    st.st_atim.tv_nsec != secret_was.st_atim.tv_nsec)
		bug("the file beside the directory was touched");
}

static void
clean_up(void)
{
	int fd = open(outer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	vfs_free(&vfs);
	if (fd >= 0)
		empty_directory(fd);
	(void)rmdir(outer);
}

static void
set_up(void)
{
	const struct rlimit limit = { .rlim_cur = FILE_LIMIT, .rlim_max = FILE_LIMIT };
	struct vfs_policy policy = { 0 };
	int fd;

	/* Without it a session could ask for a copy of more zeros than there is time for. */
	signal(SIGXFSZ, SIG_IGN);
	if (mkdtemp(outer) == NULL || setrlimit(RLIMIT_FSIZE, &limit) != 0)
		bug("no place to work in");
	atexit(clean_up);
	snprintf(root, sizeof(root), "%s/root", outer);
	snprintf(secret, sizeof(secret), "%s/secret", outer);
	put_file(AT_FDCWD, secret, "secret");
	if (mkdir(root, 0755) != 0 || stat(secret, &secret_was) != 0 ||
	    (fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    vfs_policy_add(&policy, view_of("/"), PERMISSION_ALL) != 0 ||
	    vfs_new(&vfs, fd, root, &policy) != 0)
		bug("no tree");
	vfs_policy_free(&policy);
}

/* ---- a session */

static void
refill(struct sftp_server *server, struct sftp_allowance *allowance, uint8_t bytes)
{
	if (!allowance->held)
		return;
	if (!sftp_server_is_held(server))
		bug("a server that is held by an allowance and does not say so");
	allowance->held = false;
	allowance->left = 1 + bytes;
}

static void
run(struct sftp_server *server, const uint8_t *data, size_t size, size_t piece,
	struct output *out)
{
	size_t at = 0, part, consumed;
	int result = 0;

	while (at < size || result == ERR_AGAIN) {
		part = piece != 0 && size - at > piece ? piece : size - at;
		consumed = 0;
		result = sftp_server_input(server, data + at, part, &consumed);
		if (consumed > part || (result == 0 && consumed != part))
			bug("%zu of %zu bytes used", consumed, part);
		at += consumed;
		if (result != 0 && result != ERR_AGAIN)
			return;
		if (out->upload.left < 0)
			bug("an upload beyond its allowance");
		refill(server, &out->upload, (uint8_t)out->refusals);
		refill(server, &out->download, (uint8_t)out->refusals);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct output out;
	const struct sftp_output output = { .ctx = &out, .reserve = output_reserve,
		.commit = output_commit };
	const struct sftp_events events = { .ctx = &out, .transfer_done = transfer_done };
	struct sftp_server *server;
	uint32_t id;

	if (size < 3 || size > INPUT_LIMIT)
		return 0;
	if (vfs == NULL)
		set_up();
	fill_root();
	vfs_set_uploads(vfs, &(struct vfs_uploads){
	    .mode = (enum vfs_upload_mode)((data[0] + data[1] + data[2]) % 3) });
	out.open = false;
	out.piece = data[1];
	out.refusals = data[2];
	out.reservations = out.transfers_begun = out.transfers_done = 0;
	out.expected = (struct expected){ .left = rd_init(data + 3, size - 3) };
	out.upload = out.download = (struct sftp_allowance){ .limited = data[1] % 2 == 1 };
	if (sftp_server_new(&server, vfs, &(struct sftp_settings){ .upload = &out.upload,
		.download = &out.download }, &output, &events) != 0)
		return 0;
	run(server, data + 3, size - 3, data[0], &out);
	/* The second reader is at the end too: nothing that is whole was left without an answer. */
	if (expected_next(&out.expected, &id))
		bug("a request without an answer");
	sftp_server_free(&server);
	if (out.transfers_done < out.transfers_begun)
		bug("a transfer that was never reported");
	check_outside();
	return 0;
}
