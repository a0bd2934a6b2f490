/*
 * config_valid.h - what a text setting can be, one function a kind. Private to config_*.c.
 */
#ifndef CONFIG_CONFIG_VALID_H
#define CONFIG_CONFIG_VALID_H

#include <stdbool.h>

/* "" or an IP address; an IPv6 one may stand in brackets. */
bool config_valid_address(const char *text);
/* A range such as 192.0.2.0/24, or one address. */
bool config_valid_range(const char *text);
/* What may follow "SSH-2.0-" (RFC 4253 section 4.2), or blank. */
bool config_valid_banner(const char *text);
/* A name that can stand in SQL as it is: letters, digits, '_', '.', at most 63. */
bool config_valid_table(const char *text);
/* A name that useradd(8) would make. */
bool config_valid_user(const char *text);
bool config_valid_not_empty(const char *text);
/* "" or a path that begins with '/'. */
bool config_valid_absolute(const char *text);

#endif
