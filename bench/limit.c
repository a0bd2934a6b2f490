/*
 * limit.c - what the machine can do: a bare loop of file, cipher and socket, with no protocol.
 *
 * limit get|put CIPHER FILE MIB SERVER_CORE CLIENT_CORE
 *   get   the server side reads FILE, encrypts in place and writes batches to a TCP socket
 *   put   the server side reads the socket, decrypts in place and writes FILE
 * CIPHER is aes128-gcm@openssh.com, aes256-gcm@openssh.com, chacha20-poly1305@openssh.com (of which
 * the bare loop uses libcrypto's own construction) or aes128-ctr, which goes with HMAC-SHA-256 over
 * what is sent. Records are 32 KiB, eight to a batch.
 * Prints one line of JSON: seconds, and CPU seconds of each side. The ratio of a server to this is
 * what its protocol costs; no server can be below 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	RECORD = 32 * 1024,
	HEAD = 4,
	TAG = 16,
	HMAC = 32,
	SLOT = HEAD + RECORD + HMAC, /* the longest; an AEAD's is shorter by 16 bytes */
	BATCH = 8,
};

struct side {
	double seconds, cpu;
};

static EVP_CIPHER_CTX *cipher;
static EVP_MAC_CTX *mac; /* NULL for an AEAD */
static uint8_t iv[16];
static uint64_t counter;

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "limit: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
pin(int core)
{
	cpu_set_t set;

	if (core < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)core, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		die("affinity");
}

static void
hmac_start(const uint8_t *key)
{
	OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
					(char[]){ "SHA256" }, 0),
		OSSL_PARAM_END };
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	mac = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	if (mac == NULL || EVP_MAC_init(mac, key, HMAC, parameters) != 1)
		die("hmac");
}

static void
cipher_start(const char *name, int encrypt)
{
	static const uint8_t key[32] = { 1 };
	const EVP_CIPHER *kind = EVP_chacha20_poly1305();

	if (strcmp(name, "aes128-gcm@openssh.com") == 0)
		kind = EVP_aes_128_gcm();
	else if (strcmp(name, "aes256-gcm@openssh.com") == 0)
		kind = EVP_aes_256_gcm();
	else if (strcmp(name, "aes128-ctr") == 0)
		kind = EVP_aes_128_ctr();
	if (kind == EVP_aes_128_ctr())
		hmac_start(key);
	cipher = EVP_CIPHER_CTX_new();
	if (EVP_CipherInit_ex(cipher, kind, NULL, key, iv, encrypt) != 1)
		die("cipher");
}

static void
hmac(const uint8_t *slot, uint8_t *tag)
{
	size_t n;

	if (EVP_MAC_init(mac, NULL, 0, NULL) != 1 || EVP_MAC_update(mac, slot, HEAD + RECORD) != 1 ||
	    EVP_MAC_final(mac, tag, &n, HMAC) != 1)
		die("hmac");
}

static void
ctr(uint8_t *body)
{
	int n;

	if (EVP_CipherUpdate(cipher, body, &n, body, RECORD) != 1)
		die("aes-ctr");
}

static void
next_iv(int encrypt)
{
	counter++;
	memcpy(iv + 4, &counter, sizeof(counter));
	if (EVP_CipherInit_ex(cipher, NULL, NULL, NULL, iv, encrypt) != 1)
		die("iv");
}

static void
seal(uint8_t *slot)
{
	uint8_t *body = slot + HEAD;
	uint32_t length = htonl(RECORD);
	int n;

	memcpy(slot, &length, sizeof(length));
	if (mac != NULL) {
		ctr(body);
		hmac(slot, body + RECORD);
		return;
	}
	next_iv(1);
	if (EVP_CipherUpdate(cipher, NULL, &n, slot, HEAD) != 1 ||
	    EVP_CipherUpdate(cipher, body, &n, body, RECORD) != 1 ||
	    EVP_CipherFinal_ex(cipher, body + RECORD, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG, body + RECORD) != 1)
		die("seal");
}

static void
unseal(uint8_t *slot)
{
	uint8_t *body = slot + HEAD, rest[HMAC];
	int n;

	if (mac != NULL) {
		hmac(slot, rest);
		if (CRYPTO_memcmp(rest, body + RECORD, HMAC) != 0)
			die("unseal");
		ctr(body);
		return;
	}
	next_iv(0);
	if (EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG, body + RECORD) != 1 ||
	    EVP_CipherUpdate(cipher, NULL, &n, slot, HEAD) != 1 ||
	    EVP_CipherUpdate(cipher, body, &n, body, RECORD) != 1 ||
	    EVP_CipherFinal_ex(cipher, rest, &n) != 1)
		die("unseal");
}

