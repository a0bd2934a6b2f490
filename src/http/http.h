/*
 * http.h - the face of src/http: HTTP/1.1 (RFC 9112) as the server of an API needs it.
 *
 * Bytes in, structs out, and back: it opens nothing, waits for nothing and knows neither what is
 * served nor who asks. It reads strictly. Wherever two readers of HTTP have been known to see
 * different requests in the same bytes (a bare CR or LF, a folded line, a NUL, a space before the
 * colon, a length said twice or beside chunks) the request is refused, so that nothing can be
 * smuggled past a proxy (CWE-444). Used by the HTTP worker.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "http/http_answer.h"
#include "http/http_body.h"
#include "http/http_cookie.h"
#include "http/http_head.h"
#include "http/http_query.h"

#endif
