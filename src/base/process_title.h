/*
 * process_title.h - what `ps` shows for a process: "postern: session bob".
 *
 * Linux shows the memory that held the arguments, so the title can be as long as they were. A
 * parent that executes a process whose title will grow gives it PROCESS_TITLE_ROOM as its last
 * argument.
 */
#ifndef BASE_PROCESS_TITLE_H
#define BASE_PROCESS_TITLE_H

/* A last argument that means nothing and leaves room for the title. */
#define PROCESS_TITLE_ROOM                                                                         \
	"                                                                "                         \
	"                                                                "                         \
	"                                                                "                         \
	"                                                                "

/*
 * Remembers where the arguments are. The arguments stay readable until the first
 * process_title_set(); copy those that are needed later.
 */
void process_title_init(int argc, char **argv);
/*
 * "postern: <role>" or "postern: <role> <detail>"; detail may be NULL. Bytes of the detail that
 * do not print become '?'; what does not fit is cut. Does nothing before process_title_init().
 */
void process_title_set(const char *role, const char *detail);

#endif
