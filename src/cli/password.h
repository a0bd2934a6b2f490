/*
 * password.h - getting a password without it standing in a list of processes. Private to cli/.
 */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include <stdbool.h>

/*
 * The first line of a file, or of standard input for "-". Allocated; free with secret_free_str().
 * NULL, told, when there is none.
 */
char *password_read(const char *file);
/* Asks twice on the terminal, without echo. NULL, told, when they differ or there is none. */
char *password_prompt(const char *username);
/* True when somebody can be asked. */
bool password_can_prompt(void);

#endif
