/*
 * http_cookie.h - cookies (RFC 6265), as a server that has one of its own needs them.
 */
#ifndef HTTP_HTTP_COOKIE_H
#define HTTP_HTTP_COOKIE_H

#include "http/http_head.h"

/* The value of the first cookie of this name, as it was sent; an empty view when there is none. */
struct view http_cookie_get(const struct http_head *head, const char *name);

#endif
