/* The control engine: every request against every set of areas, and what a refusal leaves. */
#include "control_harness.h"

struct asked {
	int status;
	char message[CONTROL_MESSAGE_MAX];
	unsigned times;
};

static void
on_answer(void *ctx, const struct control_answer *answer)
{
	struct asked *asked = ctx;

	asked->status = answer->status;
	snprintf(asked->message, sizeof(asked->message), "%s", answer->message);
	asked->times++;
}

/* A server whose loop is run here. */
static struct server *
make(void)
{
	struct server *server = start_server(0);
	struct control_engine_settings settings;

	/* its own thread ends; the engine goes on with a loop of ours */
	uv_async_send(&server->stop);
	pthread_join(server->thread, NULL);
	assert_int_equal(uv_loop_close(&server->loop), 0);
	assert_int_equal(uv_loop_init(&server->loop), 0);
	control_engine_free(&server->engine);
	settings = engine_settings_of(server);
	assert_int_equal(control_engine_new(&server->engine, &settings), 0);
	return server;
}

static void
finish(struct server *server)
{
	assert_int_equal(uv_loop_close(&server->loop), 0);
	control_engine_free(&server->engine);
	admin_store_close(&server->admins);
	provider_close(&server->provider);
	log_free(&server->log);
	free(server);
}

static struct asked
run(struct server *server, const struct control_row *row, uint32_t areas)
{
	struct control_actor actor = { .kind = ACTOR_ADMINISTRATOR, .name = "ann",
		.origin = "192.0.2.1", .areas = areas };
	struct control_answer answer = { 0 };
	struct control_request request;
	struct asked asked = { 0 };

	assert_true(control_request_make(row->resource, row->verb, NULL, &request, &answer));
	control_engine_run(server->engine, &actor, &request, on_answer, &asked);
	uv_run(&server->loop, UV_RUN_DEFAULT);
	assert_int_equal(asked.times, 1);
	return asked;
}

/* Each request needs its area and no other; whoever has it gets past the check. */
static void
test_every_area_and_request(void **state)
{
	struct server *server = make();
	const struct control_row *row;

	(void)state;
	for (size_t i = 0; (row = control_row_at(i)) != NULL; i++) {
		bool any = row->area == AREA_ANY;

		assert_true(row->area <= AREA_ANY);
		for (unsigned area = 0; area < AREA_COUNT; area++) {
			struct asked alone = run(server, row, 1u << area);
			struct asked others = run(server, row, AREAS_ALL & ~(1u << area));

			assert_int_equal(alone.status == 403, !any && row->area != area);
			assert_int_equal(others.status == 403, !any && row->area == area);
		}
		assert_int_equal(run(server, row, 0).status == 403, !any);
		assert_int_not_equal(run(server, row, AREAS_ALL).status, 403);
		assert_int_not_equal(run(server, row, AREAS_ALL).status, 0);
	}
	assert_int_equal(server->changed, 0);
	finish(server);
}

/* A request that changes something has an area for changes. */
static void
test_changes_need_more_than_a_view(void **state)
{
	const struct control_row *row;

	(void)state;
	for (size_t i = 0; (row = control_row_at(i)) != NULL; i++) {
		if (row->is_change)
			assert_true(row->area != AREA_VIEW_USERS &&
			    row->area != AREA_VIEW_CONNECTIONS && row->area != AREA_METRICS &&
			    row->area != AREA_AUDIT);
	}
}

static void
test_names_of_areas(void **state)
{
	json_t *list;
	uint32_t areas;

	(void)state;
	for (unsigned area = 0; area < AREA_COUNT; area++) {
		list = control_areas_to_json(1u << area);
		assert_int_equal(json_array_size(list), 1);
		assert_string_equal(json_string_value(json_array_get(list, 0)),
		    control_area_name(area));
		assert_int_equal(control_areas_from_json(list, &areas), 0);
		assert_int_equal(areas, 1u << area);
		json_decref(list);
	}
	assert_null(control_area_name(AREA_COUNT));
	list = control_areas_to_json(AREAS_ALL);
	assert_string_equal(json_string_value(json_array_get(list, 0)), "*");
	assert_int_equal(control_areas_from_json(list, &areas), 0);
	assert_int_equal(areas, AREAS_ALL);
	json_array_append_new(list, json_string("fly"));
	assert_int_equal(control_areas_from_json(list, &areas), ERR_INVALID);
	json_decref(list);
	list = json_string("*");
	assert_int_equal(control_areas_from_json(list, &areas), ERR_INVALID);
	json_decref(list);
	list = json_pack("[i]", 1);
	assert_int_equal(control_areas_from_json(list, &areas), ERR_INVALID);
	json_decref(list);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_area_and_request),
		cmocka_unit_test(test_changes_need_more_than_a_view),
		cmocka_unit_test(test_names_of_areas),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
