/*
 * filter.h - the seccomp programs, one a set of calls, made from calls.def.
 *
 * Internal to sandbox/. Programs are built once, before any confinement, and installed later.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include "base/err.h"

enum filter {
	FILTER_NURSERY,
	FILTER_LOGIN,
	FILTER_WRITE, /* a session that may write */
	FILTER_READ,  /* a session that may only read */
	FILTER_PARKING,
	FILTER_SUPERVISOR,
	FILTER_SCAN,
	FILTER_HTTP,
	FILTERS
};

/* Builds a program; a second call does nothing. ERR_MEMORY or ERR_IO. */
MUST int filter_build(enum filter filter);
/* Installs a program for good. No-new-privileges must be set. ERR_DENIED when refused. */
MUST int filter_install(enum filter filter);

#endif
