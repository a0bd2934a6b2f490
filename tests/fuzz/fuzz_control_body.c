/*
 * Bytes as a control request, through its handler to its answer: accounts are in memory,
 * administrators in a file of their own. Whatever the body holds, there is one answer, of one line.
 */
#include "control/control_actor.h"
#include "control/control_request.h"

#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static json_t *
look(void *ctx)
{
	(void)ctx;
	return json_object();
}

static int
close_session(void *ctx, const char *connection_id)
{
	(void)ctx;
	return strcmp(connection_id, "c0ffee") == 0 ? 0 : ERR_NOT_FOUND;
}

static struct control_hooks hooks = { .sessions = look, .transfers = look, .services = look,
	.settings = look, .metrics = look, .status = look, .close_session = close_session };
static const struct control_actor actor = { .kind = ACTOR_ADMINISTRATOR, .name = "root",
	.origin = "local", .areas = AREAS_ALL };

static char directory[] = "/tmp/postern-fuzz-control-XXXXXX";

static void
clean_up(void)
{
	static const char *const names[] = { "a.db", "a.db-wal", "a.db-shm" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	rmdir(directory);
}

static struct control_context
make_context(void)
{
	static const struct provider_config config = { .driver = "memory", .manage_users = true,
		.cost = { .memory_kib = 8, .passes = 1, .lanes = 1 } };
	struct control_context context = { .hooks = &hooks, .actor = &actor };
	struct failure failure;

	if (crypto_init() != 0 || mkdtemp(directory) == NULL || chdir(directory) != 0 ||
	    atexit(clean_up) != 0 || provider_open(&config, &context.provider, &failure) != 0 ||
	    admin_store_open("a.db", &context.admins, &failure) != 0)
		abort();
	return context;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct control_context context;
	struct control_answer answer = { 0 };
	struct control_request request;
	struct buf line = buf_init(1 << 24);

	if (n == 0)
		return 0;
	if (context.provider == NULL)
		context = make_context();
	/* backups read and write the files that the body names */
	if (control_request_parse((struct view){ .p = bytes, .n = n }, &request, &answer) &&
	    strcmp(request.row->resource, "backup") != 0) {
		request.row->handle(&context, request.body, &answer);
		if (answer.status < 200 || answer.status > 599)
			abort();
		control_answer_write(&answer, &line);
		if (buf_error(&line) != 0 ||
		    memchr(line.p, '\n', line.n) != line.p + line.n - 1)
			abort();
	}
	control_answer_free(&answer);
	control_request_free(&request);
	buf_free(&line);
	return 0;
}
