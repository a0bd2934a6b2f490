#include "accounts/dialogue_line.h"

#include "accounts/user_members.h"

#include <jansson.h>
#include <stdint.h>
#include <strings.h>

/* Programs may write a key in any case of letters, as in the user JSON. */
static const json_t *
member(const json_t *object, const char *name)
{
	const char *key;
	json_t *value;

	/* The cast is only for the iterator's sake. */
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		if (strcasecmp(key, name) == 0)
			return value;
	}
	return NULL;
}

/* A whole number that may be absent. */
static int
read_number(const json_t *object, const char *name, json_int_t *out, struct failure *failure)
{
	const json_t *value = member(object, name);

	*out = 0;
	if (value == NULL || json_is_null(value))
		return 0;
	if (!json_is_integer(value))
		return failure_set(failure, ERR_FORMAT, "\"%s\" is no whole number", name);
	*out = json_integer_value(value);
	return 0;
}

static int
read_instruction(const json_t *object, struct buf *out, struct failure *failure)
{
	const json_t *value = member(object, "instruction");

	if (value == NULL || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return failure_set(failure, ERR_FORMAT, "\"instruction\" is no text");
	buf_text(out, json_string_value(value));
	if (buf_error(out) == ERR_LIMIT)
		return failure_set(failure, ERR_FORMAT, "\"instruction\" has more than %d bytes",
		    DIALOGUE_TEXT_MAX);
	return buf_error(out);
}

static int
read_questions(const json_t *object, struct dialogue_line *out, struct failure *failure)
{
	const json_t *questions = member(object, "questions");
	const json_t *echos = member(object, "echos");

	out->question_count = json_array_size(questions);
	if (out->question_count == 0)
		return failure_set(failure, ERR_FORMAT, "it has neither questions nor a result");
	if (out->question_count > DIALOGUE_QUESTIONS_MAX)
		return failure_set(failure, ERR_FORMAT, "it has more than %d questions",
		    DIALOGUE_QUESTIONS_MAX);
	if (json_array_size(echos) != out->question_count)
		return failure_set(failure, ERR_FORMAT, "it has %zu questions and %zu echos",
		    out->question_count, json_array_size(echos));
	for (size_t i = 0; i < out->question_count; i++) {
		const json_t *question = json_array_get(questions, i);
		const json_t *echo = json_array_get(echos, i);

		if (!json_is_string(question) || !json_is_boolean(echo))
			return failure_set(failure, ERR_FORMAT,
			    "a question is no text, or an echo neither true nor false");
		buf_cstr(&out->questions, json_string_value(question));
		buf_bool(&out->questions, json_is_true(echo));
	}
	if (buf_error(&out->questions) == ERR_LIMIT)
		return failure_set(failure, ERR_FORMAT, "the questions are too long");
	return buf_error(&out->questions);
}

static int
read_object(const json_t *object, struct dialogue_line *out, struct failure *failure)
{
	json_int_t result, check;
	int err;

	if (!json_is_object(object))
		return failure_set(failure, ERR_FORMAT, "it is no JSON object");
	if ((err = read_number(object, "auth_result", &result, failure)) != 0 ||
	    (err = read_number(object, "check_password", &check, failure)) != 0)
		return err;
	if (result != 0) {
		out->verdict = result == 1 ? DIALOGUE_SUCCEEDED : DIALOGUE_FAILED;
		return 0;
	}
	if ((err = read_instruction(object, &out->instruction, failure)) != 0 ||
	    (err = read_questions(object, out, failure)) != 0)
		return err;
	out->check_password = check != 0;
	if (out->check_password && out->question_count != 1)
		return failure_set(
		    failure, ERR_FORMAT, "\"check_password\" goes with exactly one question");
	out->verdict = DIALOGUE_ASKS;
	return 0;
}

int
dialogue_line_read(struct view text, struct dialogue_line *out, struct failure *failure)
{
	json_t *object;
	int err;

	*out = (struct dialogue_line){ .instruction = buf_init(DIALOGUE_TEXT_MAX),
		.questions = buf_init(DIALOGUE_QUESTIONS_BYTES_MAX) };
	err = accounts_json_parse(text, DIALOGUE_LINE_MAX, &object, failure);
	if (err == 0)
		err = read_object(object, out, failure);
	json_decref(object);
	if (err != 0)
		out->verdict = DIALOGUE_FAILED;
	return err == ERR_LIMIT ? ERR_FORMAT : err;
}

void
dialogue_line_free(struct dialogue_line *line)
{
	buf_free(&line->instruction);
	buf_free(&line->questions);
}
