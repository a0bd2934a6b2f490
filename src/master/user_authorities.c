#include "master/user_authorities.h"

#include "base/fd.h"
#include "config/config.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { AUTHORITIES_FILE_MAX = 1024 * 1024 };

struct user_authorities {
	struct buf keys; /* the blobs, each as an RFC 4251 string */
	size_t count;
	struct revoked_keys *revoked; /* NULL: no file is configured */
	unsigned owners;
};

static int
mistake(struct buf *mistakes, const char *setting, const char *path, const char *what,
    const char *remedy)
{
	buf_printf(mistakes, "%s: %s: %s; %s\n", setting, path, what, remedy);
	return ERR_INVALID;
}

static int
read_file(const char *setting, const char *path, struct buf *file, struct buf *mistakes)
{
	int err = fd_read_file(path, file);

	if (err == 0)
		return 0;
	return mistake(mistakes, setting, path, err == ERR_IO ? strerror(errno) : err_text(err),
	    "name a file that the server's user can read");
}

/* --- authorities --- */

static bool
is_empty(struct view line)
{
	while (line.n > 0 && strchr(" \t\r", line.p[0]) != NULL && line.p[0] != '\0') {
		line.p++;
		line.n--;
	}
	return line.n == 0 || line.p[0] == '#';
}

/* A plain key without options: what else stood there would be a limit that is not kept. */
static int
add_line(struct user_authorities *a, struct view text)
{
	struct buf blob = buf_init(CERTIFICATE_BLOB_MAX);
	struct public_key_line line;
	int err = public_key_parse_line(text, &line, &blob);

	if (err == 0 && (line.is_certificate || line.options.n > 0))
		err = ERR_UNSUPPORTED;
	if (err == 0) {
		buf_str(&a->keys, buf_view(&blob));
		a->count++;
		err = buf_error(&a->keys);
	}
	buf_free(&blob);
	return err;
}

static int
add_lines(struct user_authorities *a, struct view text, const char *path, struct buf *mistakes)
{
	static const char setting[] = "sftpd.trusted_user_ca_keys";
	size_t before = a->count;
	struct view line;

	for (unsigned number = 1; view_next_line(&text, &line); number++) {
		int err = is_empty(line) ? 0 : add_line(a, line);

		if (err == ERR_MEMORY)
			return err;
		if (err != 0) {
			buf_printf(mistakes, "%s: %s: line %u: %s; give the authority's public key "
			    "there, as it is in its .pub file\n", setting, path, number,
			    err_text(err));
			return ERR_INVALID;
		}
	}
	if (a->count == before)
		return mistake(mistakes, setting, path, "it has no key",
		    "give the authority's public key there, as it is in its .pub file");
	return 0;
}

static int
load_keys(struct user_authorities *a, const struct config *config, size_t number,
    struct buf *mistakes)
{
	char *path = config_path(config, config->sftpd.trusted_user_ca_keys.items[number]);
	struct buf file = buf_init(AUTHORITIES_FILE_MAX);
	int err;

	if (path == NULL)
		return ERR_MEMORY;
	err = read_file("sftpd.trusted_user_ca_keys", path, &file, mistakes);
	if (err == 0)
		err = add_lines(a, buf_view(&file), path, mistakes);
	buf_free(&file);
	free(path);
	return err;
}

/* --- revoked keys --- */

static int
load_revoked(struct user_authorities *a, const struct config *config, struct buf *mistakes)
{
	static const char setting[] = "sftpd.revoked_user_certs_file";
	struct buf file = buf_init(REVOKED_KEYS_FILE_MAX);
	struct failure failure = { 0 };
	char *path;
	int err;

	if (config->sftpd.revoked_user_certs_file[0] == '\0')
		return 0;
	if ((path = config_path(config, config->sftpd.revoked_user_certs_file)) == NULL)
		return ERR_MEMORY;
	if ((err = read_file(setting, path, &file, mistakes)) == 0)
		err = revoked_keys_parse(buf_view(&file), &a->revoked, &failure);
	if (failure.text[0] != '\0')
		err = mistake(mistakes, setting, path, failure.text,
		    "correct it, or make it anew with ssh-keygen -k");
	buf_free(&file);
	free(path);
	return err;
}

/* --- the interface --- */

int
user_authorities_load(
    struct user_authorities **out, const struct config *config, struct buf *mistakes)
{
	struct user_authorities *a = calloc(1, sizeof(*a));
	int err, first;

	*out = NULL;
	if (a == NULL)
		return ERR_MEMORY;
	a->owners = 1;
	a->keys = buf_init(AUTHORITIES_FILE_MAX);
	first = load_revoked(a, config, mistakes);
	for (size_t i = 0; i < config->sftpd.trusted_user_ca_keys.count; i++) {
		err = load_keys(a, config, i, mistakes);
		first = first == 0 ? err : first;
	}
	if (first == 0)
		*out = a;
	else
		user_authorities_free(&a);
	return first;
}

void
user_authorities_free(struct user_authorities **authorities)
{
	struct user_authorities *last = *authorities;

	*authorities = NULL;
	if (last == NULL || --last->owners > 0)
		return;
	buf_free(&last->keys);
	revoked_keys_free(&last->revoked);
	free(last);
}

struct user_authorities *
user_authorities_ref(struct user_authorities *authorities)
{
	authorities->owners++;
	return authorities;
}

bool
user_authorities_trust(const struct user_authorities *authorities, struct view blob)
{
	struct rd r = rd_of(buf_view(&authorities->keys));

	while (r.n > 0) {
		if (view_eq(rd_str(&r, PUBLIC_KEY_BLOB_MAX), blob))
			return true;
	}
	return false;
}

const struct revoked_keys *
user_authorities_revoked(const struct user_authorities *authorities)
{
	return authorities->revoked;
}

size_t
user_authorities_count(const struct user_authorities *authorities)
{
	return authorities->count;
}
