/*
 * sftp_stdio.h - `postern sftp-server [options] [DIR]`: SFTP on standard input and output over one
 * directory, without SSH and without an account, so that anything that can start a program with
 * two pipes can drive the engine. Called by cli/ alone.
 */
#ifndef WORKER_SFTP_STDIO_H
#define WORKER_SFTP_STDIO_H

/*
 * argv[0] is the subcommand's name. Serves until the input ends; returns the exit status: 0 at the
 * end of the input, 1 when the session broke, 2 for bad arguments.
 */
int sftp_stdio_main(int argc, char **argv);

#endif
