/*
 * secret.h - memory that held a key or a password: wiped before it is given back.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

/* Overwrites with zeros in a way that the compiler may not remove. p may be NULL when n is 0. */
void secret_wipe(void *p, size_t n);
/* Wipes n bytes and frees. p may be NULL. */
void secret_free(void *p, size_t n);
/* Wipes and frees a C string. s may be NULL. */
void secret_free_str(char *s);

#endif
