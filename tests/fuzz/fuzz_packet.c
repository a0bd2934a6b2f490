/* Raw bytes as packets, without encryption: lengths, padding, decompression. */
#include "ssh_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet_input in;
	struct view payload;
	size_t step, used = 1;
	int err;

	fuzz_config();
	if (size == 0)
		return 0;
	FUZZ_CHECK(packet_input_init(&in) == 0);
	in.capacity = PACKET_INPUT_SESSION;
	in.packet_max = data[0] & 1 ? SSH_PACKET_MAX : SSH_PACKET_MAX_LOGIN;
	in.wipe = data[0] & 2;
	FUZZ_CHECK(packet_input_compress(&in, data[0] & 4) == 0);
	for (step = 1 + (data[0] >> 3); used < size; used += step) {
		size_t n = step < size - used ? step : size - used;

		if (packet_input_put(&in, (struct view){ data + used, n }) != 0)
			break;
		while ((err = packet_input_next(&in, &payload)) == 0) {
			FUZZ_CHECK(payload.n > 0 && payload.n <= SSH_PACKET_MAX);
			FUZZ_CHECK(in.start <= in.end);
		}
		if (err != ERR_AGAIN)
			break;
	}
	packet_input_free(&in);
	return 0;
}
