/*
 * From one set of settings to another while the server runs.
 */
#include "config/config_table.h"
#include "config/config_value.h"

#include <string.h>

static bool
is_same(const struct config *a, const struct config *b, const struct setting *setting)
{
	struct buf one = buf_init(2 * CONFIG_FILE_MAX), other = buf_init(2 * CONFIG_FILE_MAX);
	bool same;

	setting_show(a, setting, &one);
	setting_show(b, setting, &other);
	same = buf_error(&one) == 0 && buf_error(&other) == 0 &&
	    view_eq(buf_view(&one), buf_view(&other));
	buf_free(&one);
	buf_free(&other);
	return same;
}

static void
swap(void *a, void *b, size_t n)
{
	uint8_t copy[sizeof(struct config_list)];

	memcpy(copy, a, n);
	memcpy(a, b, n);
	memcpy(b, copy, n);
}

static void
swap_setting(struct config *a, struct config *b, const struct setting *setting)
{
	static const size_t sizes[] = { [SETTING_INT] = sizeof(int),
		[SETTING_BOOL] = sizeof(bool), [SETTING_TEXT] = sizeof(char *),
		[SETTING_OCTAL] = sizeof(unsigned), [SETTING_LIST] = sizeof(struct config_list),
		[SETTING_KEYS] = sizeof(struct config_list) };
	size_t number = setting_number(setting);

	swap((char *)a + setting->offset, (char *)b + setting->offset, sizes[setting->type]);
	swap(&a->origins[number], &b->origins[number], sizeof(a->origins[number]));
}

void
config_take(struct config *config, struct config *from, struct config_changes *changes)
{
	for (size_t i = 0; i < setting_count; i++) {
		bool live = settings[i].flags & SETTING_LIVE;
		struct buf *lines = live ? &changes->made : &changes->later;

		if (is_same(config, from, &settings[i]))
			continue;
		buf_printf(lines, live ? "%s: it was " : "%s: until a restart it stays ",
		    settings[i].name);
		config_setting_value(config, i, lines);
		buf_text(lines, live ? ", now it is " : ", then it will be ");
		config_setting_value(from, i, lines);
		buf_text(lines, "\n");
		if (live)
			swap_setting(config, from, &settings[i]);
		*(live ? &changes->made_count : &changes->later_count) += 1;
	}
	swap(&config->file, &from->file, sizeof(config->file));
}
