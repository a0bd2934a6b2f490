/*
 * http_tls_key.h - the certificate of the HTTP service and its key: read at start and at
 * SIGHUP, and signatures for the HTTP worker, made on the thread pool. Private to master/.
 */
#ifndef MASTER_HTTP_TLS_KEY_H
#define MASTER_HTTP_TLS_KEY_H

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "crypto/crypto.h"

#include <stdint.h>
#include <uv.h>

/* One pair. It lives until the last reference goes; all on the loop's thread. */
struct http_tls_key {
	struct tls_pair *pair;
	uint64_t number; /* by which the worker names it */
	unsigned references;
};

/*
 * Reads both files of the configuration; *out is NULL when none is configured. ERR_INVALID with
 * lines in `mistakes` that name setting, file and remedy; ERR_MEMORY. On any thread.
 */
MUST int http_tls_key_read(const struct config *config, struct tls_pair **out,
	struct buf *mistakes);
/* Takes the pair. NULL when memory is short; the pair is then freed. */
struct http_tls_key *http_tls_key_new(struct tls_pair **pair, uint64_t number);
void http_tls_key_release(struct http_tls_key **key);

/* The signature, which is empty when there is none; on the loop. */
typedef void http_tls_key_signed(void *ctx, struct view signature);
/* ERR_MEMORY: `done` is then not called. */
MUST int http_tls_key_sign(struct http_tls_key *key, uv_loop_t *loop, uint16_t scheme,
	struct view data, http_tls_key_signed *done, void *ctx);

#endif
