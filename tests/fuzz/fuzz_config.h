/*
 * fuzz_config.h - bytes as a configuration file of any format, for the fuzz targets of each.
 * Whatever they are, the settings stay possible ones, a fault has a line of its own, and what was
 * good can be written in every format and reads the same again.
 */
#ifndef FUZZ_CONFIG_H
#define FUZZ_CONFIG_H

#include "config/config_file.h"
#include "config/config_write.h"

#include <stdlib.h>

enum { FUZZ_TEXT_MAX = 16 * 1024 * 1024 };

/* ERR_INVALID with faults; whatever else than that or 0 ends the program. */
static int
fuzz_config_parse(struct config **out, enum config_format format, struct view text)
{
	struct buf mistakes = buf_init(FUZZ_TEXT_MAX);
	int err;

	if (config_new(out, "/") != 0)
		abort();
	err = config_file_parse(*out, "fuzz", format, text, &mistakes);
	if ((err == 0) != (mistakes.n == 0) || (err != 0 && err != ERR_INVALID))
		abort();
	if (mistakes.n > 0 && mistakes.p[mistakes.n - 1] != '\n')
		abort();
	buf_free(&mistakes);
	return err;
}

static struct buf
fuzz_config_write(const struct config *config, enum config_format format)
{
	struct buf text = buf_init(FUZZ_TEXT_MAX);

	if (config_write(config, format, &text) != 0)
		abort();
	return text;
}

static void
fuzz_config_round_trip(const struct config *config, enum config_format format)
{
	struct buf wanted = fuzz_config_write(config, CONFIG_JSON);
	struct buf text = fuzz_config_write(config, format), again;
	struct config *read;

	if (fuzz_config_parse(&read, format, buf_view(&text)) != 0)
		abort();
	again = fuzz_config_write(read, CONFIG_JSON);
	if (!view_eq(buf_view(&again), buf_view(&wanted)))
		abort();
	config_free(&read);
	buf_free(&again);
	buf_free(&text);
	buf_free(&wanted);
}

static void
fuzz_config(enum config_format format, const uint8_t *bytes, size_t n)
{
	static const enum config_format formats[] = { CONFIG_JSON, CONFIG_TOML, CONFIG_YAML,
		CONFIG_PROPERTIES, CONFIG_HCL, CONFIG_ENV };
	struct config *config;
	int err = fuzz_config_parse(&config, format, (struct view){ .p = bytes, .n = n });

	for (size_t i = 0; i < config_setting_count(); i++) {
		struct buf value = buf_init(FUZZ_TEXT_MAX);

		config_setting_value(config, i, &value);
		if (buf_error(&value) != 0 || value.n == 0)
			abort();
		buf_free(&value);
	}
	if (config->sftpd.bind_port < 0 || config->sftpd.bind_port > 65535 ||
	    config->sftpd.umask > 0777 || config->limits.password_hashes_at_once < 1)
		abort();
	for (size_t i = 0; err == 0 && i < sizeof(formats) / sizeof(formats[0]); i++)
		fuzz_config_round_trip(config, formats[i]);
	config_free(&config);
}

#endif
