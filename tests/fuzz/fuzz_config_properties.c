/* Bytes as a configuration file: Java properties. */
#include "fuzz_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	fuzz_config(CONFIG_PROPERTIES, bytes, n);
	return 0;
}
