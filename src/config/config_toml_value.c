/*
 * TOML 1.0: strings, numbers, dates. Whole numbers in base 16, 8 or 2 are given on as text in the
 * spelling that settings read ("0x1b", "033"), so that a umask can be written 0o27; a date is
 * given on as text, because no setting is one.
 */
#include "config/config_toml.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 64 };

/* ---- strings */

static bool
is_control(int c)
{
	return (c < ' ' && c != '\t') || c == 0x7f;
}

/* After a backslash at the end of a line everything up to the next character goes. */
static bool
take_line_continuation(struct toml *toml)
{
	struct text ahead = toml->t;

	text_span(&ahead, TOML_BLANKS);
	if (!text_newline(&ahead))
		return false;
	do
		text_span(&ahead, TOML_BLANKS);
	while (text_newline(&ahead));
	toml->t = ahead;
	return true;
}

static int
read_escape(struct toml *toml, bool is_long, struct buf *out)
{
	static const char letters[] = "btnfr\"\\", meanings[] = "\b\t\n\f\r\"\\";
	const char *letter;
	int c;

	if (is_long && take_line_continuation(toml))
		return 0;
	c = text_next(&toml->t);
	if (c == 'u' || c == 'U') {
		if (text_hexadecimal(&toml->t, c == 'u' ? 4 : 8, out))
			return 0;
		return config_source_fault(toml->src, toml->t.line,
		    "\\%c needs %d hexadecimal digits of a character", c, c == 'u' ? 4 : 8);
	}
	if ((letter = c > 0 ? strchr(letters, c) : NULL) == NULL)
		return config_source_fault(toml->src, toml->t.line,
		    "a backslash in a string stands before b t n f r \" \\ u U alone");
	buf_u8(out, (uint8_t)meanings[letter - letters]);
	return 0;
}

/* Up to two quotes may stand before the three that end a long string. */
static bool
take_long_end(struct toml *toml, int quote, struct buf *out)
{
	int n = 0;

	while (n < 5 && text_peek(&toml->t, (size_t)n) == quote)
		n++;
	if (n < 3)
		return false;
	for (int i = 0; i < n; i++) {
		text_next(&toml->t);
		if (i < n - 3)
			buf_u8(out, (uint8_t)quote);
	}
	return true;
}

static int
read_long(struct toml *toml, int quote, struct buf *out)
{
	int c, err = 0;

	text_newline(&toml->t); /* one at the very start does not count */
	while (err == 0 && !take_long_end(toml, quote, out)) {
		if (text_newline(&toml->t)) {
			buf_u8(out, '\n');
			continue;
		}
		if ((c = text_next(&toml->t)) < 0 || is_control(c))
			return config_source_fault(toml->src, toml->t.line, "%s", c < 0
			    ? "a string has no end" : "a control character stands in a string");
		if (c == '\\' && quote == '"')
			err = read_escape(toml, true, out);
		else
			buf_u8(out, (uint8_t)c);
	}
	return err;
}

static int
read_short(struct toml *toml, int quote, struct buf *out)
{
	int c, err = 0;

	while (err == 0 && (c = text_peek(&toml->t, 0)) != quote) {
		if (c < 0 || is_control(c))
			return config_source_fault(toml->src, toml->t.line, "%s",
			    c < 0 || c == '\n' || c == '\r' ? "a string has no end on its line"
			    : "a control character stands in a string");
		text_next(&toml->t);
		if (c == '\\' && quote == '"')
			err = read_escape(toml, false, out);
		else
			buf_u8(out, (uint8_t)c);
	}
	text_next(&toml->t);
	return err;
}

int
toml_read_string(struct toml *toml, bool may_be_long, struct buf *out)
{
	int quote = text_next(&toml->t), err;

	if (may_be_long && text_take(&toml->t, quote == '"' ? "\"\"" : "''"))
		err = read_long(toml, quote, out);
	else
		err = read_short(toml, quote, out);
	return err == 0 ? buf_error(out) : err;
}

static int
read_string(struct toml *toml, json_t **out)
{
	struct buf text = buf_init(CONFIG_FILE_MAX);
	int err = toml_read_string(toml, true, &text);

	if (err == 0 &&
	    (*out = json_stringn(text.n > 0 ? (const char *)text.p : "", text.n)) == NULL)
		err = ERR_MEMORY;
	buf_free(&text);
	return err;
}

/* ---- numbers */

#define DIGITS "0123456789"

/* Copies digits without the '_' between them; false when one stands anywhere else. */
static bool
copy_digits(const char **text, const char *digits, char **out)
{
	const char *c = *text;
	bool digit = false;

	for (;; c++) {
		bool is_digit = *c != '\0' && strchr(digits, *c) != NULL;

		if (is_digit)
			*(*out)++ = *c;
		else if (*c != '_' || !digit)
			break;
		digit = is_digit;
	}
	if (!digit)
		return false;
	*text = c;
	**out = '\0';
	return true;
}

/* 0x1b, 0o33, 0b11011 */
static json_t *
new_based(const char *word)
{
	static const struct {
		const char *prefix, *digits;
		int base;
	} bases[] = {
		{ "0x", DIGITS "abcdefABCDEF", 16 },
		{ "0o", "01234567", 8 },
		{ "0b", "01", 2 },
	};
	char digits[NUMBER_MAX + 1], spelt[NUMBER_MAX + 1], *end = digits;

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		const char *rest = word + 2;
		unsigned long long number;

		if (strncmp(word, bases[i].prefix, 2) != 0)
			continue;
		if (!copy_digits(&rest, bases[i].digits, &end) || *rest != '\0')
			return NULL;
		errno = 0;
		number = strtoull(digits, NULL, bases[i].base);
		if (errno != 0 || number > INT64_MAX)
			return NULL;
		snprintf(spelt, sizeof(spelt), bases[i].base == 8 ? "0%llo" : "0x%llx", number);
		return json_string(spelt);
	}
	return NULL;
}

