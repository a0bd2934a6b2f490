/*
 * local_time.h - the local date and time as text: "2020-02-05T10:11:12", without a zone.
 */
#ifndef BASE_LOCAL_TIME_H
#define BASE_LOCAL_TIME_H

#include <stdint.h>

/* The last second that was asked for, as text: what happens often is asked for it again. */
struct local_time {
	int64_t seconds;
	char text[32]; /* "" at first */
};

/*
 * The text of a moment in seconds since 1970-01-01 UTC; "" for one whose year no calendar has.
 * Valid until the next call with the same struct, which is begun with zeros.
 */
const char *local_time_text(struct local_time *last, int64_t seconds);

#endif
