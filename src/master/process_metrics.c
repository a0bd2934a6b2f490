#include "master/process_metrics.h"

#include "base/fd.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The fields of proc_pid_stat(5) that are wanted, by their numbers there. */
enum { UTIME = 14, STIME = 15, STARTTIME = 22, VSIZE = 23, RSS = 24 };

static void
head(struct buf *out, const char *name, const char *kind, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, kind, name);
}

static void
write_number(
    struct buf *out, const char *name, const char *kind, const char *help, uint64_t value)
{
	head(out, name, kind, help);
	buf_printf(out, "%" PRIu64 "\n", value);
}

/* A file of /proc as text; false when it cannot be read. */
static bool
read_text(const char *path, struct buf *text)
{
	int err = fd_read_file(path, text);

	buf_u8(text, '\0');
	return err == 0 && buf_error(text) == 0;
}

/* The name of the program, field 2, may hold anything, and ends with the last ')'. */
static bool
read_stat(uint64_t fields[RSS + 1])
{
	struct buf text = buf_init(4096);
	char *place = NULL, *p = NULL;
	bool good = read_text("/proc/self/stat", &text) &&
	    (p = strrchr((char *)text.p, ')')) != NULL;

	if (good)
		p = strtok_r(p + 1, " ", &place);
	for (size_t i = 3; good && i <= RSS; i++) {
		good = p != NULL;
		fields[i] = good ? strtoull(p, NULL, 10) : 0;
		p = strtok_r(NULL, " ", &place);
	}
	buf_free(&text);
	return good;
}

/* Seconds since 1970 at which the system started. */
static uint64_t
boot_time(void)
{
	struct buf text = buf_init(4 * 1024 * 1024);
	const char *line = read_text("/proc/stat", &text) ? strstr((char *)text.p, "\nbtime ")
							  : NULL;
	uint64_t seconds = line != NULL ? strtoull(line + 7, NULL, 10) : 0;

	buf_free(&text);
	return seconds;
}

/* Since Linux 6.2 the size of the directory is the number; before, its entries are counted. */
static uint64_t
open_descriptors(void)
{
	struct stat st;
	uint64_t n = 0;
	DIR *directory;

	if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
		return (uint64_t)st.st_size;
	if ((directory = opendir("/proc/self/fd")) == NULL)
		return 0;
	while (readdir(directory) != NULL)
		n++;
	closedir(directory);
	return n > 3 ? n - 3 : 0; /* ".", "..", and the directory itself */
}

static void
write_limits(struct buf *out)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		write_number(out, "process_max_fds", "gauge",
		    "Maximum number of open file descriptors.", limit.rlim_cur);
	if (getrlimit(RLIMIT_AS, &limit) == 0)
		write_number(out, "process_virtual_memory_max_bytes", "gauge",
		    "Maximum amount of virtual memory available in bytes.", limit.rlim_cur);
}

void
process_metrics_write(struct buf *out)
{
	uint64_t fields[RSS + 1], ticks = (uint64_t)sysconf(_SC_CLK_TCK);

	write_number(out, "process_open_fds", "gauge", "Number of open file descriptors.",
	    open_descriptors());
	write_limits(out);
	if (!read_stat(fields))
		return;
	head(out, "process_cpu_seconds_total", "counter",
	    "Total user and system CPU time spent in seconds.");
	buf_printf(out, "%.2f\n", (double)(fields[UTIME] + fields[STIME]) / (double)ticks);
	write_number(out, "process_resident_memory_bytes", "gauge",
	    "Resident memory size in bytes.", fields[RSS] * (uint64_t)sysconf(_SC_PAGESIZE));
	write_number(out, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
	    fields[VSIZE]);
	head(out, "process_start_time_seconds", "gauge",
	    "Start time of the process since unix epoch in seconds.");
	buf_printf(out, "%.2f\n", (double)boot_time() + (double)fields[STARTTIME] / (double)ticks);
}
