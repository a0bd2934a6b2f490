#include "accounts/user_changes.h"

#include <pthread.h>

static pthread_mutex_t changes = PTHREAD_MUTEX_INITIALIZER;

void
user_changes_lock(void)
{
	pthread_mutex_lock(&changes);
}

void
user_changes_unlock(void)
{
	pthread_mutex_unlock(&changes);
}
