#include "base/local_time.h"

#include <time.h>

const char *
local_time_text(struct local_time *last, int64_t seconds)
{
	time_t t = seconds;
	struct tm tm;

	if (last->seconds == seconds && last->text[0] != '\0')
		return last->text;
	last->seconds = seconds;
	if (localtime_r(&t, &tm) == NULL ||
	    strftime(last->text, sizeof(last->text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		last->text[0] = '\0';
	return last->text;
}
