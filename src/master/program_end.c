/* How a program ended, for the log and the counters. */
#include "master/program.h"

#include <string.h>
#include <sys/wait.h>

/* The last line that it wrote to standard error, which in a traceback says what was wrong. */
static void
write_last_line(struct view said, struct buf *out)
{
	size_t start;

	while (said.n > 0 && said.p[said.n - 1] <= ' ')
		said.n--;
	for (start = said.n; start > 0 && said.p[start - 1] != '\n';)
		start--;
	if (start == said.n)
		return;
	buf_text(out, ": ");
	buf_raw(out, said.p + start, said.n - start);
}

void
program_end_text(const struct program_end *end, struct buf *out)
{
	switch (end->outcome) {
	case PROGRAM_FAILED:
		buf_printf(out, "it could not be run: %s",
		    end->status != 0 ? strerror(end->status) : "its supervisor failed");
		break;
	case PROGRAM_EXITED:
		if (WIFSIGNALED(end->status))
			buf_printf(out, "signal %d", WTERMSIG(end->status));
		else
			buf_printf(out, "exit status %d", WEXITSTATUS(end->status));
		break;
	case PROGRAM_TIMED_OUT: buf_text(out, "it was killed at its time limit"); break;
	case PROGRAM_TALKED: buf_text(out, "it was killed, for it wrote too much"); break;
	case PROGRAM_STOPPED: buf_text(out, "it was stopped"); break;
	}
	write_last_line(end->errors, out);
}

void
program_end_count(const struct program_end *end, struct metrics *metrics)
{
	static const enum metric_program results[] = {
		[PROGRAM_FAILED] = METRIC_PROGRAM_FAILED,
		[PROGRAM_EXITED] = METRIC_PROGRAM_EXIT_STATUS,
		[PROGRAM_TIMED_OUT] = METRIC_PROGRAM_TIMED_OUT,
		[PROGRAM_TALKED] = METRIC_PROGRAM_TALKED,
		[PROGRAM_STOPPED] = METRIC_PROGRAM_STOPPED,
	};
	bool ok = end->outcome == PROGRAM_EXITED && end->status == 0;

	metrics_add(metrics, METRIC_PROGRAMS, ok ? METRIC_PROGRAM_OK : results[end->outcome], 1);
}
