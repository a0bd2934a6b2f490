/*
 * account_review.h - accounts may have changed behind the master's back: those that have sessions
 * are looked up again. Private to master/.
 */
#ifndef MASTER_ACCOUNT_REVIEW_H
#define MASTER_ACCOUNT_REVIEW_H

struct master;

/* Begins, on the thread pool; what is found is told as any change is (account_change.h). */
void account_review(struct master *master);

#endif
