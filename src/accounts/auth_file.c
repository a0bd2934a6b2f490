#include "accounts/auth_file.h"

#include "accounts/password_crypt.h"
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *name, *hash;
};

struct auth_file {
	struct entry *entries;
	size_t count, room;
};

/* What is read, and where: for the messages. */
struct reader {
	struct view rest;
	unsigned line;
	struct failure *failure;
};

static int
fault(struct reader *r, const char *text)
{
	return failure_set(r->failure, ERR_FORMAT, "line %u: %s", r->line, text);
}

static bool
take(struct reader *r, uint8_t c)
{
	if (r->rest.n == 0 || r->rest.p[0] != c)
		return false;
	r->rest.p++;
	r->rest.n--;
	r->line += c == '\n';
	return true;
}

static bool
take_newline(struct reader *r)
{
	if (r->rest.n >= 2 && memcmp(r->rest.p, "\r\n", 2) == 0)
		(void)take(r, '\r');
	return take(r, '\n');
}

static uint8_t
next(struct reader *r)
{
	uint8_t c = r->rest.p[0];

	(void)take(r, c);
	return c;
}

/* Behind the first quote; a quote that is meant is doubled, and lines may end inside. */
static int
read_quoted(struct reader *r, struct buf *out)
{
	while (r->rest.n > 0) {
		uint8_t c = next(r);

		if (c == '"' && !take(r, '"'))
			return 0;
		buf_u8(out, c);
	}
	return fault(r, "a quotation that does not end");
}

static int
read_field(struct reader *r, struct buf *out)
{
	while (take(r, ' ') || take(r, '\t'))
		continue;
	if (take(r, '"'))
		return read_quoted(r, out);
	while (r->rest.n > 0 && r->rest.p[0] != ':' && r->rest.p[0] != '\n') {
		if (r->rest.p[0] == '"')
			return fault(r, "a '\"' inside a field that does not begin with one");
		if (r->rest.n >= 2 && memcmp(r->rest.p, "\r\n", 2) == 0)
			break;
		buf_u8(out, next(r));
	}
	return 0;
}

static int
add(struct auth_file *file, struct view name, struct view hash)
{
	struct entry *entry;

	if (file->count == file->room) {
		size_t room = file->room == 0 ? 16 : 2 * file->room;
		struct entry *more = reallocarray(file->entries, room, sizeof(*more));

		if (more == NULL)
			return ERR_MEMORY;
		file->entries = more;
		file->room = room;
	}
	entry = &file->entries[file->count++];
	*entry = (struct entry){ .name = view_dup(name), .hash = view_dup(hash) };
	return entry->name != NULL && entry->hash != NULL ? 0 : ERR_MEMORY;
}

static int
read_line(struct reader *r, struct auth_file *file)
{
	struct buf name = buf_init(AUTH_FILE_MAX), hash = buf_init(AUTH_FILE_MAX);
	int err = read_field(r, &name);

	if (err == 0 && !take(r, ':'))
		err = fault(r, "it has not two fields, a name and a hash");
	if (err == 0)
		err = read_field(r, &hash);
	if (err == 0 && r->rest.n > 0 && !take_newline(r))
		err = fault(r, "it has not two fields, a name and a hash");
	if (err == 0 && (view_has_nul(buf_view(&name)) || view_has_nul(buf_view(&hash))))
		err = fault(r, "it holds a NUL");
	if (err == 0)
		err = add(file, buf_view(&name), buf_view(&hash));
	buf_free(&name);
	buf_free(&hash);
	return err;
}

int
auth_file_parse(struct view text, struct auth_file **out, struct failure *failure)
{
	struct reader r = { .rest = text, .line = 1, .failure = failure };
	struct auth_file *file = calloc(1, sizeof(*file));
	int err = file == NULL ? ERR_MEMORY : 0;

	*out = NULL;
	while (err == 0 && r.rest.n > 0) {
		if (take_newline(&r))
			continue;
		if (r.rest.p[0] == '#') {
			while (r.rest.n > 0 && next(&r) != '\n')
				continue;
			continue;
		}
		err = read_line(&r, file);
	}
	if (err == 0)
		*out = file;
	else
		auth_file_free(&file);
	if (err == ERR_MEMORY)
		return failure_set(failure, err, "%s", err_text(err));
	return err;
}

void
auth_file_free(struct auth_file **file)
{
	if (*file == NULL)
		return;
	for (size_t i = 0; i < (*file)->count; i++) {
		free((*file)->entries[i].name);
		free((*file)->entries[i].hash);
	}
	free((*file)->entries);
	free(*file);
	*file = NULL;
}

const char *
auth_file_find(const struct auth_file *file, struct view name, const char **other_out)
{
	*other_out = file->count > 0 ? file->entries[0].hash : NULL;
	for (size_t i = file->count; i > 0; i--) {
		if (view_is(name, file->entries[i - 1].name))
			return file->entries[i - 1].hash;
	}
	return NULL;
}

enum password_result
auth_file_check(const char *hash, struct view password)
{
	static const char *const as_they_are[] = { "$1$", "$apr1$" };
	/* of which each names the same algorithm here, whatever bug its writer marked by it */
	static const char *const bcrypt[] = { "$2a$", "$2$", "$2x$", "$2y$", "$2b$" };
	char usual[PASSWORD_HASH_MAX];

	if (password.n == 0)
		return PASSWORD_EMPTY;
	for (size_t i = 0; i < 2; i++) {
		if (strncmp(hash, as_they_are[i], strlen(as_they_are[i])) == 0)
			return password_crypt_check(hash, password);
	}
	for (size_t i = 0; i < sizeof(bcrypt) / sizeof(bcrypt[0]); i++) {
		size_t n = strlen(bcrypt[i]);

		if (strncmp(hash, bcrypt[i], n) != 0)
			continue;
		if (snprintf(usual, sizeof(usual), "$2b$%s", hash + n) >= (int)sizeof(usual))
			return PASSWORD_BROKEN;
		return password_crypt_check(usual, password);
	}
	return PASSWORD_WRONG;
}
