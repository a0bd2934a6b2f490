/*
 * password_queue.h - whose turn it is to make a password hash: each takes much memory, so only so
 * many are made at a time, and the rest wait in line. On the loop. Private to master/.
 */
#ifndef MASTER_PASSWORD_QUEUE_H
#define MASTER_PASSWORD_QUEUE_H

#include <stdbool.h>
#include <sys/queue.h>

/* A place in line, within whatever waits; all zero but for `begin` before it enters. */
struct password_turn {
	STAILQ_ENTRY(password_turn) link;
	void (*begin)(struct password_turn *turn);
	bool has_begun;
};

struct password_queue {
	STAILQ_HEAD(, password_turn) waiting;
	unsigned running;
	unsigned at_once; /* may be set at any time, and holds from the next turn on */
};

void password_queue_init(struct password_queue *queue, unsigned at_once);
/* Calls its `begin` when it is its turn, perhaps at once. There is no way out before that. */
void password_queue_enter(struct password_queue *queue, struct password_turn *turn);
/* The turn is over. Nothing for one that has not begun. */
void password_queue_leave(struct password_queue *queue, struct password_turn *turn);

#endif
