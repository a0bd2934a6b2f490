/*
 * mysql_dsn.h - the connection string of the mysql driver: what Go's driver for MySQL takes, as
 * SFTPGo's configurations have it.
 *
 *   [username[:password]@][tcp[(host[:port])]|unix(path)]/name[?parameter=value&...]
 *
 * Nothing is sent anywhere here.
 */
#ifndef ACCOUNTS_MYSQL_DSN_H
#define ACCOUNTS_MYSQL_DSN_H

#include "accounts/failure.h"

#include <stdbool.h>

enum mysql_tls { MYSQL_TLS_OFF, MYSQL_TLS_VERIFIED, MYSQL_TLS_UNVERIFIED, MYSQL_TLS_PREFERRED };

/* Strings are never NULL once parsed. */
struct mysql_dsn {
	char *username;
	char *password;
	char *host;   /* without brackets; "" for a socket */
	int port;     /* 3306 when not given */
	char *socket; /* "" for a host */
	char *database;
	enum mysql_tls tls;
	int connect_seconds, read_seconds, write_seconds; /* 0: not given */
};

/*
 * ERR_INVALID with a text that names the part but never quotes the string, which has a password;
 * ERR_MEMORY. Parameters that only say how Go's driver is to work are passed over; unknown ones
 * are refused. The caller frees *out with mysql_dsn_free() in any case.
 */
MUST int mysql_dsn_parse(const char *text, struct mysql_dsn *out, struct failure *failure);
void mysql_dsn_free(struct mysql_dsn *dsn);

#endif
