/*
 * access_time.h - the hours of the week in which an account may be used.
 *
 * A list of windows, each on one day, in the server's local time; no window is always. The JSON is
 * that of later SFTPGo: [{"day_of_week":1,"from":"08:00","to":"17:59"}], day 0 is Sunday, and both
 * minutes belong to the window. Used by the account's JSON and rules, and by whoever decides.
 */
#ifndef ACCOUNTS_ACCESS_TIME_H
#define ACCOUNTS_ACCESS_TIME_H

#include "accounts/failure.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACCESS_TIME_MAX = 256 }; /* windows of an account */

/* As it was given: only access_time_validate() says that it is one. */
struct access_window {
	int64_t day_of_week;
	char *from, *to;
};

struct access_time {
	struct access_window *items;
	size_t count;
};

/* A moment as a wall clock shows it. */
struct local_minute {
	int day_of_week; /* 0 to 6 */
	int minute;      /* of the day, 0 to 1439 */
};

/* Milliseconds since 1970 in the time zone of this process. */
struct local_minute local_minute_of(int64_t wall_ms);

/* A window that cannot be read is none, and lets nobody in. */
bool access_time_allows(const struct access_time *times, struct local_minute now);
/* ERR_INVALID at the first window that is not possible. */
MUST int access_time_validate(const struct access_time *times, struct failure *failure);
/* `to` is empty before; on ERR_MEMORY it holds a part, to be cleared by its owner. */
MUST int access_time_copy(const struct access_time *from, struct access_time *to);
void access_time_clear(struct access_time *times);

/* The member "access_time"; see user_from_json(). */
MUST int access_time_read(void *field, const json_t *value, struct failure *failure);
json_t *access_time_write(const void *field);

#endif
