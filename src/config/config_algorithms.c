/*
 * The algorithm lists of a configuration: every name must be one that src/ssh has, so that a slip
 * is told at the start and not by the first client that cannot log in.
 */
#include "config/config_check.h"

#include "crypto/crypto.h"
#include "ssh/ssh.h"

#include <stdlib.h>

static void
write_known(enum ssh_algorithm_class class, struct buf *mistakes)
{
	const char *name;

	for (size_t i = 0; (name = ssh_algorithm_name(class, i)) != NULL; i++) {
		if (ssh_algorithm_status(class, view_of(name)) == SSH_ALGORITHM_AVAILABLE)
			buf_printf(mistakes, " %s", name);
	}
}

static int
check_list(const struct config_list *list, const char *setting, enum ssh_algorithm_class class,
	struct ssh_algorithms *scratch, struct buf *mistakes)
{
	size_t bad = 0;
	int err;

	if (list->count == 0)
		return 0;
	if (crypto_init() != 0) {
		buf_printf(mistakes, "%s: libcrypto lacks an algorithm that the server needs\n",
		    setting);
		return ERR_INVALID;
	}
	err = ssh_algorithms_set(scratch, class, (const char *const *)list->items, list->count,
	    &bad);
	if (err == 0 || err == ERR_MEMORY)
		return err;
	if (err == ERR_INVALID && bad < list->count)
		buf_printf(mistakes, "%s: \"%.80s\" is not an algorithm of this server; known are:",
		    setting, list->items[bad]);
	else if (err == ERR_UNSUPPORTED && bad < list->count)
		buf_printf(mistakes, "%s: \"%.80s\" needs a newer OpenSSL than this system has; "
		    "known are:", setting, list->items[bad]);
	else
		buf_printf(mistakes, "%s: the list cannot be used (%s); known are:", setting,
		    err_text(err));
	write_known(class, mistakes);
	buf_text(mistakes, "\n");
	return ERR_INVALID;
}

int
config_check_algorithms(const struct config *config, struct buf *mistakes)
{
	const struct {
		const struct config_list *list;
		const char *setting;
		enum ssh_algorithm_class class;
	} lists[] = {
		{ &config->sftpd.kex_algorithms, "sftpd.kex_algorithms", SSH_ALGORITHM_KEX },
		{ &config->sftpd.ciphers, "sftpd.ciphers", SSH_ALGORITHM_CIPHER },
		{ &config->sftpd.macs, "sftpd.macs", SSH_ALGORITHM_MAC },
	};
	struct ssh_algorithms *scratch = calloc(1, sizeof(*scratch));
	int result = 0;

	if (scratch == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && result != ERR_MEMORY; i++) {
		int err = check_list(lists[i].list, lists[i].setting, lists[i].class, scratch,
		    mistakes);

		if (err != 0)
			result = err;
	}
	free(scratch);
	return result;
}
