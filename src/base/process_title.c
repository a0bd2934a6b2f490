#include "base/process_title.h"

#include <string.h>
#include <sys/prctl.h>

/* The memory of the arguments, from the first byte to the last, NULs included. */
static struct {
	char *start;
	size_t bytes;
} arguments;

void
process_title_init(int argc, char **argv)
{
	char *end;

	if (argc < 1 || argv[0] == NULL)
		return;
	end = argv[0] + strlen(argv[0]) + 1;
	/* they lie one behind the other; an argument that does not was put there by somebody else
	 */
	for (int i = 1; i < argc && argv[i] == end; i++)
		end += strlen(end) + 1;
	arguments.start = argv[0];
	arguments.bytes = (size_t)(end - argv[0]);
}

void
process_title_set(const char *role, const char *detail)
{
	const char *parts[] = { "postern: ", role, detail == NULL ? "" : " ",
		detail == NULL ? "" : detail };
	size_t n = 0;

	if (arguments.bytes == 0)
		return;
	/* every child does this first: printf(3) would be the only use of its pages */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (const char *p = parts[i]; *p != '\0' && n < arguments.bytes - 1; p++)
			arguments.start[n++] = *p >= ' ' && *p <= '~' ? *p : '?';
	}
	memset(arguments.start + n, 0, arguments.bytes - n);
	(void)prctl(PR_SET_NAME, "postern", 0L, 0L, 0L);
}
