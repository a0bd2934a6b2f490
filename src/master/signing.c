#include "master/signing.h"

#include "crypto/crypto.h"
#include "master/state.h"

#include <stdlib.h>

struct signing_job {
	uv_work_t work;
	struct master *master;
	struct host_keys *keys;
	uint64_t connection;
	bool rekey; /* the answer goes to the session worker */
	struct buf algorithm, hash, signature;
};

static void
answer(struct worker_link *link, struct view signature)
{
	struct buf message = buf_init(IPC_BYTES_MAX);

	ipc_encode_host_key_signed(&message,
	    &(struct ipc_host_key_signed){ .signature = signature });
	/* a failure has ended the connection */
	if (connection_send(link, &message, NULL, 0) != 0)
		return;
}

static void
sign(const struct host_keys *keys, struct view algorithm, struct view hash, struct buf *out)
{
	if (host_keys_sign(keys, algorithm, hash, out) != 0)
		buf_clear(out);
}

static void
job_free(struct signing_job *job)
{
	buf_free(&job->algorithm);
	buf_free(&job->hash);
	buf_free(&job->signature);
	host_keys_free(&job->keys);
	free(job);
}

static void
run(uv_work_t *work)
{
	struct signing_job *job = work->data;

	sign(job->keys, buf_view(&job->algorithm), buf_view(&job->hash),
	    &job->signature);
}

static void
done(uv_work_t *work, int status)
{
	struct signing_job *job = work->data;
	struct connection *c = connection_find(job->master, job->connection);

	if (status == 0 && c != NULL && !c->ended) {
		c->asking = false;
		answer(job->rekey ? &c->session : &c->login, buf_view(&job->signature));
	}
	job_free(job);
}

bool
signing_admit(struct signing_rate *rate, uint64_t now_ms)
{
	if (now_ms - rate->since_ms >= 1000) {
		rate->since_ms = now_ms;
		rate->count = 0;
	}
	if (rate->count == SIGNING_EACH_SECOND_MAX)
		return false;
	rate->count++;
	return true;
}

int
signing_start(struct connection *c, struct worker_link *link, struct view algorithm,
	struct view exchange_hash)
{
	struct signing_job *job;

	if (c->asking)
		return ERR_PROTOCOL;
	if ((job = calloc(1, sizeof(*job))) == NULL)
		return ERR_MEMORY;
	job->work.data = job;
	job->master = c->master;
	job->keys = host_keys_ref(c->host_keys);
	job->connection = c->id;
	job->rekey = link == &c->session;
	job->algorithm = buf_init(64);
	job->hash = buf_init(64);
	job->signature = buf_init(4096);
	buf_raw(&job->algorithm, algorithm.p, algorithm.n);
	buf_raw(&job->hash, exchange_hash.p, exchange_hash.n);
	if (!host_keys_slow(c->host_keys, algorithm)) {
		run(&job->work);
		answer(link, buf_view(&job->signature));
		job_free(job);
		return 0;
	}
	c->asking = true;
	return uv_queue_work(&c->master->loop, &job->work, run, done) == 0 ? 0 : ERR_MEMORY;
}
