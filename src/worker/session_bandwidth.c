#include "worker/session_bandwidth.h"

void
session_bandwidth_init(
    struct session_bandwidth *b, const struct session_policy *policy, uint64_t now_ms)
{
	pace_init(&b->upload, policy->upload_limited, now_ms);
	pace_init(&b->download, policy->download_limited, now_ms);
}

int
session_bandwidth_take(
    struct session_bandwidth *b, struct master_link *link, struct rd fields, uint64_t now_ms)
{
	struct ipc_session_bandwidth message;
	int err = ipc_decode_session_bandwidth(fields, &message);

	if (err != 0)
		return err;
	pace_set_rate(&b->upload, message.upload_limited, message.upload, now_ms);
	pace_set_rate(&b->download, message.download_limited, message.download, now_ms);
	ipc_encode_bandwidth_taken(&link->out, &(struct ipc_bandwidth_taken){});
	return master_link_send(link);
}

bool
session_bandwidth_tick(struct session_bandwidth *b, struct master_link *link, uint64_t now_ms)
{
	bool up = pace_refill(&b->upload, now_ms), down = pace_refill(&b->download, now_ms);
	bool up_changed = pace_report(&b->upload, now_ms);

	if (pace_report(&b->download, now_ms) || up_changed) {
		ipc_encode_bandwidth_wanted(&link->out,
		    &(struct ipc_bandwidth_wanted){
			.upload = b->upload.wanted, .download = b->download.wanted });
		(void)master_link_send(link);
	}
	return up || down;
}

uint64_t
session_bandwidth_deadline_ms(const struct session_bandwidth *b)
{
	uint64_t up_ms = pace_deadline_ms(&b->upload), down_ms = pace_deadline_ms(&b->download);

	return up_ms == 0 || (down_ms != 0 && down_ms < up_ms) ? down_ms : up_ms;
}
