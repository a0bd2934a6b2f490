/* The master's end: what a nursery, a worker or a supervisor may send to it. */
#include "ipc_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const enum ipc_role peers[] = { IPC_ROLE_NURSERY, IPC_ROLE_LOGIN, IPC_ROLE_SESSION,
		IPC_ROLE_PARKING, IPC_ROLE_SUPERVISOR, IPC_ROLE_SCAN,
		IPC_ROLE_HTTP };
	struct rd r = rd_init(bytes, n);
	struct ipc_gate gate = { .peer = peers[rd_u8(&r) % (sizeof(peers) / sizeof(peers[0]))] };

	take_records(&gate, &r);
	return 0;
}
