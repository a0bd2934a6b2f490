#include "master/services.h"

#include "base/address.h"
#include "base/fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SERVICES_MAX = 16,
	BACKLOG = 1024,
	ACCEPTS_AT_ONCE = 32, /* before other events have their turn */
	RETRY_MS = 500,       /* after accept(2) found no descriptor or no memory */
};

struct service {
	struct services *owner;
	int fd;
	uv_poll_t *poll;
	uint16_t port;
	char text[ADDRESS_TEXT_MAX + 16];
};

struct services {
	struct services_events events;
	struct service list[SERVICES_MAX];
	unsigned count;
	uv_timer_t *retry;
	bool started, paused;
};

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

int
services_new(struct services **out, const struct services_events *events)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ERR_MEMORY;
	(*out)->events = *events;
	return 0;
}

void
services_free(struct services **services)
{
	struct services *s = *services;

	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->count; i++) {
		if (s->list[i].poll != NULL)
			uv_close((uv_handle_t *)s->list[i].poll, free_handle);
		fd_close(&s->list[i].fd);
	}
	if (s->retry != NULL)
		uv_close((uv_handle_t *)s->retry, free_handle);
	free(s);
	*services = NULL;
}

static int
open_socket(const char *address, int port, struct service *out)
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
services_listen(struct services *s, const char *address, int port, struct buf *mistakes)
{
	struct service *service;

	if (s->count == SERVICES_MAX) {
		buf_printf(mistakes, "more than %d listeners\n", SERVICES_MAX);
		return ERR_INVALID;
	}
	service = &s->list[s->count];
	*service = (struct service){ .owner = s, .fd = -1 };
	if (open_socket(address, port, service) != 0) {
		const char *remedy = errno == EADDRINUSE ? "another program listens there" :
		    errno == EACCES ? "a port below 1024 needs CAP_NET_BIND_SERVICE" :
		    "check sftpd.bind_address and sftpd.bind_port";

		buf_printf(mistakes, "cannot listen on \"%s\" port %d: %s; %s\n", address, port,
		    strerror(errno), remedy);
		fd_close(&service->fd);
		return ERR_INVALID;
	}
	s->count++;
	return 0;
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void
watch(struct services *s)
{
	for (unsigned i = 0; i < s->count && s->started; i++) {
		if (s->paused)
			uv_poll_stop(s->list[i].poll);
		else
			uv_poll_start(s->list[i].poll, UV_READABLE, on_readable);
	}
}

static void
on_retry(uv_timer_t *timer)
{
	watch(timer->data);
}

/* Out of descriptors or memory: level-triggered polling would spin until there are some. */
static void
back_off(struct services *s)
{
	for (unsigned i = 0; i < s->count; i++)
		uv_poll_stop(s->list[i].poll);
	uv_timer_start(s->retry, on_retry, RETRY_MS, 0);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct service *service = poll->data;
	struct services *s = service->owner;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_AT_ONCE && !s->paused; i++) {
		struct sockaddr_storage address;
		socklen_t n = sizeof(address);
		int on = 1, fd;

		fd = accept4(service->fd, (struct sockaddr *)&address, &n,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			/* answers are written whole; waiting for more would only delay them */
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			s->events.accepted(s->events.ctx, fd, (struct sockaddr *)&address);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			s->events.failed(s->events.ctx, strerror(errno));
			back_off(s);
			return;
		}
		if (errno == EAGAIN)
			return;
		/* anything else concerns the one connection that was to be accepted (accept(2)) */
	}
}

void
services_start(struct services *s, uv_loop_t *loop)
{
	s->retry = malloc(sizeof(*s->retry));
	if (s->retry == NULL || uv_timer_init(loop, s->retry) != 0)
		bug("cannot make a timer");
	s->retry->data = s;
	for (unsigned i = 0; i < s->count; i++) {
		struct service *service = &s->list[i];

		service->poll = malloc(sizeof(*service->poll));
		if (service->poll == NULL || uv_poll_init(loop, service->poll, service->fd) != 0)
			bug("cannot watch a listener");
		service->poll->data = service;
	}
	s->started = true;
	watch(s);
}

void
services_pause(struct services *s, bool paused)
{
	if (s->paused == paused)
		return;
	s->paused = paused;
	watch(s);
}

const char *
services_address(const struct services *s, unsigned number)
{
	return number < s->count ? s->list[number].text : NULL;
}

uint16_t
services_port(const struct services *s, unsigned number)
{
	return number < s->count ? s->list[number].port : 0;
}
