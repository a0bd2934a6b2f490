#include "master/password_queue.h"

#include <stddef.h>

void
password_queue_init(struct password_queue *queue, unsigned at_once)
{
	STAILQ_INIT(&queue->waiting);
	queue->running = 0;
	queue->at_once = at_once > 0 ? at_once : 1;
}

static void
begin_waiting(struct password_queue *queue)
{
	struct password_turn *turn;

	while (queue->running < queue->at_once &&
	    (turn = STAILQ_FIRST(&queue->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&queue->waiting, link);
		queue->running++;
		turn->has_begun = true;
		turn->begin(turn);
	}
}

void
password_queue_enter(struct password_queue *queue, struct password_turn *turn)
{
	STAILQ_INSERT_TAIL(&queue->waiting, turn, link);
	begin_waiting(queue);
}

void
password_queue_leave(struct password_queue *queue, struct password_turn *turn)
{
	if (!turn->has_begun)
		return;
	turn->has_begun = false;
	queue->running--;
	begin_waiting(queue);
}
