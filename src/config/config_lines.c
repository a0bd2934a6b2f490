#include "config/config_lines.h"

#include <stdio.h>
#include <string.h>

int
config_lines_read(struct config_source *src, const char *blanks, const char *comments,
	int (*read_line)(struct config_source *src, struct text *t))
{
	struct text t = { .all = src->text, .line = 1 };
	char between[16];
	int c, err = 0;

	snprintf(between, sizeof(between), "%s\r\n", blanks);
	src->flat = true;
	if ((src->root = json_object()) == NULL)
		return ERR_MEMORY;
	while (err == 0) {
		text_span(&t, between);
		if ((c = text_peek(&t, 0)) < 0)
			break;
		if (strchr(comments, c) != NULL)
			text_rest_of_line(&t);
		else
			err = read_line(src, &t);
	}
	return err;
}

int
config_lines_add(struct config_source *src, unsigned line, struct buf *key, struct buf *value,
	int err)
{
	if (err == 0 && (err = buf_error(key)) == 0 && (err = buf_error(value)) == 0)
		err = config_source_add(src, src->root, buf_view(key), line,
		    json_stringn(value->n > 0 ? (const char *)value->p : "", value->n));
	buf_free(key);
	buf_free(value);
	return err;
}
