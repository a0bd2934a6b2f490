#include "accounts/mysql_dsn.h"

#include "base/rd.h"

#include <stdlib.h>
#include <string.h>

enum { PORT_USUAL = 3306, SECONDS_MAX = 3600 };

static int
refuse(struct failure *failure, const char *what)
{
	return failure_set(failure, ERR_INVALID,
	    "data_provider.connection_string: %s; it is like "
	    "\"user:password@tcp(db.example:3306)/name?tls=true\"",
	    what);
}

static struct view
between(const char *from, const char *to)
{
	return (struct view){ .p = (const uint8_t *)from, .n = (size_t)(to - from) };
}

/* The last such character before the end; NULL when there is none. */
static const char *
last(const char *from, const char *to, char wanted)
{
	while (to > from) {
		if (*--to == wanted)
			return to;
	}
	return NULL;
}

static const char *
first(const char *from, const char *to, char wanted)
{
	return memchr(from, wanted, (size_t)(to - from));
}

static int
take(char **out, struct view text)
{
	*out = view_dup(text);
	return *out == NULL ? ERR_MEMORY : 0;
}

static int
parse_number(struct view text, int max, int *out)
{
	int number = 0;

	*out = 0;
	if (text.n == 0 || text.n > 6)
		return ERR_INVALID;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return ERR_INVALID;
		number = 10 * number + (text.p[i] - '0');
	}
	*out = number;
	return number > max ? ERR_INVALID : 0;
}

static int
parse_user(const char *from, const char *to, struct mysql_dsn *out)
{
	const char *colon = first(from, to, ':');
	int err = take(&out->username, between(from, colon == NULL ? to : colon));

	if (err == 0)
		err =
		    take(&out->password, colon == NULL ? between(to, to) : between(colon + 1, to));
	return err;
}

/* host, host:port, [address], [address]:port */
static int
parse_host(const char *from, const char *to, struct mysql_dsn *out, struct failure *failure)
{
	const char *end = to, *colon;

	if (from < to && *from == '[') {
		if ((end = first(from, to, ']')) == NULL)
			return refuse(failure, "an address begins with [ and has no ]");
		colon = end + 1;
		from++;
	} else if ((colon = first(from, to, ':')) != NULL) {
		end = colon;
	} else {
		colon = to;
	}
	if (colon < to &&
	    (*colon != ':' || parse_number(between(colon + 1, to), 65535, &out->port) != 0))
		return refuse(failure, "the port is not a number up to 65535");
	return take(&out->host, between(from, end));
}

static int
parse_place(const char *from, const char *to, struct mysql_dsn *out, struct failure *failure)
{
	const char *open = first(from, to, '(');
	struct view net = between(from, open == NULL ? to : open);

	if (open != NULL && (to[-1] != ')' || to - open < 2))
		return refuse(failure, "there must be a ) before the / of the name");
	if (net.n == 0 && open == NULL)
		return 0;
	if (view_is(net, "unix") && open != NULL)
		return take(&out->socket, between(open + 1, to - 1));
	if (!view_is(net, "tcp"))
		return refuse(failure, "only \"tcp\" and \"unix\" can be connected with");
	return open == NULL ? 0 : parse_host(open + 1, to - 1, out, failure);
}

/* "10s", "500ms", "1m": whole seconds, at least one. */
static int
parse_seconds(struct view text, int *out)
{
	static const struct {
		const char *unit;
		int num, den;
	} units[] = { { "ms", 1, 1000 }, { "s", 1, 1 }, { "m", 60, 1 }, { "h", 3600, 1 } };
	struct view digits = text;
	int number;

	for (digits.n = 0; digits.n < text.n && text.p[digits.n] >= '0' && text.p[digits.n] <= '9';)
		digits.n++;
	text.p += digits.n;
	text.n -= digits.n;
	if (parse_number(digits, 999999, &number) != 0)
		return ERR_INVALID;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		long seconds = ((long)number * units[i].num + units[i].den - 1) / units[i].den;

		if (!view_is(text, units[i].unit))
			continue;
		*out = seconds > SECONDS_MAX ? SECONDS_MAX : (int)seconds;
		return 0;
	}
	return ERR_INVALID;
}

