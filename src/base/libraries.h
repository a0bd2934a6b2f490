/*
 * libraries.h - a process gives back the shared libraries that it will never call.
 *
 * The program is one file for every role, so that each process maps what any of them needs. For a
 * process that forks for every client these mappings are work at every fork and every end, and
 * code that an intruder could use. Called by the nursery.
 */
#ifndef BASE_LIBRARIES_H
#define BASE_LIBRARIES_H

/*
 * Unmaps every shared library whose file name begins with none of the names ("libz."); the program
 * itself, the C library and the dynamic linker stay in any case. A later call into one of the
 * others ends the process with SIGSEGV, and so would exit handlers: end with _exit(2). Does nothing
 * in a process that was started without LD_BIND_NOW, and so may have symbols left to look up, and
 * in a build with sanitizers, which look into every library.
 */
void libraries_keep(const char *const *names);

#endif
