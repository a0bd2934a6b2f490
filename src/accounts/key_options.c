#include "accounts/key_options.h"

#include <string.h>
#include <strings.h>

/* Takes the next option off; commas inside of double quotes belong to it. */
static struct view
next_option(struct view *rest)
{
	struct view option = { .p = rest->p, .n = 0 };
	bool quoted = false;

	while (option.n < rest->n && (quoted || rest->p[option.n] != ',')) {
		if (rest->p[option.n] == '\\' && option.n + 1 < rest->n &&
		    rest->p[option.n + 1] == '"')
			option.n++;
		else if (rest->p[option.n] == '"')
			quoted = !quoted;
		option.n++;
	}
	rest->p += option.n;
	rest->n -= option.n;
	if (rest->n > 0) { /* the comma */
		rest->p++;
		rest->n--;
	}
	return option;
}

static bool
begins(struct view option, const char *start)
{
	size_t n = strlen(start);

	return option.n >= n && strncasecmp((const char *)option.p, start, n) == 0;
}

static bool
is(struct view option, const char *name)
{
	return option.n == strlen(name) && begins(option, name);
}

/* "restrict" and "no-pty" take away what nobody has here. */
static bool
takes_nothing(struct view option)
{
	return is(option, "restrict") || begins(option, "no-");
}

/* What is inside the quotes behind `start`. */
static bool
quoted_value(struct view option, const char *start, struct view *out)
{
	size_t n = strlen(start);

	if (!begins(option, start) || option.n < n + 2 || option.p[n] != '"' ||
	    option.p[option.n - 1] != '"')
		return false;
	*out = (struct view){ .p = option.p + n + 1, .n = option.n - n - 2 };
	return true;
}

void
key_options_parse(struct view options, struct key_options *out)
{
	*out = (struct key_options){ 0 };
	while (options.n > 0) {
		struct view option = next_option(&options), principals;

		if (is(option, "cert-authority")) {
			out->authority = true;
		} else if (!out->has_principals &&
			   quoted_value(option, "principals=", &principals)) {
			out->has_principals = true;
			out->principals = principals;
		} else if (out->unknown.n == 0 && !takes_nothing(option)) {
			out->unknown = option.n > 0 ? option : view_of(",");
		}
	}
}