static void
write_all(int fd, const uint8_t *data, size_t n)
{
	while (n > 0) {
		ssize_t sent = write(fd, data, n);

		if (sent < 0)
			die("write");
		data += sent;
		n -= (size_t)sent;
	}
}

static void
side_end(struct side *side, double start)
{
	struct rusage usage;

	side->seconds = now() - start;
	getrusage(RUSAGE_SELF, &usage);
	side->cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* Reads `file` if there is one, else sends what is in memory. */
static void
send_side(int to, int file, uint64_t total, struct side *side)
{
	uint8_t *ring = aligned_alloc(4096, (SLOT * BATCH + 4095) & ~4095U), end;
	struct iovec parts[BATCH];
	double start = now();

	memset(ring, 1, SLOT * BATCH);
	for (int i = 0; i < BATCH; i++)
		parts[i] = (struct iovec){ ring + SLOT * i + HEAD, RECORD };
	for (uint64_t offset = 0; offset < total; offset += (uint64_t)RECORD * BATCH) {
		if (file >= 0 && preadv(file, parts, BATCH, (off_t)offset) != RECORD * BATCH)
			die("read");
		for (int i = 0; i < BATCH; i++)
			seal(ring + SLOT * i);
		write_all(to, ring, SLOT * BATCH);
	}
	shutdown(to, SHUT_WR);
	if (read(to, &end, 1) < 0)
		die("end");
	side_end(side, start);
}

/* Writes `file` if there is one, else throws away what came. */
static void
receive_side(int from, int file, uint64_t total, struct side *side)
{
	size_t capacity = SLOT * BATCH * 2, filled = 0;
	uint8_t *ring = aligned_alloc(4096, (capacity + 4095) & ~(size_t)4095);
	uint64_t offset = 0;
	double start = now();
	ssize_t got;

	memset(ring, 1, capacity);
	while ((got = read(from, ring + filled, capacity - filled)) > 0) {
		struct iovec parts[BATCH * 2];
		size_t used = 0;
		int count = 0;

		filled += (size_t)got;
		for (; filled - used >= SLOT; used += SLOT) {
			unseal(ring + used);
			parts[count++] = (struct iovec){ ring + used + HEAD, RECORD };
		}
		if (file >= 0 && count > 0 &&
		    pwritev(file, parts, count, (off_t)offset) != (ssize_t)RECORD * count)
			die("write");
		offset += (uint64_t)count * RECORD;
		memmove(ring, ring + used, filled - used);
		filled -= used;
	}
	side_end(side, start);
	if (offset != total)
		die("short");
}

int
main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	struct side *sides = mmap(NULL, sizeof(*sides) * 2, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, status, failed = 0;
	bool get = argc == 7 && strcmp(argv[1], "get") == 0;
	uint64_t total;

	if (argc != 7) {
		fprintf(stderr, "limit: see the head of limit.c\n");
		return 2;
	}
	total = strtoull(argv[4], NULL, 10) << 20;
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) != 0)
		die("listen");
	for (int server = 0; server < 2; server++) {
		int fd, file = -1;

		if (fork() != 0)
			continue;
		pin(atoi(argv[server ? 5 : 6]));
		cipher_start(argv[2], (bool)server == get);
		if (server)
			file = get ? open(argv[3], O_RDONLY) :
			    open(argv[3], O_RDWR | O_CREAT | O_TRUNC, 0600);
		if (server && file < 0)
			die(argv[3]);
		if (server) {
			fd = accept(listener, NULL, NULL);
		} else {
			fd = socket(AF_INET, SOCK_STREAM, 0);
			if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
				die("connect");
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if ((bool)server == get)
			send_side(fd, file, total, &sides[server]);
		else
			receive_side(fd, file, total, &sides[server]);
		_exit(0);
	}
	for (int i = 0; i < 2; i++)
		failed |= wait(&status) < 0 || status != 0;
	printf("{\"bytes\": %llu, \"seconds\": %.6f, \"server_cpu\": %.4f, \"client_cpu\": %.4f}\n",
	    (unsigned long long)total, sides[1].seconds, sides[1].cpu, sides[0].cpu);
	return failed;
}
