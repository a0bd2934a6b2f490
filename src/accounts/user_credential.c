/* Whether a key, a password, an address, a time or a method opens an account. */
#include "accounts/user.h"

#include "accounts/key_options.h"
#include "crypto/crypto.h"

#include <string.h>

bool
user_find_key(const struct user *user, struct view blob, char **comment_out)
{
	struct buf stored = buf_init(CERTIFICATE_BLOB_MAX);
	struct key_options options;
	struct public_key_line line;
	bool found = false;

	if (comment_out != NULL)
		*comment_out = NULL;
	for (size_t i = 0; i < user->public_keys.count && !found; i++) {
		buf_clear(&stored);
		if (public_key_parse_line(view_of(user->public_keys.items[i]), &line, &stored) != 0)
			continue;
		key_options_parse(line.options, &options);
		found = !options.authority && view_eq(buf_view(&stored), blob);
	}
	buf_free(&stored);
	if (found && comment_out != NULL && (*comment_out = view_dup(line.comment)) == NULL)
		return false;
	return found;
}

enum password_result
user_check_password(const struct user *user, struct view password, const struct password_cost *cost)
{
	enum password_result result = PASSWORD_WRONG;

	if (user != NULL) {
		result = password_check(user->password, password);
		/* These two did the work already; whatever else must cost as much. */
		if (result == PASSWORD_RIGHT || result == PASSWORD_WRONG)
			return result;
	}
	if (password_check_dummy(password, cost) == PASSWORD_FAILED)
		return PASSWORD_FAILED;
	return result;
}

static bool
listed(const struct text_list *list, const struct address *address, bool *unreadable)
{
	struct cidr cidr;

	for (size_t i = 0; i < list->count; i++) {
		if (cidr_parse(list->items[i], &cidr) != 0) {
			*unreadable = true;
			return false;
		}
		if (cidr_has(&cidr, address))
			return true;
	}
	return false;
}

bool
user_address_allowed(const struct user *user, const struct address *address)
{
	const struct user_filters *filters = &user->filters;
	bool unreadable = false;

	if (listed(&filters->denied_ip, address, &unreadable) || unreadable)
		return false;
	return filters->allowed_ip.count == 0 || listed(&filters->allowed_ip, address, &unreadable);
}

bool
user_time_allowed(const struct user *user, int64_t now_ms)
{
	return access_time_allows(&user->filters.access_time, local_minute_of(now_ms));
}

bool
user_method_allowed(const struct user *user, const char *method)
{
	const struct text_list *denied = &user->filters.denied_login_methods;

	for (size_t i = 0; i < denied->count; i++) {
		if (strcmp(denied->items[i], method) == 0)
			return false;
	}
	return true;
}
