/*
 * login_private.h - what login.c, version.c, userauth.c and userauth_interactive.c share.
 */
#ifndef SSH_LOGIN_PRIVATE_H
#define SSH_LOGIN_PRIVATE_H

#include "ssh/login.h"
#include "ssh/transport_private.h"

/* Queues our identification line. */
MUST int version_write(struct ssh_transport *t);

/* Waits for exactly this message; `name` is for the log when another one comes. */
MUST int login_expect(
    struct ssh_transport *t, enum ssh_message type, const char *name, struct view *payload_out);

/* Waits for one of two. */
MUST int login_expect_either(struct ssh_transport *t, enum ssh_message first,
    enum ssh_message second, const char *name, struct view *payload_out);

/* Reads a whole USERAUTH_REQUEST payload (RFC 4252 section 5) of any service and method. */
MUST int userauth_parse(
    struct view payload, struct view *service_out, struct ssh_userauth_request *out);
/* Reads it and refuses other services than "ssh-connection", as ssh_userauth_read() says. */
MUST int userauth_take(
    struct ssh_transport *t, struct view payload, struct ssh_userauth_request *out);
/* Sends the banner, once, in front of the first answer. */
MUST int userauth_banner(struct ssh_transport *t);

#endif
