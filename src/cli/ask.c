/* Asking the server, and what it answers. */
#include "cli/cli.h"

#include "control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
tell_fault(int err, const char *path, const struct cli_common *common)
{
	switch (err) {
	case ERR_UNAVAILABLE:
		cli_error("no server is running with this configuration (nobody listens on %s)",
		    path);
		cli_error("start one with: postern serve --config-dir %s", common->config_dir);
		return CLI_NO_SERVER;
	case ERR_DENIED:
		cli_error("%s is not ours to use: be root, or the user that the server runs as",
		    path);
		return CLI_FAILED;
	case ERR_LIMIT:
		cli_error("the request is longer than %d bytes", CONTROL_REQUEST_MAX);
		return CLI_FAILED;
	case ERR_IO:
		cli_error("%s: %s", path, strerror(errno));
		return CLI_FAILED;
	default:
		cli_error("%s: %s", path, err_text(err));
		return CLI_FAILED;
	}
}

static int
take_answer(json_t *answer, json_t **body_out)
{
	json_int_t status = json_integer_value(json_object_get(answer, "status"));
	const char *message = json_string_value(json_object_get(answer, "message"));

	if (status >= 200 && status < 300) {
		if (body_out != NULL)
			*body_out = json_incref(json_object_get(answer, "body"));
		return CLI_DONE;
	}
	if (message != NULL)
		cli_error("%s", message);
	else
		cli_error("the server answered with status %" JSON_INTEGER_FORMAT, status);
	return CLI_FAILED;
}

int
cli_ask(const struct cli_common *common, const char *resource, const char *verb, json_t *body,
	json_t **body_out)
{
	struct config *config = cli_load_config(common, true);
	json_t *request = json_pack("{s:s, s:s, s:o}", "resource", resource, "verb", verb, "body",
	    body);
	json_t *answer = NULL;
	char *path = config != NULL ? config_path(config, config->control_socket) : NULL;
	int status = CLI_FAILED, err;

	if (body_out != NULL)
		*body_out = NULL;
	if (request == NULL) {
		/* what an argument holds goes into the body, and JSON has no other texts */
		cli_error("an argument is not UTF-8 text");
	} else if (config != NULL && path == NULL) {
		cli_error("%s", err_text(ERR_MEMORY));
	} else if (config != NULL) {
		err = control_ask(path, request, &answer);
		status = err == 0 ? take_answer(answer, body_out)
		    : tell_fault(err, path, common);
	}
	json_decref(answer);
	json_decref(request);
	free(path);
	config_free(&config);
	return status;
}

int
cli_ask_and_print(const struct cli_common *common, const char *resource, const char *verb,
	json_t *body, void (*print)(const json_t *answer))
{
	json_t *answer = NULL;
	int status = cli_ask(common, resource, verb, body, &answer);

	if (status == CLI_DONE && common->json)
		cli_print_json(answer);
	else if (status == CLI_DONE)
		print(answer);
	json_decref(answer);
	return status;
}

json_t *
cli_named(const char *username)
{
	return json_pack("{s:s}", "username", username);
}
