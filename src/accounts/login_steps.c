#include "accounts/login_steps.h"

#include "accounts/user_totp.h"

#include <stdio.h>
#include <string.h>

static const char *const names[LOGIN_METHODS] = {
	[LOGIN_PUBLICKEY] = "publickey",
	[LOGIN_PASSWORD] = "password",
	[LOGIN_INTERACTIVE] = "keyboard-interactive",
};

const char *
login_method_name(enum login_method method)
{
	return names[method];
}

enum login_method
login_method_find(struct view name)
{
	unsigned method = 0;

	while (method < LOGIN_METHODS && !view_is(name, names[method]))
		method++;
	return method;
}

/* One way in: "publickey,keyboard-interactive". Methods that do not exist match nothing. */
struct way {
	enum login_method methods[LOGIN_STEPS_MAX + 1];
	size_t count;
};

static struct way
way_read(const char *text)
{
	struct view list = view_of(text), name;
	struct way way = { .count = 0 };

	while (way.count <= LOGIN_STEPS_MAX && view_next_name(&list, &name))
		way.methods[way.count++] = login_method_find(name);
	return way;
}

static bool
begins_with(const struct way *way, const struct login_steps *steps)
{
	if (steps->count > way->count)
		return false;
	for (size_t i = 0; i < steps->count; i++) {
		if (way->methods[i] != (enum login_method)steps->methods[i])
			return false;
	}
	return true;
}

/* Adds a name to the list of those that may follow, once. */
static void
tell(char *methods, enum login_method method)
{
	size_t n = strlen(methods);

	if (method >= LOGIN_METHODS || strstr(methods, names[method]) != NULL)
		return;
	snprintf(
	    methods + n, LOGIN_METHODS_TEXT_MAX - n, "%s%s", n > 0 ? "," : "", names[method]);
}

/* True when nothing but perhaps a code is missing; else the methods that may follow are told. */
static bool
is_complete(const struct user *user, const struct login_steps *steps, char *methods)
{
	const struct text_list *ways = &user->filters.required_methods;

	methods[0] = '\0';
	if (ways->count == 0)
		return steps->count > 0;
	for (size_t i = 0; i < ways->count; i++) {
		struct way way = way_read(ways->items[i]);

		if (!begins_with(&way, steps))
			continue;
		if (way.count == steps->count)
			return true;
		tell(methods, way.methods[steps->count]);
	}
	return false;
}

/* After all that is required, only the code may follow. */
static bool
waits_for_code(const struct user *user, const struct login_steps *steps)
{
	char methods[LOGIN_METHODS_TEXT_MAX];

	return user_totp_is_on(user) && !steps->code && is_complete(user, steps, methods);
}

bool
login_steps_code_only(const struct user *user, const struct login_steps *steps, bool has_program)
{
	if (has_program)
		return waits_for_code(user, steps);
	return user_totp_is_on(user) && steps->count > 0;
}

enum login_step
login_steps_add(const struct user *user, struct login_steps *steps, enum login_method method,
    bool code, char methods_out[LOGIN_METHODS_TEXT_MAX])
{
	struct login_steps after = *steps;
	char methods[LOGIN_METHODS_TEXT_MAX] = "";
	bool totp = user_totp_is_on(user);

	if (method == LOGIN_INTERACTIVE && totp && !code)
		return LOGIN_STEP_CODE;
	if (waits_for_code(user, steps))
		return code ? LOGIN_STEP_DONE : LOGIN_STEP_REFUSED;
	if (steps->count == LOGIN_STEPS_MAX)
		return LOGIN_STEP_REFUSED;
	after.methods[after.count++] = (uint8_t)method;
	after.code = steps->code || code;
	if (is_complete(user, &after, methods)) {
		if (!totp || after.code)
			return LOGIN_STEP_DONE;
		tell(methods, LOGIN_INTERACTIVE);
	}
	if (methods[0] == '\0')
		return LOGIN_STEP_REFUSED;
	*steps = after;
	memcpy(methods_out, methods, sizeof(methods));
	return LOGIN_STEP_MORE;
}

int
login_steps_validate(const struct user *user, struct failure *failure)
{
	const struct text_list *ways = &user->filters.required_methods;

	if (ways->count > LOGIN_WAYS_MAX)
		return failure_invalid(
		    failure, "required_methods has more than %d ways to log in", LOGIN_WAYS_MAX);
	for (size_t i = 0; i < ways->count; i++) {
		struct way way = way_read(ways->items[i]);
		unsigned seen = 0;

		for (size_t k = 0; k < way.count; k++) {
			enum login_method method = way.methods[k];

			if (method == LOGIN_METHODS || (seen & 1u << method) != 0 ||
			    !user_method_allowed(user, names[method]))
				return failure_invalid(failure,
				    "required_methods: \"%s\" names a method that does not exist, "
				    "is denied, or comes twice",
				    ways->items[i]);
			seen |= 1u << method;
		}
	}
	if (user_totp_is_on(user) && !user_method_allowed(user, names[LOGIN_INTERACTIVE]))
		return failure_invalid(failure,
		    "one-time codes need keyboard-interactive, which denied_login_methods denies");
	return 0;
}
