/*
 * Bytes as a request to the control door, up to the handler: either there is a row and an object to
 * give it, or an answer that says what is wrong. Every answer is one line.
 */
#include "control/control_request.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct buf line = buf_init(ANSWER_MAX);
	struct control_answer answer = { 0 };
	struct control_request request;
	bool good;

	if (n == 0)
		return 0;
	good = control_request_parse((struct view){ .p = bytes, .n = n }, &request, &answer);
	if (good != (request.row != NULL && json_is_object(request.body)) ||
	    good != (answer.status == 0))
		abort();
	if (good)
		(void)control_body_text(request.body, "username", &answer);
	control_answer_write(&answer, &line);
	if (buf_error(&line) != 0 || memchr(line.p, '\n', line.n) != line.p + line.n - 1)
		abort();
	control_answer_free(&answer);
	control_request_free(&request);
	buf_free(&line);
	return 0;
}
