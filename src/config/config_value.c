#include "config/config_value.h"

#include "base/log_line.h"
#include "base/secret.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { UMASK_MAX = 0377, FAULT_VALUE_MAX = 80 };

void *
setting_place(const struct config *config, const struct setting *setting)
{
	return (char *)config + setting->offset;
}

void
config_list_free(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct config_list){ 0 };
}

int
config_list_add(struct config_list *list, const char *item)
{
	char **items = reallocarray(list->items, list->count + 1, sizeof(*items));

	if (items == NULL)
		return ERR_MEMORY;
	list->items = items;
	if ((items[list->count] = strdup(item)) == NULL)
		return ERR_MEMORY;
	list->count++;
	return 0;
}

int
setting_replace_text(char **text, const char *with)
{
	char *copy = strdup(with);

	if (copy == NULL)
		return ERR_MEMORY;
	secret_free_str(*text);
	*text = copy;
	return 0;
}

/* ---- what is wrong */

static void
fault_expected(const struct setting *setting, struct buf *fault)
{
	if (setting->expected != NULL) {
		buf_text(fault, setting->expected);
	} else if (setting->choices != NULL) {
		buf_text(fault, "one of ");
		for (size_t i = 0; setting->choices[i] != NULL; i++)
			buf_printf(fault, "%s%s", i > 0 ? ", " : "", setting->choices[i]);
	} else if (setting->type == SETTING_INT) {
		if (setting->min == INT_MIN && setting->max == INT_MAX)
			buf_text(fault, "a whole number");
		else if (setting->min == INT_MIN)
			buf_printf(fault, "a whole number up to %d", setting->max);
		else
			buf_printf(fault, "a whole number from %d to %d", setting->min,
			    setting->max);
	} else if (setting->type == SETTING_BOOL) {
		buf_text(fault, "true or false");
	} else if (setting->type == SETTING_OCTAL) {
		buf_text(fault, "an octal number from \"0\" to \"0377\"");
	} else {
		buf_text(fault, "a text");
	}
}

static int
fault_text(const struct setting *setting, const char *text, struct buf *fault)
{
	if (setting->flags & SETTING_SECRET) {
		buf_text(fault, "the value");
	} else {
		struct view shown = view_of(text);

		if (shown.n > FAULT_VALUE_MAX)
			shown.n = FAULT_VALUE_MAX;
		json_quote(fault, shown);
	}
	buf_text(fault, " is not ");
	fault_expected(setting, fault);
	return ERR_INVALID;
}

static int
fault_type(const struct setting *setting, const json_t *value, struct buf *fault)
{
	static const char *const types[] = { [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",
		[JSON_STRING] = "a text", [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",
		[JSON_TRUE] = "true", [JSON_FALSE] = "false", [JSON_NULL] = "null" };
	char *number = NULL;

	if (json_is_number(value) && !(setting->flags & SETTING_SECRET))
		number = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	buf_printf(fault, "%s is not ", number != NULL ? number : types[json_typeof(value)]);
	free(number);
	if (setting->type == SETTING_LIST)
		buf_text(fault, "a list of texts");
	else if (setting->type == SETTING_KEYS)
		buf_text(fault, "a list of objects {\"private_key\": \"file\"}");
	else
		fault_expected(setting, fault);
	return ERR_INVALID;
}

/* ---- from text */

static bool
text_is_good(const struct setting *setting, const char *text)
{
	if (setting->choices != NULL) {
		for (size_t i = 0; setting->choices[i] != NULL; i++) {
			if (strcmp(setting->choices[i], text) == 0)
				return true;
		}
		return false;
	}
	return setting->valid == NULL || setting->valid(text);
}

/* Decimal, 0x and leading-zero octal. */
static bool
parse_int(const char *text, int base, long min, long max, long *out)
{
	char *end;

	/* strtol() would take leading white space. */
	if (strchr("+-0123456789", text[0]) == NULL || text[0] == '\0')
		return false;
	errno = 0;
	*out = strtol(text, &end, base);
	return errno == 0 && *end == '\0' && *out >= min && *out <= max;
}

static bool
parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False", "" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcmp(text, yes[i]) == 0) {
			*out = true;
			return true;
		}
	}
	*out = false;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (strcmp(text, no[i]) == 0)
			return true;
	}
	return false;
}

static int
list_take(struct config_list *to, struct config_list *list)
{
	config_list_free(to);
	*to = *list;
	*list = (struct config_list){ 0 };
	return 0;
}

static int
list_add_good(struct config_list *list, const struct setting *setting, const char *item,
	struct buf *fault)
{
	if (!text_is_good(setting, item))
		return fault_text(setting, item, fault);
	return config_list_add(list, item);
}

