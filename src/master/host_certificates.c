#include "master/host_certificates.h"

#include "base/clock.h"
#include "base/fd.h"
#include "config/config.h"
#include "crypto/crypto.h"
#include "master/host_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One file, while it is looked at. */
struct reading {
	const char *path;
	struct buf *mistakes, *warnings;
	struct buf blob, key;
	struct certificate certificate;
};

static int
mistake(const struct reading *r, const char *what, const char *remedy)
{
	buf_printf(r->mistakes, "sftpd.host_certificates: %s: %s; %s\n", r->path, what, remedy);
	return ERR_INVALID;
}

static int
read_file(struct reading *r)
{
	struct buf file = buf_init(PUBLIC_KEY_LINE_MAX);
	struct public_key_line line;
	int err = fd_read_file(r->path, &file);

	if (err != 0)
		err = mistake(r, err == ERR_IO ? strerror(errno) : err_text(err),
		    "name a file that the server's user can read");
	else if (public_key_parse_line(buf_view(&file), &line, &r->blob) != 0 ||
		 certificate_parse(buf_view(&r->blob), &r->certificate, &r->key) != 0)
		err = mistake(r, "no certificate", "make one with ssh-keygen -s AUTHORITY -h");
	buf_free(&file);
	return err;
}

static bool
is_valid_now(const struct reading *r)
{
	const struct certificate *c = &r->certificate;
	uint64_t now = (uint64_t)clock_wall_ms() / 1000;
	const char *what = now < c->valid_after ? "it is not valid yet" : "it has expired";

	if (now >= c->valid_after && now < c->valid_before)
		return true;
	buf_printf(r->warnings, "sftpd.host_certificates: %s: %s and is not shown to clients; make "
	    "a new one with ssh-keygen -s AUTHORITY -h, then send SIGHUP\n", r->path, what);
	return false;
}

static int
take(struct reading *r, struct host_keys *keys, unsigned allow)
{
	int err;

	if (r->certificate.kind != CERTIFICATE_OF_HOST)
		return mistake(r, "it is a user's",
		    "make a host's with ssh-keygen -s AUTHORITY -h");
	if (certificate_verify(&r->certificate, allow) != 0)
		return mistake(r, "its signature is wrong, or of a kind that is not accepted",
		    "make a new one with ssh-keygen -s AUTHORITY -h");
	if (!is_valid_now(r))
		return 0;
	err = host_keys_certify(keys, buf_view(&r->key), buf_view(&r->blob));
	if (err == ERR_NOT_FOUND)
		return mistake(r, "it belongs to none of the host keys",
		    "certify one of those in sftpd.keys");
	return err;
}

int
host_certificates_load(struct host_keys *keys, const struct config *config, unsigned allow,
	struct buf *mistakes, struct buf *warnings)
{
	const struct config_list *files = &config->sftpd.host_certificates;
	int err, first = 0;

	for (size_t i = 0; i < files->count; i++) {
		char *path = config_path(config, files->items[i]);
		struct reading r = { .path = path, .mistakes = mistakes, .warnings = warnings,
			.blob = buf_init(CERTIFICATE_BLOB_MAX),
			.key = buf_init(PUBLIC_KEY_BLOB_MAX) };

		if (path == NULL)
			return ERR_MEMORY;
		if ((err = read_file(&r)) == 0)
			err = take(&r, keys, allow);
		first = first == 0 ? err : first;
		buf_free(&r.blob);
		buf_free(&r.key);
		free(path);
	}
	return first;
}
