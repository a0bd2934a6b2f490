/*
 * login.h - the straight line from the first byte to the success of authentication.
 *
 * Each function waits for exactly what must come next, at most until the transport's deadline, and
 * ends the connection when anything else comes: ERR_PROTOCOL and the like, ERR_EOF when the client
 * left, ERR_TIMEOUT, ERR_NO_MATCH when nothing is in common. The client has been told where the
 * RFC says so. Who may log in is the caller's business. Order of calls:
 *
 *   ssh_announce, perhaps ssh_proxy_header_read, ssh_version_read, ssh_key_exchange,
 *   ssh_service_accept,
 *   then ssh_userauth_read and one answer, again and again, the last one being
 * ssh_userauth_success.
 */
#ifndef SSH_LOGIN_H
#define SSH_LOGIN_H

#include "base/proxy_header.h"
#include "ssh/transport.h"

/*
 * Sends our identification line, and our KEXINIT in the same segment: key exchange begins at once
 * (RFC 4253 section 4.2), which spares the client a round trip and the server a write.
 */
MUST int ssh_announce(struct ssh_transport *transport);
/* Reads the client's identification line. */
MUST int ssh_version_read(struct ssh_transport *transport);

/*
 * What a proxy says in front of the client's line (proxy_header.h). Where it is not `required`,
 * its absence is no fault, and *out then knows no client. Our line goes out first: a client without
 * a proxy may be waiting for it.
 */
MUST int ssh_proxy_header_read(
    struct ssh_transport *transport, bool required, struct proxy_header *out);

/*
 * Asks for the host key's signature over the exchange hash. Appends the RFC 4253 section 6.6 blob
 * (string algorithm, string signature) to signature_out. May wait. 0, or a code that ends the
 * connection.
 */
typedef int ssh_sign_fn(
    void *ctx, struct view algorithm, struct view exchange_hash, struct buf *signature_out);

/* The first key exchange, up to NEWKEYS in both directions, and our EXT_INFO. */
MUST int ssh_key_exchange(struct ssh_transport *transport, ssh_sign_fn *sign, void *ctx);
/* Waits for the request of "ssh-userauth" and accepts it. */
MUST int ssh_service_accept(struct ssh_transport *transport);

enum ssh_userauth_method {
	SSH_USERAUTH_OTHER = 0, /* a method that we do not have */
	SSH_USERAUTH_NONE,
	SSH_USERAUTH_PASSWORD,
	SSH_USERAUTH_PASSWORD_CHANGE, /* RFC 4252 section 8 with a new password: refuse it */
	SSH_USERAUTH_KEY_QUERY,       /* "would this key do?": can never log in */
	SSH_USERAUTH_KEY_PROOF,       /* with a signature */
	SSH_USERAUTH_KEYBOARD_INTERACTIVE,
};

/* The views are valid until the next call with the transport, and wiped then. */
struct ssh_userauth_request {
	enum ssh_userauth_method method;
	struct view method_name;
	struct view user;      /* at most SSH_USER_MAX bytes of anything, may be empty */
	struct view password;  /* PASSWORD: at most SSH_PASSWORD_MAX */
	struct view algorithm; /* KEY_*: the signature algorithm that the client names */
	struct view key;       /* KEY_*: public key blob, not yet looked at */
	struct view signature; /* KEY_PROOF: signature blob, not yet looked at */
};

/* Reads the next authentication request; its service is "ssh-connection", or it was refused. */
MUST int ssh_userauth_read(struct ssh_transport *transport, struct ssh_userauth_request *out);
/*
 * Refuses the last request; methods is a name-list. Each counts as a try, but for a first "none"
 * and for a partial success. At the last try the client is disconnected instead: ERR_LIMIT.
 */
MUST int ssh_userauth_failure(struct ssh_transport *transport, struct view methods, bool partial);
/* Answers a KEY_QUERY: this key would do. */
MUST int ssh_userauth_key_ok(
    struct ssh_transport *transport, const struct ssh_userauth_request *request);

/* --- keyboard-interactive (RFC 4256): questions in place of an answer, as often as it takes --- */

struct ssh_question {
	struct view text;
	bool echo; /* whether the answer may be seen on the screen */
};

/* The views are valid until the next call with the transport, and wiped then. */
struct ssh_answers {
	struct view items[SSH_QUESTIONS_MAX]; /* at most SSH_ANSWER_MAX bytes of anything each */
	size_t count;
};

/* Asks at most SSH_QUESTIONS_MAX questions, or none, to say something only. */
MUST int ssh_userauth_ask(struct ssh_transport *transport, struct view name,
    struct view instruction, const struct ssh_question *questions, size_t count);
/*
 * Reads the answers. A client may give the dialogue up by a new request: *given_up_out is then
 * true, and the request in *request_out to be answered instead.
 */
MUST int ssh_userauth_read_answers(struct ssh_transport *transport, struct ssh_answers *out,
    bool *given_up_out, struct ssh_userauth_request *request_out);

/* Answers with success and waits until it has left. Compression starts after it. */
MUST int ssh_userauth_success(struct ssh_transport *transport);

#endif
