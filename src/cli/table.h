/*
 * table.h - columns of text for people: aligned, and safe to show on a terminal.
 *
 * Names of users and files may hold any byte; what a terminal would obey is shown as '?'. Running
 * out of memory ends the program: a command line tool has nothing better to do. Private to cli/.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

struct table;

/* A table with this many columns. */
struct table *table_new(size_t columns);
/* Adds a row: as many texts as there are columns, copied. */
void table_row(struct table *table, ...);
/* Prints to standard output, two blanks between the columns; frees, and nulls *table. */
void table_print(struct table **table);

/* "2026-02-05 10:11:12" in local time, or "never" for 0. Returns out. */
const char *table_time(long long ms, char *out, size_t size);

#endif