static int
parse_tls(struct view value, enum mysql_tls *out)
{
	static const struct {
		const char *name;
		enum mysql_tls tls;
	} names[] = { { "false", MYSQL_TLS_OFF }, { "", MYSQL_TLS_OFF },
		{ "true", MYSQL_TLS_VERIFIED }, { "skip-verify", MYSQL_TLS_UNVERIFIED },
		{ "preferred", MYSQL_TLS_PREFERRED } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (view_is(value, names[i].name)) {
			*out = names[i].tls;
			return 0;
		}
	}
	return ERR_INVALID;
}

/* How Go's driver reads what it gets, which means nothing here. */
static bool
is_for_go(struct view name)
{
	static const char *const names[] = { "allowAllFiles", "allowCleartextPasswords",
		"allowNativePasswords", "allowOldPasswords", "charset", "checkConnLiveness",
		"clientFoundRows", "collation", "columnsWithAlias", "interpolateParams", "loc",
		"maxAllowedPacket", "multiStatements", "parseTime", "rejectReadOnly" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (view_is(name, names[i]))
			return true;
	}
	return false;
}

static int
parse_parameter(struct view name, struct view value, struct mysql_dsn *out)
{
	if (view_is(name, "tls"))
		return parse_tls(value, &out->tls);
	if (view_is(name, "timeout"))
		return parse_seconds(value, &out->connect_seconds);
	if (view_is(name, "readTimeout"))
		return parse_seconds(value, &out->read_seconds);
	if (view_is(name, "writeTimeout"))
		return parse_seconds(value, &out->write_seconds);
	return is_for_go(name) ? 0 : ERR_INVALID;
}

static int
parse_parameters(const char *from, const char *to, struct mysql_dsn *out, struct failure *failure)
{
	while (from < to) {
		const char *end = first(from, to, '&'), *equals;

		if (end == NULL)
			end = to;
		equals = first(from, end, '=');
		if (equals == NULL ||
		    parse_parameter(between(from, equals), between(equals + 1, end), out) != 0)
			return failure_set(failure, ERR_INVALID,
			    "data_provider.connection_string: the parameter \"%.*s\" or its value "
			    "is not known",
			    (int)((equals == NULL ? end : equals) - from), from);
		from = end == to ? to : end + 1;
	}
	return 0;
}

static int
fill_missing(struct mysql_dsn *dsn)
{
	char **const fields[] = { &dsn->username, &dsn->password, &dsn->host, &dsn->socket,
		&dsn->database };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (*fields[i] == NULL && (*fields[i] = strdup("")) == NULL)
			return ERR_MEMORY;
	}
	return 0;
}

int
mysql_dsn_parse(const char *text, struct mysql_dsn *out, struct failure *failure)
{
	const char *end = text + strlen(text), *slash = last(text, end, '/'), *question, *at;
	int err = 0;

	*out = (struct mysql_dsn){ .port = PORT_USUAL };
	if (slash == NULL)
		return refuse(failure, "there is no / before the name of the database");
	if ((question = first(slash, end, '?')) == NULL)
		question = end;
	if ((at = last(text, slash, '@')) != NULL)
		err = parse_user(text, at, out);
	if (err == 0)
		err = parse_place(at == NULL ? text : at + 1, slash, out, failure);
	if (err == 0)
		err = take(&out->database, between(slash + 1, question));
	if (err == 0 && question < end)
		err = parse_parameters(question + 1, end, out, failure);
	return err == 0 ? fill_missing(out) : err;
}

void
mysql_dsn_free(struct mysql_dsn *dsn)
{
	if (dsn->password != NULL)
		explicit_bzero(dsn->password, strlen(dsn->password));
	free(dsn->username);
	free(dsn->password);
	free(dsn->host);
	free(dsn->socket);
	free(dsn->database);
	*dsn = (struct mysql_dsn){ 0 };
}
