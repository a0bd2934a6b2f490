/*
 * user_totp.h - the verb "totp" of `postern user`. Private to cli/.
 */
#ifndef CLI_USER_TOTP_H
#define CLI_USER_TOTP_H

int cli_user_totp(int argc, char **argv);

#endif
