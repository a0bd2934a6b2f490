#include "accounts/access_time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MINUTES_OF_HOUR = 60, HOURS_OF_DAY = 24, DAYS_OF_WEEK = 7 };

struct local_minute
local_minute_of(int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	return (struct local_minute){ .day_of_week = tm.tm_wday,
		.minute = tm.tm_hour * MINUTES_OF_HOUR + tm.tm_min };
}

static int
two_digits(const char *text, int end)
{
	int number;

	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return -1;
	number = (text[0] - '0') * 10 + text[1] - '0';
	return number < end ? number : -1;
}

/* "HH:MM" as a minute of the day; -1 when it is not that. */
static int
minute_of(const char *text)
{
	int hour, minute;

	if (strlen(text) != sizeof("HH:MM") - 1 || text[2] != ':')
		return -1;
	hour = two_digits(text, HOURS_OF_DAY);
	minute = two_digits(text + 3, MINUTES_OF_HOUR);
	return hour < 0 || minute < 0 ? -1 : hour * MINUTES_OF_HOUR + minute;
}

bool
access_time_allows(const struct access_time *times, struct local_minute now)
{
	for (size_t i = 0; i < times->count; i++) {
		const struct access_window *window = &times->items[i];
		int from = minute_of(window->from), to = minute_of(window->to);

		if (window->day_of_week == now.day_of_week && from >= 0 && from <= now.minute &&
		    now.minute <= to)
			return true;
	}
	return times->count == 0;
}

int
access_time_validate(const struct access_time *times, struct failure *failure)
{
	for (size_t i = 0; i < times->count; i++) {
		const struct access_window *window = &times->items[i];
		int from = minute_of(window->from), to = minute_of(window->to);

		if (window->day_of_week < 0 || window->day_of_week >= DAYS_OF_WEEK)
			return failure_invalid(failure,
			    "invalid day_of_week in access_time: %lld, it is 0 (Sunday) to 6",
			    (long long)window->day_of_week);
		if (from < 0 || to < 0)
			return failure_invalid(failure,
			    "invalid time in access_time: \"%s\", it is 00:00 to 23:59",
			    from < 0 ? window->from : window->to);
		if (from > to)
			return failure_invalid(failure,
			    "invalid access_time: \"%s\" is after \"%s\"; give a night as two windows",
			    window->from, window->to);
	}
	return 0;
}

int
access_time_copy(const struct access_time *from, struct access_time *to)
{
	if (from->count == 0)
		return 0;
	if ((to->items = calloc(from->count, sizeof(*to->items))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < from->count; i++) {
		struct access_window *window = &to->items[to->count++];

		window->day_of_week = from->items[i].day_of_week;
		window->from = strdup(from->items[i].from);
		window->to = strdup(from->items[i].to);
		if (window->from == NULL || window->to == NULL)
			return ERR_MEMORY;
	}
	return 0;
}

void
access_time_clear(struct access_time *times)
{
	for (size_t i = 0; i < times->count; i++) {
		free(times->items[i].from);
		free(times->items[i].to);
	}
	free(times->items);
	*times = (struct access_time){ 0 };
}

static int
wrong_type(struct failure *failure)
{
	return failure_set(failure, ERR_FORMAT,
	    "the member \"access_time\" must be a list of objects with a whole number "
	    "\"day_of_week\" and texts \"from\" and \"to\"");
}

int
access_time_read(void *field, const json_t *value, struct failure *failure)
{
	struct access_time *times = field;
	size_t n = json_array_size(value);

	access_time_clear(times);
	if (json_is_null(value))
		return 0;
	if (!json_is_array(value))
		return wrong_type(failure);
	if (n > ACCESS_TIME_MAX)
		return failure_set(
		    failure, ERR_LIMIT, "more than %d items in \"access_time\"", ACCESS_TIME_MAX);
	if (n > 0 && (times->items = calloc(n, sizeof(*times->items))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const json_t *object = json_array_get(value, i);
		const json_t *day = json_object_get(object, "day_of_week");
		const char *from = json_string_value(json_object_get(object, "from"));
		const char *to = json_string_value(json_object_get(object, "to"));
		struct access_window *window;

		if (!json_is_integer(day) || from == NULL || to == NULL)
			return wrong_type(failure);
		window = &times->items[times->count++];
		window->day_of_week = json_integer_value(day);
		window->from = strdup(from);
		window->to = strdup(to);
		if (window->from == NULL || window->to == NULL)
			return ERR_MEMORY;
	}
	return 0;
}

json_t *
access_time_write(const void *field)
{
	const struct access_time *times = field;
	json_t *array = json_array();

	for (size_t i = 0; i < times->count; i++) {
		const struct access_window *window = &times->items[i];

		if (json_array_append_new(array, json_pack("{s:I, s:s, s:s}", "day_of_week",
			(json_int_t)window->day_of_week, "from", window->from, "to", window->to)) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