static int
set_list_text(struct config_list *to, const struct setting *setting, const char *text,
	struct buf *fault)
{
	struct config_list list = { 0 };
	char *copy = strdup(text), *rest = copy, *item;
	int err = copy != NULL ? 0 : ERR_MEMORY;

	while (err == 0 && text[0] != '\0' && (item = strsep(&rest, ",")) != NULL)
		err = list_add_good(&list, setting, item, fault);
	if (err == 0)
		err = list_take(to, &list);
	config_list_free(&list);
	free(copy);
	return err;
}

int
setting_set_text(struct config *config, const struct setting *setting, const char *text,
	struct buf *fault)
{
	void *to = setting_place(config, setting);
	long number;
	json_t *json;
	int err;

	switch (setting->type) {
	case SETTING_INT:
		if (!parse_int(text, 0, setting->min, setting->max, &number))
			return fault_text(setting, text, fault);
		*(int *)to = (int)number;
		return 0;
	case SETTING_OCTAL:
		if (!parse_int(text, 8, 0, UMASK_MAX, &number))
			return fault_text(setting, text, fault);
		*(unsigned *)to = (unsigned)number;
		return 0;
	case SETTING_BOOL:
		return parse_bool(text, to) ? 0 : fault_text(setting, text, fault);
	case SETTING_TEXT:
		if (!text_is_good(setting, text))
			return fault_text(setting, text, fault);
		return setting_replace_text(to, text);
	case SETTING_LIST:
	case SETTING_KEYS:
		/* A list can be given as the JSON that a file would hold. */
		if (text[0] != '[')
			return set_list_text(to, setting, text, fault);
		if ((json = json_loads(text, JSON_REJECT_DUPLICATES, NULL)) == NULL) {
			buf_text(fault, "the value begins as a JSON list, but is none");
			return ERR_INVALID;
		}
		err = setting_set_json(config, setting, json, fault);
		json_decref(json);
		return err;
	}
	bug("setting %s has no type", setting->name);
}

/* ---- from JSON */

static int
key_file_add(struct config_list *list, const struct setting *setting, const json_t *object,
	struct buf *fault)
{
	const json_t *member;
	const char *key;

	if (json_is_object(object) && json_object_size(object) == 1) {
		json_object_foreach ((json_t *)object, key, member) {
			if (strcasecmp(key, "private_key") == 0 && json_is_string(member))
				return list_add_good(list, setting, json_string_value(member),
				    fault);
		}
	}
	buf_text(fault, "an item is not an object {\"private_key\": \"file\"}");
	return ERR_INVALID;
}

static int
set_list_json(struct config_list *to, const struct setting *setting, const json_t *value,
	struct buf *fault)
{
	struct config_list list = { 0 };
	/* One object stands for a list of one: in HCL that is how a single block looks. */
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	int err = 0;

	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;

		if (setting->type == SETTING_KEYS)
			err = key_file_add(&list, setting, item, fault);
		else if (json_is_string(item))
			err = list_add_good(&list, setting, json_string_value(item), fault);
		else
			err = fault_type(setting, item, fault);
		if (err != 0)
			break;
	}
	if (err == 0)
		err = list_take(to, &list);
	config_list_free(&list);
	return err;
}

int
setting_set_json(struct config *config, const struct setting *setting, const json_t *value,
	struct buf *fault)
{
	bool list = setting->type == SETTING_LIST || setting->type == SETTING_KEYS;
	char number[32];

	/* "1" for a number, 1 for a text and a bare text for a list are what older files hold. */
	if (list && (json_is_array(value) ||
	    (setting->type == SETTING_KEYS && json_is_object(value))))
		return set_list_json(setting_place(config, setting), setting, value, fault);
	if (setting->type == SETTING_KEYS)
		return fault_type(setting, value, fault);
	if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value))
		return setting_set_text(config, setting, json_string_value(value), fault);
	if (json_is_integer(value) && !list) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(value));
		return setting_set_text(config, setting, number, fault);
	}
	if (json_is_boolean(value) && setting->type == SETTING_BOOL)
		return setting_set_text(config, setting, json_is_true(value) ? "true" : "false",
		    fault);
	return fault_type(setting, value, fault);
}

void
setting_free(struct config *config, const struct setting *setting)
{
	char **text = setting_place(config, setting);

	if (setting->type == SETTING_TEXT) {
		secret_free_str(*text);
		*text = NULL;
	} else if (setting->type == SETTING_LIST || setting->type == SETTING_KEYS) {
		config_list_free(setting_place(config, setting));
	}
}
