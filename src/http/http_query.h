/*
 * http_query.h - the parameters of a query, as forms write them (application/x-www-form-urlencoded
 * of the URL standard), and pieces of a path.
 */
#ifndef HTTP_HTTP_QUERY_H
#define HTTP_HTTP_QUERY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"

/*
 * Appends the decoded value of the first parameter of this name. ERR_NOT_FOUND when there is none;
 * ERR_FORMAT for a '%' without two digits, or for bytes that are not UTF-8 or hold a NUL;
 * ERR_LIMIT or ERR_MEMORY from the buffer.
 */
MUST int http_query_get(struct view query, const char *name, struct buf *value_out);
/*
 * Appends what one piece of a path says (RFC 3986 section 2.1): a '+' is a '+', and a '/' is one
 * that was encoded. ERR_FORMAT, ERR_LIMIT or ERR_MEMORY likewise.
 */
MUST int http_path_decode(struct view piece, struct buf *out);

#endif
