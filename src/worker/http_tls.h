/*
 * http_tls.h - TLS for the HTTP worker (RFC 8446, RFC 5246), by GnuTLS, without the private key.
 *
 * The key stays in the master: GnuTLS lets a function of ours sign (gnutls_privkey_import_ext4),
 * which asks the master and waits for it. libgnutls is not linked but loaded by name, before the
 * sandbox, by the one process that needs it: linked, every process of the program would map it and
 * what it brings along. Nothing older than TLS 1.2 is spoken, and nothing without forward secrecy,
 * so that no key is ever asked to decrypt.
 */
#ifndef WORKER_HTTP_TLS_H
#define WORKER_HTTP_TLS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_tls_keys; /* certificates, and who signs for them */
struct http_tls;      /* one client */

/*
 * Signs for the pair with this number; `scheme` as in RFC 8446 section 4.2.3. Appends the
 * signature. Anything but 0 ends the handshake.
 */
typedef int http_tls_sign(void *ctx, uint64_t pair, uint16_t scheme, struct view data,
    struct buf *signature_out);

/* Loads the library. ERR_UNSUPPORTED when it is not there, ERR_MEMORY. */
MUST int http_tls_keys_new(struct http_tls_keys **out, http_tls_sign *sign, void *ctx);
/* The chain (PEM) of clients that come from now on. ERR_FORMAT. */
MUST int http_tls_keys_set(struct http_tls_keys *keys, uint64_t pair, struct view chain);
bool http_tls_keys_ready(const struct http_tls_keys *keys);

/* The descriptor, which does not block, stays the caller's. ERR_MEMORY. */
MUST int http_tls_new(struct http_tls **out, struct http_tls_keys *keys, int fd);
void http_tls_free(struct http_tls **tls);
/* 0, ERR_AGAIN or ERR_CRYPTO. */
MUST int http_tls_handshake(struct http_tls *tls);
/* While ERR_AGAIN: whether it waits for room to write rather than for bytes to read. */
bool http_tls_wants_write(const struct http_tls *tls);
/* 0 with the number of bytes, which may be less; ERR_AGAIN, ERR_EOF or ERR_IO. */
MUST int http_tls_read(struct http_tls *tls, void *bytes, size_t n, size_t *n_out);
/* Likewise. After ERR_AGAIN it must be called again with the same bytes. */
MUST int http_tls_write(struct http_tls *tls, const void *bytes, size_t n, size_t *n_out);
/* Says goodbye; does not wait. */
void http_tls_bye(struct http_tls *tls);

#endif
