/*
 * The settings as people and programs see them: value, origin, and the variable that overrides.
 */
#include "config/config.h"

enum { TEXT_MAX = 256 * 1024 };

static json_t *
setting_json(const struct config *config, size_t number)
{
	struct buf value = buf_init(TEXT_MAX), variable = buf_init(TEXT_MAX);
	json_t *object = NULL;

	config_setting_value(config, number, &value);
	config_setting_variable(number, &variable);
	if (buf_error(&value) == 0 && buf_error(&variable) == 0)
		object = json_pack("{s:s, s:o, s:s, s:s#}", "name", config_setting_name(number),
		    "value", json_loadb((const char *)value.p, value.n, JSON_DECODE_ANY, NULL),
		    "from", config_origin_text(config_setting_origin(config, number)),
		    "variable", (const char *)variable.p, (int)variable.n);
	buf_free(&value);
	buf_free(&variable);
	return object;
}

json_t *
config_to_json(const struct config *config)
{
	json_t *settings = json_array();

	for (size_t i = 0; i < config_setting_count(); i++) {
		if (json_array_append_new(settings, setting_json(config, i)) != 0) {
			json_decref(settings);
			return NULL;
		}
	}
	return json_pack("{s:s, s:o}", "file", config->file, "settings", settings);
}
