/*
 * sftp_stdio.h - `postern sftp-server [options] [DIR]`: SFTP on standard input and output over one
 * directory, without SSH and without an account, so that anything that can start a program with
 * two pipes can drive the engine. Called by cli/ alone.
 *
 *   DIR        the directory that the client sees as "/". Without it the client sees this
 *              machine's "/", and relative paths start in the working directory.
 *   -d DIR     where relative paths start, as a path of the client
 *   -R         serve no request that writes
 *   -p LIST    serve only these requests (names as in "open,close,read"), -P LIST: not these
 *   -u UMASK   octal
 *   -e         log to standard error; -l LEVEL: from "debug", "info", "warn" or "error" on
 *   -f NAME    taken and ignored (the log facility of other servers)
 *   -h         help
 *
 * The process confines itself before the first byte is read.
 */
#ifndef WORKER_SFTP_STDIO_H
#define WORKER_SFTP_STDIO_H

/*
 * argv[0] is the subcommand's name. Returns the exit status 2 for bad arguments, 1 when the
 * directory cannot be served, 0 after help; once it serves it does not return but ends the
 * process: with 0 at the end of the input, with 1 when the session broke.
 */
int sftp_stdio_main(int argc, char **argv);

#endif
