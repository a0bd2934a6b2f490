/*
 * login_dialogue.h - keyboard-interactive (RFC 4256): what is asked, and what the answers mean.
 *
 * Without a program the server asks for the account's password, and for the one-time code where
 * the account has them. A program of the administrator takes the place of the password: any number
 * of rounds of questions until it says how the login ended; the code is asked for afterwards all
 * the same. The client is asked by the connection's login worker, the program runs with limits (see
 * program.h), and what both say is checked. Private to master/.
 */
#ifndef MASTER_LOGIN_DIALOGUE_H
#define MASTER_LOGIN_DIALOGUE_H

#include "accounts/accounts.h"
#include "base/err.h"
#include "base/rd.h"

#include <stdbool.h>

struct config;
struct connection;
struct login_dialogue;

bool login_dialogue_has_program(const struct config *config);

/* ---- from the login worker; the connection may have ended after the first two */

/* The client wants a dialogue. ERR_MEMORY. */
MUST int login_dialogue_begin(struct connection *connection, struct view user);
/* Its answers to what was asked last. ERR_PROTOCOL when nothing was; ERR_MEMORY. */
MUST int login_dialogue_reply(struct connection *connection, struct view answers);
/* It wants something else: what was asked is forgotten, a program that runs is killed. */
void login_dialogue_give_up(struct connection *connection);

/* ---- from authentication.c; the connection may have ended afterwards */

/* A password was right: asks for the one-time code. */
void login_dialogue_ask_code(struct connection *connection);
/* The account may log in so: starts the program. */
void login_dialogue_run(struct connection *connection, const struct user *user);
/* The answer was the account's password, as the program wanted to know. */
void login_dialogue_password_right(struct connection *connection);

#endif
