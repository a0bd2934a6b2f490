#include "master/http_tls_key.h"

#include "base/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct job {
	uv_work_t work;
	struct http_tls_key *key;
	uint16_t scheme;
	struct buf data, signature;
	http_tls_key_signed *done;
	void *ctx;
};

/* ---- the files */

static int
tell(struct buf *mistakes, const char *setting, const char *path, const char *reason)
{
	buf_printf(mistakes, "%s: %s: %s; give a file in PEM format that the server's user may "
	    "read, or leave both httpd.certificate_file and httpd.certificate_key_file empty\n",
	    setting, path, reason);
	return ERR_INVALID;
}

static int
read_one(const char *setting, const char *path, size_t max, struct buf *out, struct buf *mistakes)
{
	int err;

	*out = buf_init(max);
	if ((err = fd_read_file(path, out)) == 0)
		return 0;
	return tell(mistakes, setting, path, err == ERR_IO ? strerror(errno) : err_text(err));
}

static int
read_both(const char *certificate_path, const char *key_path, struct tls_pair **out,
	struct buf *mistakes)
{
	static const char certificate_setting[] = "httpd.certificate_file";
	static const char key_setting[] = "httpd.certificate_key_file";
	struct buf certificate = { 0 }, key = { 0 };
	const char *reason;
	bool is_key;
	int err = read_one(certificate_setting, certificate_path, TLS_CHAIN_MAX, &certificate,
	    mistakes);

	if (err == 0)
		err = read_one(key_setting, key_path, PRIVATE_KEY_FILE_MAX, &key, mistakes);
	if (err == 0 && tls_pair_parse(buf_view(&certificate), buf_view(&key), out, &reason,
		&is_key) != 0)
		err = tell(mistakes, is_key ? key_setting : certificate_setting,
		    is_key ? key_path : certificate_path, reason);
	buf_free(&certificate);
	buf_free(&key);
	return err;
}

int
http_tls_key_read(const struct config *config, struct tls_pair **out, struct buf *mistakes)
{
	const struct config_httpd *httpd = &config->httpd;
	char *certificate, *key;
	int err = ERR_MEMORY;

	*out = NULL;
	if (httpd->certificate_file[0] == '\0' && httpd->certificate_key_file[0] == '\0')
		return 0;
	if (httpd->certificate_file[0] == '\0' || httpd->certificate_key_file[0] == '\0') {
		buf_printf(mistakes, "%s: is empty, but %s is set; set both, or none\n",
		    httpd->certificate_file[0] == '\0' ? "httpd.certificate_file"
						       : "httpd.certificate_key_file",
		    httpd->certificate_file[0] == '\0' ? "httpd.certificate_key_file"
						       : "httpd.certificate_file");
		return ERR_INVALID;
	}
	certificate = config_path(config, httpd->certificate_file);
	key = config_path(config, httpd->certificate_key_file);
	if (certificate != NULL && key != NULL)
		err = read_both(certificate, key, out, mistakes);
	free(certificate);
	free(key);
	return err;
}

struct http_tls_key *
http_tls_key_new(struct tls_pair **pair, uint64_t number)
{
	struct http_tls_key *key = calloc(1, sizeof(*key));

	if (key == NULL) {
		tls_pair_free(pair);
		return NULL;
	}
	*key = (struct http_tls_key){ .pair = *pair, .number = number, .references = 1 };
	*pair = NULL;
	return key;
}

void
http_tls_key_release(struct http_tls_key **key)
{
	struct http_tls_key *k = *key;

	*key = NULL;
	if (k == NULL || --k->references > 0)
		return;
	tls_pair_free(&k->pair);
	free(k);
}

/* ---- signing */

static void
work(uv_work_t *request)
{
	struct job *job = request->data;

	if (tls_pair_sign(job->key->pair, job->scheme, buf_view(&job->data), &job->signature) != 0)
		buf_clear(&job->signature);
}

static void
job_free(struct job *job)
{
	http_tls_key_release(&job->key);
	buf_free(&job->data);
	buf_free(&job->signature);
	free(job);
}

static void
on_worked(uv_work_t *request, int status)
{
	struct job *job = request->data;

	(void)status;
	job->done(job->ctx, buf_view(&job->signature));
	job_free(job);
}

int
http_tls_key_sign(struct http_tls_key *key, uv_loop_t *loop, uint16_t scheme, struct view data,
	http_tls_key_signed *done, void *ctx)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return ERR_MEMORY;
	*job = (struct job){ .key = key, .scheme = scheme, .data = buf_init(data.n),
		.signature = buf_init(TLS_SIGNATURE_MAX), .done = done, .ctx = ctx };
	key->references++;
	job->work.data = job;
	buf_raw(&job->data, data.p, data.n);
	if (buf_error(&job->data) == 0 && uv_queue_work(loop, &job->work, work, on_worked) == 0)
		return 0;
	job_free(job);
	return ERR_MEMORY;
}
