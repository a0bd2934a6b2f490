/* Answers of the server, as JSON and for people. */
#include "cli/cli.h"

#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
cli_text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

json_t *
cli_split(const char *text)
{
	char *copy = strdup(text), *rest = copy, *item;
	json_t *list = json_array();

	while (text[0] != '\0' && (item = strsep(&rest, ",")) != NULL)
		json_array_append_new(list, json_string(item));
	free(copy);
	return list;
}

void
cli_join(const json_t *texts, char *out, size_t size)
{
	const json_t *text;
	size_t i, n = 0;

	out[0] = '\0';
	json_array_foreach ((json_t *)texts, i, text) {
		int done = snprintf(out + n, size - n, "%s%s", i > 0 ? "," : "",
		    json_string_value(text));

		if (done < 0 || (n += (size_t)done) >= size)
			return;
	}
}

void
cli_print_json(const json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);

	if (text != NULL)
		puts(text);
	free(text);
}

/* Members that hold milliseconds since 1970. */
static bool
is_time(const char *key)
{
	static const char *const keys[] = { "expiration_date", "last_login", "last_quota_update",
		"started" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i], key) == 0)
			return true;
	}
	return false;
}

/* A value for people; allocated. */
static char *
member_text(const char *key, const json_t *value)
{
	char time[32];

	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (json_is_integer(value) && is_time(key))
		return strdup(table_time(json_integer_value(value), time, sizeof(time)));
	return json_dumps(value, JSON_ENCODE_ANY);
}

static void
add_members(struct table *table, const char *prefix, const json_t *object)
{
	const json_t *value;
	const char *key;

	json_object_foreach ((json_t *)object, key, value) {
		char *name = NULL, *text = NULL;

		if (asprintf(&name, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", key) < 0)
			return;
		if (json_is_object(value) && json_object_size(value) > 0) {
			add_members(table, name, value);
		} else {
			text = member_text(key, value);
			table_row(table, name, text != NULL ? text : "");
		}
		free(text);
		free(name);
	}
}

void
cli_print_members(const json_t *object)
{
	struct table *table = table_new(2);

	add_members(table, "", object);
	table_print(&table);
}

/* A setting's value as JSON text; allocated. */
static char *
value_text(const json_t *setting)
{
	return json_dumps(json_object_get(setting, "value"), JSON_ENCODE_ANY);
}

void
cli_print_settings(const json_t *report)
{
	const char *file = json_string_value(json_object_get(report, "file"));
	struct table *table = table_new(3);
	const json_t *setting;
	size_t i;

	table_row(table, "SETTING", "FROM", "VALUE");
	json_array_foreach (json_object_get(report, "settings"), i, setting) {
		char *value = value_text(setting);

		table_row(table, json_string_value(json_object_get(setting, "name")),
		    json_string_value(json_object_get(setting, "from")),
		    value != NULL ? value : "");
		free(value);
	}
	table_print(&table);
	printf("\nConfiguration file: %s\n",
	    file != NULL && file[0] != '\0' ? file : "none found, all defaults");
}
