/*
 * Bytes as a configuration file. Whatever they are, the settings stay possible ones, a fault has a
 * line of its own, and no line breaks the log.
 */
#include "master/config_file.h"

#include <stdlib.h>

enum { MISTAKES_MAX = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct buf mistakes = buf_init(MISTAKES_MAX);
	struct config *config = NULL;
	int err;

	if (config_new(&config, "/") != 0)
		return 0;
	err = config_file_parse(config, "fuzz.json", CONFIG_JSON,
	    (struct view){ .p = bytes, .n = n }, &mistakes);
	if ((err == 0) != (mistakes.n == 0) || (err != 0 && err != ERR_INVALID))
		abort();
	if (mistakes.n > 0 && mistakes.p[mistakes.n - 1] != '\n')
		abort();
	for (size_t i = 0; i < config_setting_count(); i++) {
		struct buf value = buf_init(MISTAKES_MAX);

		config_setting_value(config, i, &value);
		if (buf_error(&value) != 0 || value.n == 0)
			abort();
		buf_free(&value);
	}
	if (config->sftpd.bind_port < 0 || config->sftpd.bind_port > 65535 ||
	    config->sftpd.umask > 0777 || config->limits.password_hashes_at_once < 1)
		abort();
	buf_free(&mistakes);
	config_free(&config);
	return 0;
}
