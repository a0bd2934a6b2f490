/*
 * totp.h - showing one-time codes that were just made. Private to cli/.
 */
#ifndef CLI_TOTP_H
#define CLI_TOTP_H

#include <jansson.h>

/* Secret, address and recovery codes, as the server answers an enrolment. */
void totp_print_enrolment(const json_t *answer);

#endif
