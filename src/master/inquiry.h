/*
 * inquiry.h - asks a program of the administrator about a login, before anything else is checked:
 * the external authentication program, which gives the account whole, or the program before a
 * login, which may change it.
 *
 * What they say is only put into effect on the thread pool, by inquiry_apply(), and the account is
 * then looked up and checked like any other. The external program takes the place of the other one
 * for the methods of its scope. Private to master/.
 */
#ifndef MASTER_INQUIRY_H
#define MASTER_INQUIRY_H

#include "accounts/accounts.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>

struct config;
struct connection;
struct inquiry;

enum inquiry_program { INQUIRY_NONE, INQUIRY_EXTERNAL, INQUIRY_PRE_LOGIN };

/* What is offered; the views must stay valid as long as the inquiry. */
struct inquiry_subject {
	const char *username;
	enum login_method method;
	struct view password; /* also one that answers a question; empty: none */
	struct view key;      /* a public key's blob; empty: none */
};

/* Which program is to be asked; a dialogue's `password` is given to one whose scope has those. */
enum inquiry_program inquiry_program_for(
    const struct config *config, enum login_method method, bool has_password);
/*
 * Begins. `done` is called once, from the loop, also when the connection has ended meanwhile, and
 * never from here. ERR_MEMORY.
 */
MUST int inquiry_start(struct inquiry **out, struct connection *connection,
    enum inquiry_program program, const struct inquiry_subject *subject,
    void (*done)(void *ctx), void *ctx);
enum inquiry_program inquiry_program(const struct inquiry *inquiry);
/*
 * After `done`, on the thread pool: stores what the program said. ERR_DENIED with the words for
 * the log when it refused, failed, or said what cannot be used; other codes are the provider's.
 */
MUST int inquiry_apply(struct inquiry *inquiry, struct failure *failure);
/* Wipes. *inquiry may be NULL, and is NULL afterwards. */
void inquiry_free(struct inquiry **inquiry);

#endif
