/*
 * worker.h - the main functions of the processes that meet the network, or a foreign program.
 *
 * A worker owns no secret: it has its client's socket, a socket pair to the master, and, in a
 * session, one root directory. Nothing here is called by the master; cli/ starts them by name.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

/*
 * `postern nursery [PROCESS_TITLE_ROOM]`: the hidden first argument with which the master executes
 * itself. Descriptor 3 is the nursery's end of an ipc_pair(); every other descriptor but the
 * standard three is closed. argc and argv are those of main(). Ends when the master's end is
 * closed, or after IPC_NURSERY_RETIRE when the last child has ended. Returns an exit status.
 */
int nursery_main(int argc, char **argv);

/*
 * `postern parking [PROCESS_TITLE_ROOM]`: the same for the process that holds the sockets and the
 * written-down states of sessions that idle. It understands neither: it waits until a socket has
 * something to read, and hands both on. Ends when the master's end is closed.
 */
int parking_main(int argc, char **argv);

/*
 * `postern supervisor MILLISECONDS PATH [ARGUMENT...]`: runs one program of the administrator, with
 * its own environment and in a session of its own, and carries its input and output to and from
 * the master. The program has three descriptors, all pipes. When it ends, when the time is over,
 * or when the master closes its end, the program and all that it started are killed.
 */
int supervisor_main(int argc, char **argv);

/*
 * `postern http [PROCESS_TITLE_ROOM]`: the same for the process that speaks HTTP: the REST API and
 * the metrics. It owns no account and no key; the master authenticates, decides and signs.
 */
int http_main(int argc, char **argv);

/* The descriptor at which a worker and the nursery find the master. */
enum { WORKER_IPC_FD = 3 };

/* How a worker ended, as its exit status, for NURSERY_EXITED. */
enum worker_exit {
	WORKER_EXIT_DONE = 0,      /* as it should be: handed over, or an ordinary end */
	WORKER_EXIT_CLIENT = 10,   /* the client went away or broke the protocol */
	WORKER_EXIT_REFUSED = 11,  /* nobody was authenticated */
	WORKER_EXIT_MASTER = 12,   /* the master went away or said what must not come */
	WORKER_EXIT_SANDBOX = 13,  /* the sandbox could not be entered */
	WORKER_EXIT_HANDOVER = 14, /* the connection could not be handed over or taken over */
	WORKER_EXIT_FAILED = 15,   /* no memory, or a system call failed */
};

#endif
