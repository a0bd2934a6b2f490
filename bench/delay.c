/*
 * delay.c - a long path between two network namespaces: every packet arrives late, and not more of
 * them in a second than the path carries. For kernels without netem.
 *
 * delay NAMESPACE ADDRESS NAMESPACE ADDRESS MBIT_PER_SECOND MILLISECONDS
 *
 * Makes a TUN device with the address in each namespace (by the names of ip-netns(8)), says READY,
 * and carries packets until its standard input ends. MILLISECONDS is for one way. Packets that do
 * not fit in the queue are dropped, as in a router.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MTU = 1500, SLOTS = 65536, BURST = 256 };

struct packet {
	uint64_t due_ns;
	uint16_t n;
	uint8_t bytes[MTU];
};

/* What is under way in one direction. */
struct way {
	int from, to;
	struct packet *slots;
	uint32_t first, count;
	uint64_t free_ns; /* when the last packet has left the sender */
};

static uint64_t bytes_per_second, delay_ns;

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "delay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void
set_address(int control, struct ifreq *request, unsigned long what, const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
		die(text);
	memcpy(&request->ifr_addr, &address, sizeof(address));
	if (ioctl(control, what, request) != 0)
		die("address");
}

/* A TUN device in a namespace; the process stays there. */
static int
open_end(const char *space, const char *address, const char *peer)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	char path[256];
	int fd, control;

	snprintf(path, sizeof(path), "/run/netns/%s", space);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
		die(path);
	close(fd);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
		die("/dev/net/tun");
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	set_address(control, &request, SIOCSIFADDR, address);
	set_address(control, &request, SIOCSIFDSTADDR, peer);
	request.ifr_qlen = 20000;
	if (ioctl(control, SIOCSIFTXQLEN, &request) != 0)
		die("queue");
	if (ioctl(control, SIOCGIFFLAGS, &request) != 0)
		die("flags");
	request.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (ioctl(control, SIOCSIFFLAGS, &request) != 0)
		die("up");
	close(control);
	return fd;
}

static void
take(struct way *way)
{
	for (int i = 0; i < BURST; i++) {
		uint8_t dropped[MTU];
		struct packet *packet = &way->slots[(way->first + way->count) % SLOTS];
		ssize_t n = read(way->from, way->count < SLOTS ? packet->bytes : dropped, MTU);
		uint64_t now;

		if (n <= 0)
			return;
		if (way->count == SLOTS)
			continue;
		now = now_ns();
		if (way->free_ns < now)
			way->free_ns = now;
		way->free_ns += (uint64_t)n * 1000000000U / bytes_per_second;
		packet->due_ns = way->free_ns + delay_ns;
		packet->n = (uint16_t)n;
		way->count++;
	}
}

static void
give(struct way *way)
{
	uint64_t now = now_ns();

	while (way->count > 0 && way->slots[way->first].due_ns <= now) {
		const struct packet *packet = &way->slots[way->first];

		/* a device that is full loses a packet, as any other would */
		if (write(way->to, packet->bytes, packet->n) < 0 && errno != EAGAIN && errno != EINVAL)
			die("write");
		way->first = (way->first + 1) % SLOTS;
		way->count--;
	}
}

static struct timespec
wait_for(const struct way *ways)
{
	uint64_t now = now_ns(), left = 1000000000U;

	for (int i = 0; i < 2; i++) {
		uint64_t due = ways[i].count > 0 ? ways[i].slots[ways[i].first].due_ns : UINT64_MAX;

		if (due <= now)
			left = 0;
		else if (due - now < left)
			left = due - now;
	}
	return (struct timespec){ .tv_sec = (time_t)(left / 1000000000U),
		.tv_nsec = (long)(left % 1000000000U) };
}

int
main(int argc, char **argv)
{
	struct way ways[2] = { 0 };

	if (argc != 7) {
		fprintf(stderr, "delay: see the head of delay.c\n");
		return 2;
	}
	bytes_per_second = strtoull(argv[5], NULL, 10) * 125000;
	delay_ns = strtoull(argv[6], NULL, 10) * 1000000;
	ways[0].from = ways[1].to = open_end(argv[1], argv[2], argv[4]);
	ways[1].from = ways[0].to = open_end(argv[3], argv[4], argv[2]);
	for (int i = 0; i < 2; i++) {
		ways[i].slots = calloc(SLOTS, sizeof(*ways[i].slots));
		if (ways[i].slots == NULL || bytes_per_second == 0)
			die("start");
	}
	printf("READY\n");
	fflush(stdout);
	for (;;) {
		struct pollfd fds[] = { { .fd = ways[0].from, .events = POLLIN },
			{ .fd = ways[1].from, .events = POLLIN }, { .fd = 0, .events = POLLIN } };
		struct timespec left = wait_for(ways);

		if (ppoll(fds, 3, &left, NULL) < 0 && errno != EINTR)
			die("poll");
		if (fds[2].revents != 0)
			return 0;
		for (int i = 0; i < 2; i++) {
			take(&ways[i]);
			give(&ways[i]);
		}
	}
}
