/*
 * heap.h - the heap of a process that is about to fork many children, each of which starts with a
 * copy of it and pays for every page that it is the first to write to. Called by the nursery.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

/*
 * Takes what lies free here and there between what stays, and keeps it: from now on allocations lie
 * side by side, on pages that nobody has touched. And the top of the heap is no longer given back
 * each time that something is freed, but by malloc_trim(3) alone. Costs some tens of KiB, once.
 */
void heap_settle(void);

#endif
