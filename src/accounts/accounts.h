/*
 * accounts.h - the face of the folder that knows users: what an account is, which are possible,
 * how it is written as JSON, whether a password or key opens it, and where it is stored.
 *
 * It opens no socket, starts no process and logs nothing: what went wrong comes back as a code
 * and a text. Only the master includes it; no process that reads the network links it.
 *
 * Threads: functions over one struct user are for one thread at a time. A struct provider may be
 * used by any number of threads at once. crypto_init() must have been called before keys are
 * validated or searched.
 */
#ifndef ACCOUNTS_ACCOUNTS_H
#define ACCOUNTS_ACCOUNTS_H

#include "accounts/admin.h"
#include "accounts/admin_login.h"
#include "accounts/admin_store.h"
#include "accounts/audit_store.h"
#include "accounts/auth_file.h"
#include "accounts/bbolt.h"
#include "accounts/certificate_rules.h"
#include "accounts/dialogue_line.h"
#include "accounts/dump.h"
#include "accounts/failure.h"
#include "accounts/import.h"
#include "accounts/login.h"
#include "accounts/login_steps.h"
#include "accounts/password.h"
#include "accounts/program_reply.h"
#include "accounts/provider.h"
#include "accounts/revoked_keys.h"
#include "accounts/secret_text.h"
#include "accounts/user.h"
#include "accounts/user_changes.h"
#include "accounts/user_totp.h"

#endif
