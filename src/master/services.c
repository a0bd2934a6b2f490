#include "master/services.h"

#include "base/fd.h"
#include "master/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SERVICES_MAX = 16,
	ACCEPTS_AT_ONCE = 32, /* before other events have their turn */
	RETRY_MS = 500,       /* after accept(2) found no descriptor or no memory */
};

struct service {
	struct services *owner;
	struct listener listener;
	uv_poll_t *poll;
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
		fd_close(&s->list[i].listener.fd);
	}
	if (s->retry != NULL)
		uv_close((uv_handle_t *)s->retry, free_handle);
	free(s);
	*services = NULL;
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
	*service = (struct service){ .owner = s };
	if (listener_open(&service->listener, address, port, "sftpd", mistakes) != 0)
		return ERR_INVALID;
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

		fd = accept4(service->listener.fd, (struct sockaddr *)&address, &n,
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
		if (service->poll == NULL || uv_poll_init(loop, service->poll, service->listener.fd) != 0)
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
	return number < s->count ? s->list[number].listener.text : NULL;
}

uint16_t
services_port(const struct services *s, unsigned number)
{
	return number < s->count ? s->list[number].listener.port : 0;
}
