/*
 * session_report.h - what a session tells the master about files, for logs, hooks and listings.
 *
 * A failure to send stays in the link (master_link_error()); nothing waits for an answer.
 */
#ifndef WORKER_SESSION_REPORT_H
#define WORKER_SESSION_REPORT_H

#include "sftp/sftp.h"
#include "worker/master_link.h"

/* As the master knows them. */
enum session_protocol { SESSION_PROTOCOL_SFTP = 0 };

/*
 * `serial` is the number of the channel among all that the session ever had: transfers are counted
 * by channel, the master wants them unique in the session.
 */
void session_report_transfer_done(
    struct master_link *link, uint32_t serial, const struct sftp_transfer *transfer);
void session_report_transfer_progress(
    struct master_link *link, uint32_t serial, const struct sftp_transfer *transfer);
void session_report_operation(struct master_link *link, const struct sftp_operation_report *report);

#endif
