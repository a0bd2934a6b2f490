#include "accounts/import.h"

#include "accounts/dump.h"
#include "accounts/import_line.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

int
import_dump(struct view text, struct import *out, struct failure *failure)
{
	struct user_list list;
	int err = dump_parse(text, &list, failure);

	for (size_t i = 0; i < list.count && err == 0; i++) {
		struct import_row *row = import_row_add(out, view_of(list.items[i]->username));

		if (row == NULL) {
			err = out->count >= IMPORT_ROWS_MAX ? ERR_LIMIT : ERR_MEMORY;
		} else {
			row->user = list.items[i];
			list.items[i] = NULL;
		}
	}
	user_list_free(&list);
	return err;
}

static void
row_free(struct import_row *row)
{
	user_free(&row->user);
	free(row->name);
}

void
import_free(struct import *import)
{
	for (size_t i = 0; i < import->count; i++)
		row_free(&import->rows[i]);
	free(import->rows);
	*import = (struct import){ 0 };
}

static bool
is_chosen(const struct import_row *row, const struct import_choice *choice)
{
	bool named = choice->usernames.count == 0;

	for (size_t i = 0; i < choice->usernames.count && !named; i++)
		named = strcmp(choice->usernames.items[i], row->name) == 0;
	if (!named || (choice->min_uid < 0 && choice->max_uid < 0))
		return named;
	return row->user != NULL && (choice->min_uid < 0 || row->user->uid >= choice->min_uid) &&
	       (choice->max_uid < 0 || row->user->uid <= choice->max_uid);
}

static void
remove_others(struct import *import, const struct import_choice *choice)
{
	size_t kept = 0;

	for (size_t i = 0; i < import->count; i++) {
		if (is_chosen(&import->rows[i], choice))
			import->rows[kept++] = import->rows[i];
		else
			row_free(&import->rows[i]);
	}
	import->count = kept;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct import_row *const *first = a, *const *second = b;
	int order = strcmp((*first)->name, (*second)->name);

	return order != 0 ? order : (*first > *second) - (*first < *second);
}

/* Of two accounts with one name the first stays. */
static int
skip_repeated(struct import *import)
{
	struct import_row **sorted, *first = NULL;
	size_t n = 0;

	if (import->count == 0)
		return 0;
	if ((sorted = calloc(import->count, sizeof(struct import_row *))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < import->count; i++) {
		if (import->rows[i].user != NULL)
			sorted[n++] = &import->rows[i];
	}
	if (n > 0)
		qsort(sorted, n, sizeof(struct import_row *), compare_rows);
	for (size_t i = 0; i < n; i++) {
		if (first != NULL && strcmp(first->name, sorted[i]->name) == 0)
			import_row_skip(sorted[i], "an account before it has the same name");
		else
			first = sorted[i];
	}
	free(sorted);
	return 0;
}

/* Whatever the server's configuration, it would refuse these. */
static int
skip_impossible(struct import_row *row)
{
	static const struct user_rules rules = { .users_base_dir = "/" };
	struct failure failure = { 0 };
	struct user *copy = NULL;
	int err = user_copy(row->user, &copy);

	if (err == 0)
		err = user_validate_check(copy, &rules, &failure);
	user_free(&copy);
	if (err == ERR_MEMORY)
		return err;
	if (err != 0)
		import_row_skip(row, "%s", failure.text);
	/* A cut in the middle of a character is nothing to print. */
	while (!utf8_valid(view_of(row->note)))
		row->note[strlen(row->note) - 1] = '\0';
	return 0;
}

int
import_choose(struct import *import, const struct import_choice *choice)
{
	int err;

	remove_others(import, choice);
	err = skip_repeated(import);
	for (size_t i = 0; i < import->count && err == 0; i++) {
		struct user *user = import->rows[i].user;

		if (user == NULL)
			continue;
		if (choice->force_uid >= 0)
			user->uid = choice->force_uid;
		if (choice->force_gid >= 0)
			user->gid = choice->force_gid;
		err = skip_impossible(&import->rows[i]);
	}
	return err;
}
