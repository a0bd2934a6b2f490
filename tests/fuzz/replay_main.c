/*
 * replay_main.c - runs a fuzz target over its seed corpus, without libFuzzer.
 *
 * Each argument is a file or a directory of files. Besides the seed itself, every truncation of
 * a short seed and one flipped bit in every byte are tried: what the target must survive is the
 * neighbourhood of real messages, and that costs milliseconds.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEED_MAX_BYTES (4U << 20)
/* Mutations of one seed cost its length times the target's price: only short seeds get them. */
#define MUTATE_MAX_BYTES 2048U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t seeds_run;

/*
 * A heap copy of exactly `size` bytes, so that AddressSanitizer sees the first byte read past it.
 */
static void
input_run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
input_mutate(uint8_t *data, size_t size)
{
	for (size_t cut = 0; cut < size; cut++)
		input_run(data, cut);
	for (size_t at = 0; at < size; at++) {
		uint8_t bit = (uint8_t)(1U << (at % 8));

		data[at] ^= bit;
		input_run(data, size);
		data[at] ^= bit;
	}
}

static int
file_run(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	uint8_t *data = NULL;
	struct stat st;
	size_t size = 0;
	int failed = 1;

	if (fd < 0 || fstat(fd, &st) != 0)
		goto out;
	if (st.st_size < 0 || (uint64_t)st.st_size > SEED_MAX_BYTES) {
		errno = EFBIG;
		goto out;
	}
	data = malloc((size_t)st.st_size + 1);
	if (data == NULL)
		goto out;
	while (size < (size_t)st.st_size) {
		ssize_t got = read(fd, data + size, (size_t)st.st_size - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			goto out;
		size += (size_t)got;
	}
	input_run(data, size);
	if (size <= MUTATE_MAX_BYTES)
		input_mutate(data, size);
	seeds_run++;
	failed = 0;
out:
	if (failed)
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
	free(data);
	if (fd >= 0)
		close(fd);
	return failed;
}

static int
directory_run(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	int failed = 0;

	if (directory == NULL)
		return file_run(AT_FDCWD, path);
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			failed |= file_run(dirfd(directory), entry->d_name);
	closedir(directory);
	return failed;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= directory_run(argv[i]);
	if (seeds_run == 0) {
		fprintf(stderr, "no seeds were found\n");
		failed = 1;
	}
	printf("%zu seeds\n", seeds_run);
	return failed;
}
