#include "master/ssh_setup.h"

#include "base/fd.h"
#include "config/config.h"
#include "crypto/crypto.h"
#include "master/host_keys.h"
#include "ssh/ssh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum ssh_preset
preset_of(const struct config *config)
{
	enum ssh_preset preset;

	if (ssh_preset_parse(config->sftpd.algorithm_preset, &preset) != 0)
		bug("preset \"%s\" was not checked", config->sftpd.algorithm_preset);
	return preset;
}

unsigned
ssh_setup_allow(const struct config *config)
{
	return preset_of(config) == SSH_PRESET_LEGACY ? PUBLIC_KEY_ALLOW_SHA1 : 0;
}

static int
set_list(struct ssh_config *ssh, enum ssh_algorithm_class class, const char *key,
	const struct config_list *list, struct buf *mistakes)
{
	size_t bad = 0;
	int err;

	if (list->count == 0)
		return 0;
	err = ssh_algorithms_set(&ssh->algorithms, class, (const char *const *)list->items,
	    list->count, &bad);
	if (err == 0)
		return 0;
	buf_printf(mistakes, "%s: \"%s\": %s; the manual page lists the names\n", key,
	    bad < list->count ? list->items[bad] : "", err == ERR_UNSUPPORTED ?
	    "this libcrypto does not have it" : "no such algorithm");
	return ERR_INVALID;
}

/* An unreadable banner is a mistake like any other: it would be missed by nobody at start. */
static int
set_banner(struct ssh_config *ssh, const struct config *config, struct buf *mistakes)
{
	struct buf text = buf_init(SSH_BANNER_MAX - 1);
	char *path;
	int err;

	if (config->sftpd.login_banner_file[0] == '\0')
		return 0;
	if ((path = config_path(config, config->sftpd.login_banner_file)) == NULL)
		return ERR_MEMORY;
	err = fd_read_file(path, &text);
	if (err == 0)
		err = ssh_config_set_banner(ssh, buf_view(&text));
	if (err != 0) {
		buf_printf(mistakes, "sftpd.login_banner_file: %s: %s; give a readable UTF-8 text of at "
		    "most %d bytes\n", path, err == ERR_IO ? strerror(errno) : err_text(err),
		    SSH_BANNER_MAX - 1);
		err = ERR_INVALID;
	}
	buf_free(&text);
	free(path);
	return err;
}

/*
 * Certificates come behind the keys: the client's order decides (RFC 4253 section 7.1), ours only
 * whether the guess of a client that knows no certificates is right.
 */
static int
add_host_keys(struct ssh_config *ssh, const struct host_keys *keys, struct buf *mistakes)
{
	size_t count = host_keys_count(keys);

	for (size_t i = 0; i < 2 * count; i++) {
		struct view blob = i < count ? host_keys_blob(keys, i)
					     : host_keys_certificate(keys, i - count);
		int err = blob.n == 0 ? 0 : ssh_config_add_host_key(ssh, blob);

		if (err == ERR_LIMIT)
			buf_printf(mistakes, "sftpd.host_certificates: a certificate is larger than "
			    "%d bytes; name fewer hosts in it\n", SSH_HOST_KEY_BLOB_MAX);
		if (err != 0 && err != ERR_UNSUPPORTED)
			return err == ERR_LIMIT ? ERR_INVALID : err;
	}
	if (ssh->host_key_count > 0)
		return 0;
	buf_printf(mistakes, "sftpd.keys: none of the host keys can be used with the algorithms that "
	    "are set; add an ed25519 key\n");
	return ERR_INVALID;
}

int
ssh_setup_encode(const struct config *config, const struct host_keys *keys, struct buf *out,
	struct buf *mistakes)
{
	const struct config_sftpd *sftpd = &config->sftpd;
	struct ssh_config *ssh = calloc(1, sizeof(*ssh));
	int err;

	if (ssh == NULL)
		return ERR_MEMORY;
	ssh_config_init(ssh);
	ssh_algorithms_preset(preset_of(config), &ssh->algorithms);
	ssh->login_time_ms = (uint32_t)config->limits.login_grace_seconds * 1000;
	ssh->max_auth_tries = sftpd->max_auth_tries;
	err = ssh_config_set_software(ssh, sftpd->banner);
	if (err != 0) {
		buf_printf(mistakes, "sftpd.banner: \"%s\": %s; give printable US-ASCII without a blank "
		    "at its start\n", sftpd->banner, err_text(err));
		err = ERR_INVALID;
	}
	if (err == 0)
		err = set_list(ssh, SSH_ALGORITHM_KEX, "sftpd.kex_algorithms",
		    &sftpd->kex_algorithms, mistakes);
	if (err == 0)
		err = set_list(ssh, SSH_ALGORITHM_CIPHER, "sftpd.ciphers", &sftpd->ciphers, mistakes);
	if (err == 0)
		err = set_list(ssh, SSH_ALGORITHM_MAC, "sftpd.macs", &sftpd->macs, mistakes);
	if (err == 0)
		err = set_banner(ssh, config, mistakes);
	if (err == 0)
		err = add_host_keys(ssh, keys, mistakes);
	if (err == 0) {
		ssh_config_encode(out, ssh);
		err = buf_error(out);
	}
	free(ssh);
	return err;
}