static json_t *
new_special(const char *word)
{
	word += word[0] == '+' || word[0] == '-';
	return strcmp(word, "inf") == 0 || strcmp(word, "nan") == 0 ? json_string(word) : NULL;
}

/* [+-] digits [. digits] [e [+-] digits] */
static json_t *
new_decimal(const char *word)
{
	char text[NUMBER_MAX + 1], *end = text;
	const char *digits;
	bool whole = true;
	double real;
	json_int_t number;

	if (*word == '+' || *word == '-')
		*end++ = *word++;
	digits = end;
	if (!copy_digits(&word, DIGITS, &end) || (digits[0] == '0' && digits[1] != '\0'))
		return NULL;
	if (*word == '.') {
		whole = false;
		*end++ = *word++;
		if (!copy_digits(&word, DIGITS, &end))
			return NULL;
	}
	if (*word == 'e' || *word == 'E') {
		whole = false;
		*end++ = *word++;
		if (*word == '+' || *word == '-')
			*end++ = *word++;
		if (!copy_digits(&word, DIGITS, &end))
			return NULL;
	}
	if (*word != '\0')
		return NULL;
	errno = 0;
	if (whole) {
		number = strtoll(text, NULL, 10);
		return errno == 0 ? json_integer(number) : NULL;
	}
	real = strtod(text, NULL);
	return isfinite(real) ? json_real(real) : json_string(text);
}

/* ---- dates */

/* So many digits, as a number within a range; -1 when it is not. */
static int
take_number(const char **text, int digits, int min, int max)
{
	int number = 0;

	for (int i = 0; i < digits; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		number = number * 10 + (**text - '0');
	}
	return number >= min && number <= max ? number : -1;
}

static bool
take_byte(const char **text, const char *bytes)
{
	if (**text == '\0' || strchr(bytes, **text) == NULL)
		return false;
	(*text)++;
	return true;
}

static bool
take_date(const char **text)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day;
	bool leap;

	if ((year = take_number(text, 4, 0, 9999)) < 0 || !take_byte(text, "-") ||
	    (month = take_number(text, 2, 1, 12)) < 0 || !take_byte(text, "-") ||
	    (day = take_number(text, 2, 1, days[month - 1])) < 0)
		return false;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month != 2 || day < 29 || leap;
}

static bool
take_time(const char **text)
{
	if (take_number(text, 2, 0, 23) < 0 || !take_byte(text, ":") ||
	    take_number(text, 2, 0, 59) < 0 || !take_byte(text, ":") ||
	    take_number(text, 2, 0, 60) < 0) /* RFC 3339 has leap seconds */
		return false;
	if (**text != '.')
		return true;
	(*text)++;
	if (strspn(*text, DIGITS) == 0)
		return false;
	*text += strspn(*text, DIGITS);
	return true;
}

static bool
is_date_or_time(const char *word)
{
	const char *text = word;

	if (take_time(&text) && *text == '\0')
		return true;
	text = word;
	if (!take_date(&text))
		return false;
	if (*text == '\0')
		return true;
	if (!take_byte(&text, "Tt ") || !take_time(&text))
		return false;
	if (*text == '\0')
		return true;
	if (take_byte(&text, "Zz"))
		return *text == '\0';
	return take_byte(&text, "+-") && take_number(&text, 2, 0, 23) >= 0 &&
	    take_byte(&text, ":") && take_number(&text, 2, 0, 59) >= 0 && *text == '\0';
}

/* ---- any value */

static json_t *
new_word(const char *word)
{
	json_t *value;

	if (strcmp(word, "true") == 0)
		return json_true();
	if (strcmp(word, "false") == 0)
		return json_false();
	if ((value = new_decimal(word)) == NULL && (value = new_based(word)) == NULL &&
	    (value = new_special(word)) == NULL && is_date_or_time(word))
		value = json_string(word);
	return value;
}

static int
read_word(struct toml *toml, json_t **out)
{
	static const char bytes[] = DIGITS "abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ+-_.:";
	struct text *t = &toml->t;
	struct view word = text_span(t, bytes);
	char text[NUMBER_MAX + 1];

	/* A date and its time may stand with a blank between them. */
	if (word.n == 10 && word.p[4] == '-' && text_peek(t, 0) == ' ' &&
	    text_peek(t, 1) >= '0' && text_peek(t, 1) <= '9') {
		text_next(t);
		word.n += 1 + text_span(t, bytes).n;
	}
	if (word.n == 0)
		return config_source_fault(toml->src, t->line, "a value is missing");
	if (view_copy(word, text, sizeof(text)) != 0 || (*out = new_word(text)) == NULL)
		return config_source_fault(toml->src, t->line,
		    "%.*s is no value; a text needs quotes", (int)(word.n > 80 ? 80 : word.n),
		    (const char *)word.p);
	return 0;
}

int
toml_read_value(struct toml *toml, json_t **out)
{
	int err;

	*out = NULL;
	if (++toml->values > CONFIG_VALUES_MAX)
		return config_source_fault(toml->src, toml->t.line,
		    "there are more than %d values", CONFIG_VALUES_MAX);
	switch (text_peek(&toml->t, 0)) {
	case '"':
	case '\'':
		err = read_string(toml, out);
		break;
	case '[':
		err = toml_read_array(toml, out);
		break;
	case '{':
		err = toml_read_inline(toml, out);
		break;
	default:
		err = read_word(toml, out);
	}
	if (err != 0) {
		json_decref(*out);
		*out = NULL;
	}
	return err;
}
