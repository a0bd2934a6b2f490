/*
 * user_changes.h - one change of an account at a time in this process.
 *
 * Held while an account is read, changed and written back, so that no change is lost, and no
 * one-time code is taken twice. Blocks: never on the master's loop.
 */
#ifndef ACCOUNTS_USER_CHANGES_H
#define ACCOUNTS_USER_CHANGES_H

void user_changes_lock(void);
void user_changes_unlock(void);

#endif
