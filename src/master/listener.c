#include "master/listener.h"

#include "base/fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { BACKLOG = 1024 };

static int
open_socket(const char *address, int port, struct listener *out)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} sa = { 0 };
	struct address parsed;
	socklen_t n;
	int on = 1, off = 0, family;

	if (address[0] == '\0') {
		family = AF_INET6;
	} else if (address_parse(address, &parsed) != 0) {
		errno = EINVAL;
		return ERR_INVALID;
	} else {
		family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
	}
	out->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out->fd < 0 && errno == EAFNOSUPPORT && address[0] == '\0') {
		family = AF_INET;
		out->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	if (out->fd < 0)
		return ERR_IO;
	if (family == AF_INET6) {
		sa.v6.sin6_family = AF_INET6;
		sa.v6.sin6_port = htons((uint16_t)port);
		if (address[0] != '\0')
			memcpy(&sa.v6.sin6_addr, parsed.bytes, 16);
		n = sizeof(sa.v6);
		if (setsockopt(out->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)
			return ERR_IO;
	} else {
		sa.v4.sin_family = AF_INET;
		sa.v4.sin_port = htons((uint16_t)port);
		if (address[0] != '\0')
			memcpy(&sa.v4.sin_addr, parsed.bytes + 12, 4);
		n = sizeof(sa.v4);
	}
	if (setsockopt(out->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(out->fd, &sa.any, n) != 0 || listen(out->fd, BACKLOG) != 0)
		return ERR_IO;
	n = sizeof(sa);
	if (getsockname(out->fd, &sa.any, &n) != 0 ||
	    address_from_sockaddr(&sa.any, &parsed, &out->port) != 0)
		return ERR_IO;
	if (address[0] == '\0') {
		snprintf(out->text, sizeof(out->text), "*:%u", out->port);
	} else {
		char text[ADDRESS_TEXT_MAX];

		snprintf(out->text, sizeof(out->text), family == AF_INET6 ? "[%s]:%u" : "%s:%u",
		    address_text(&parsed, text), out->port);
	}
	return 0;
}

int
listener_open(struct listener *out, const char *address, int port, const char *section,
	struct buf *mistakes)
{
	*out = (struct listener){ .fd = -1 };
	if (open_socket(address, port, out) != 0) {
		int why = errno;

		buf_printf(mistakes, "cannot listen on \"%s\" port %d: %s; ", address, port,
		    strerror(why));
		if (why == EADDRINUSE)
			buf_printf(mistakes, "another program listens there: change %s.bind_port",
			    section);
		else if (why == EACCES)
			buf_printf(mistakes, "a port below 1024 needs CAP_NET_BIND_SERVICE");
		else
			buf_printf(mistakes, "check %s.bind_address and %s.bind_port", section, section);
		buf_text(mistakes, "\n");
		fd_close(&out->fd);
		return ERR_INVALID;
	}
	return 0;
}
