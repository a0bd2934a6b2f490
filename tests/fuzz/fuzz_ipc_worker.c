/* A worker's end: what the master sends, to the nursery and to both kinds of workers. */
#include "ipc_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct rd r = rd_init(bytes, n);
	struct ipc_gate gate = { .peer = IPC_ROLE_MASTER };

	take_records(&gate, &r);
	return 0;
}
