/*
 * PEM blocks around private keys: finding one in a file, and writing one.
 */
#include "crypto/private_key_private.h"

#include "base/encode.h"

#include <string.h>

static const char begin_text[] = "-----BEGIN ";
static const char end_text[] = "-----END ";
static const char dashes[] = "-----";

static bool
view_starts(struct view v, const char *s)
{
	size_t n = strlen(s);

	return v.n >= n && memcmp(v.p, s, n) == 0;
}

static bool
view_ends(struct view v, const char *s)
{
	size_t n = strlen(s);

	return v.n >= n && memcmp(v.p + (v.n - n), s, n) == 0;
}

/* The next line without its ending and without blanks behind; false at the end of the text. */
static bool
next_line(struct view *text, struct view *line_out)
{
	if (!view_next_line(text, line_out))
		return false;
	while (line_out->n > 0 &&
	       (line_out->p[line_out->n - 1] == '\r' || line_out->p[line_out->n - 1] == ' ' ||
		   line_out->p[line_out->n - 1] == '\t'))
		line_out->n--;
	return true;
}

/* The label of "-----BEGIN label-----" or "-----END label-----"; false for any other line. */
static bool
border_label(struct view line, const char *start, struct view *label_out)
{
	size_t before = strlen(start), after = sizeof(dashes) - 1;

	if (line.n < before + after || !view_starts(line, start) || !view_ends(line, dashes))
		return false;
	*label_out = (struct view){ .p = line.p + before, .n = line.n - before - after };
	return true;
}

/* RFC 1421 headers: "Name: value" lines, and an empty line behind. */
static bool
is_header(struct view line)
{
	return line.n > 0 && memchr(line.p, ':', line.n) != NULL;
}

/* The lines up to the END of the block, which must be the one of its BEGIN. */
static int
read_body(struct view *text, struct pem *out, struct buf *base64)
{
	struct view line, label;

	while (next_line(text, &line)) {
		if (border_label(line, end_text, &label))
			return view_eq(label, out->label) ? buf_error(base64) : ERR_FORMAT;
		if (is_header(line)) {
			if (view_starts(line, "Proc-Type:") && view_ends(line, "ENCRYPTED"))
				out->has_encryption = true;
		} else {
			buf_raw(base64, line.p, line.n);
		}
	}
	return ERR_SHORT;
}

int
pem_find_private(struct view text, struct pem *out)
{
	struct buf base64 = buf_init(PRIVATE_KEY_FILE_MAX);
	struct view line;
	int err = ERR_FORMAT;

	*out = (struct pem){ .bytes = buf_init(PRIVATE_KEY_FILE_MAX) };
	while (next_line(&text, &line)) {
		if (!border_label(line, begin_text, &out->label) ||
		    !view_ends(out->label, "PRIVATE KEY"))
			continue;
		if ((err = read_body(&text, out, &base64)) == 0)
			err = base64_decode(&out->bytes, buf_view(&base64));
		break;
	}
	buf_free(&base64);
	if (err != 0)
		buf_free(&out->bytes);
	return err;
}

void
pem_write(struct buf *out, const char *label, struct view bytes, size_t width)
{
	struct buf base64 = buf_init(PRIVATE_KEY_FILE_MAX);
	size_t done, n;

	base64_encode(&base64, bytes, true);
	buf_text(out, begin_text);
	buf_text(out, label);
	buf_text(out, dashes);
	buf_text(out, "\n");
	for (done = 0; done < base64.n; done += n) {
		n = base64.n - done < width ? base64.n - done : width;
		buf_raw(out, base64.p + done, n);
		buf_text(out, "\n");
	}
	buf_text(out, end_text);
	buf_text(out, label);
	buf_text(out, dashes);
	buf_text(out, "\n");
	if (buf_error(&base64) != 0 && out->bad == 0)
		out->bad = base64.bad;
	buf_free(&base64);
}
