/* The numbers: how they are counted, and what the text is made of. */
#include "master/metrics.h"

#include "master/login_keys.h"
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct metrics *metrics;
static struct buf text;

static int
set_up(void **state)
{
	(void)state;
	text = buf_init(1024 * 1024);
	return metrics_new(&metrics);
}

static int
tear_down(void **state)
{
	(void)state;
	buf_free(&text);
	metrics_free(&metrics);
	return 0;
}

/* Asserts that the text has this line. */
static void
has_line(const char *line)
{
	char wanted[512];

	buf_clear(&text);
	metrics_write(metrics, &text);
	buf_u8(&text, '\0');
	assert_int_equal(buf_error(&text), 0);
	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (strstr((char *)text.p, wanted) == NULL)
		fail_msg("no line \"%s\"", line);
}

static void
test_logins(void **state)
{
	(void)state;
	metrics_login(metrics, METRIC_PASSWORD, true);
	metrics_login(metrics, METRIC_PASSWORD, false);
	metrics_login(metrics, METRIC_PUBLIC_KEY, false);
	metrics_login(metrics, METRIC_INTERACTIVE, true);
	has_line("sftpgo_login_attempts_total 4");
	has_line("sftpgo_login_ok_total 2");
	has_line("sftpgo_login_ko_total 2");
	has_line("sftpgo_password_login_attempts_total 2");
	has_line("sftpgo_password_login_ok_total 1");
	has_line("sftpgo_password_login_ko_total 1");
	has_line("sftpgo_public_key_login_attempts_total 1");
	has_line("sftpgo_public_key_login_ok_total 0");
	has_line("sftpgo_public_key_login_ko_total 1");
	has_line("sftpgo_keyboard_interactive_login_ok_total 1");
}

static void
test_transfers(void **state)
{
	(void)state;
	metrics_transfer(metrics, 0, true, false, 10);
	metrics_transfer(metrics, 0, true, true, 5);
	metrics_transfer(metrics, 1, false, false, 7);
	metrics_transfer(metrics, 2, false, true, 3);
	has_line("sftpgo_uploads_total 1");
	has_line("sftpgo_upload_errors_total 1");
	has_line("sftpgo_upload_size 15");
	has_line("sftpgo_downloads_total 1");
	has_line("sftpgo_download_errors_total 1");
	has_line("sftpgo_download_size 10");
	has_line("postern_transfer_bytes_total{protocol=\"sftp\",direction=\"upload\"} 15");
	has_line("postern_transfer_bytes_total{protocol=\"sftp\",direction=\"download\"} 0");
	has_line("postern_transfer_bytes_total{protocol=\"scp\",direction=\"download\"} 7");
	has_line("postern_transfer_bytes_total{protocol=\"ssh\",direction=\"download\"} 3");
}

static void
test_commands_and_http(void **state)
{
	static const int statuses[] = { 200, 299, 301, 400, 499, 500, 599 };

	(void)state;
	metrics_command(metrics, true);
	metrics_command(metrics, false);
	metrics_command(metrics, false);
	has_line("sftpgo_ssh_commands_total 1");
	has_line("sftpgo_ssh_command_errors_total 2");
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		metrics_http(metrics, statuses[i]);
	has_line("sftpgo_http_req_total 7");
	has_line("sftpgo_http_req_ok_total 2");
	has_line("sftpgo_http_client_errors_total 2");
	has_line("sftpgo_http_server_errors_total 2");
}

/* A bucket holds what is at most its bound, and all that is below. */
static void
test_histogram(void **state)
{
	(void)state;
	metrics_login_took(metrics, METRIC_PUBLIC_KEY, 0);
	metrics_login_took(metrics, METRIC_PUBLIC_KEY, 1);
	metrics_login_took(metrics, METRIC_PUBLIC_KEY, 2);
	metrics_login_took(metrics, METRIC_PUBLIC_KEY, 10000);
	metrics_login_took(metrics, METRIC_PUBLIC_KEY, 10001);
	has_line("postern_login_seconds_bucket{method=\"public_key\",le=\"0.001\"} 2");
	has_line("postern_login_seconds_bucket{method=\"public_key\",le=\"0.005\"} 3");
	has_line("postern_login_seconds_bucket{method=\"public_key\",le=\"2.500\"} 3");
	has_line("postern_login_seconds_bucket{method=\"public_key\",le=\"10.000\"} 4");
	has_line("postern_login_seconds_bucket{method=\"public_key\",le=\"+Inf\"} 5");
	has_line("postern_login_seconds_sum{method=\"public_key\"} 20.004");
	has_line("postern_login_seconds_count{method=\"public_key\"} 5");
	has_line("postern_login_seconds_count{method=\"password\"} 0");
}

/* Every label has a place of its own. */
static void
test_labels(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HANDSHAKE_REASONS; i++)
		metrics_add(metrics, METRIC_HANDSHAKE_FAILURES, i, i + 1);
	for (unsigned i = 0; i < METRIC_ROLES; i++)
		metrics_add(metrics, METRIC_CRASHES, i, i + 1);
	for (unsigned i = 0; i < REFUSAL_REASONS; i++)
		metrics_add(metrics, METRIC_REFUSED, i, i + 1);
	has_line("postern_handshake_failures_total{reason=\"no_version\"} 1");
	has_line("postern_handshake_failures_total{reason=\"timeout\"} 4");
	has_line("postern_worker_crashes_total{role=\"login\"} 1");
	has_line("postern_worker_crashes_total{role=\"parking\"} 3");
	has_line("postern_refused_connections_total{reason=\"rule\"} 1");
	has_line("postern_refused_connections_total{reason=\"penalty\"} 6");
	metrics_add(metrics, METRIC_PROGRAMS, METRIC_PROGRAM_OK, 3);
	metrics_add(metrics, METRIC_PROGRAMS, METRIC_PROGRAM_STOPPED, 4);
	has_line("postern_program_results_total{result=\"ok\"} 3");
	has_line("postern_program_results_total{result=\"stopped\"} 4");
	metrics_set(metrics, METRIC_PARKED, 0, 9);
	metrics_set(metrics, METRIC_PARKED, 0, 4);
	has_line("postern_parked_sessions 4");
	metrics_add(metrics, METRIC_UPLOAD_SIZE, 0, UINT64_MAX);
	has_line("sftpgo_upload_size 18446744073709551615");
}

static void
test_keys_count_once(void **state)
{
	struct login_keys keys = { 0 };
	char key[8];

	(void)state;
	assert_int_equal(crypto_init(), 0);
	assert_true(login_keys_first(&keys, "bob", view_of("key")));
	assert_false(login_keys_first(&keys, "bob", view_of("key")));
	assert_true(login_keys_first(&keys, "eve", view_of("key")));
	assert_true(login_keys_first(&keys, "bobk", view_of("ey")));
	for (int i = 3; i < LOGIN_KEYS_MAX; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_true(login_keys_first(&keys, "bob", view_of(key)));
		assert_false(login_keys_first(&keys, "bob", view_of(key)));
	}
	/* one too many is not remembered, and does no harm */
	assert_true(login_keys_first(&keys, "bob", view_of("more")));
	assert_true(login_keys_first(&keys, "bob", view_of("more")));
	assert_false(login_keys_first(&keys, "bob", view_of("key")));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_logins, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_transfers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_commands_and_http, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_histogram, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_labels, set_up, tear_down),
		cmocka_unit_test(test_keys_count_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
