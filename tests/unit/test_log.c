/* The log: exact bytes of every kind of line, rotation, and what happens when it cannot write. */
#include "base/fd.h"
#include "log/log.h"
#include "log/log_rotated.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { TEXT_MAX = 1024 * 1024 };

/* 2020-02-05T10:11:12.345 in UTC, which is the local time of these tests. */
#define START_MS INT64_C(1580897472345)
#define DAY_MS INT64_C(86400000)
#define TIME "\"time\":\"2020-02-05T10:11:12.345\""

static int64_t now_ms = START_MS;

static int64_t
test_clock(void)
{
	return now_ms;
}

static char directory[] = "/tmp/postern-test-log-XXXXXX";

static int
set_up(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return mkdtemp(directory) != NULL ? chdir(directory) : -1;
}

static int
tear_down(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

static struct log_settings
settings_for(const char *path)
{
	return (struct log_settings){ .destination = LOG_TO_FILE, .path = path, .verbose = true,
		.wall_ms = test_clock };
}

static struct log *
open_log(const struct log_settings *settings)
{
	struct log *log;

	assert_int_equal(log_open(&log, settings), 0);
	return log;
}

static void
expect_content(const char *path, const char *wanted)
{
	struct buf content = buf_init(TEXT_MAX);

	assert_int_equal(fd_read_file(path, &content), 0);
	buf_u8(&content, 0);
	assert_string_equal((char *)content.p, wanted);
	buf_free(&content);
}

/* ---- lines */

static void
test_app(void **state)
{
	struct log_settings settings = settings_for("app.log");
	struct log *log = open_log(&settings);

	(void)state;
	log_app(log, LOG_LEVEL_DEBUG, "sftpd", "abc", "got %d", 7);
	log_app(log, LOG_LEVEL_INFO, "service", "", "a \"quote\"\n");
	log_app_view(log, LOG_LEVEL_WARN, "ssh", "x", (struct view){ (const uint8_t *)"a\xff\0b",
	    4 });
	log_app(log, LOG_LEVEL_ERROR, "httpd", "", "%s", "");
	log_free(&log);
	assert_null(log);
	expect_content("app.log",
	    "{\"level\":\"debug\"," TIME ",\"sender\":\"sftpd\",\"connection_id\":\"abc\","
	    "\"message\":\"got 7\"}\n"
	    "{\"level\":\"info\"," TIME ",\"sender\":\"service\",\"connection_id\":\"\","
	    "\"message\":\"a \\\"quote\\\"\\n\"}\n"
	    "{\"level\":\"warn\"," TIME ",\"sender\":\"ssh\",\"connection_id\":\"x\","
	    "\"message\":\"a\xef\xbf\xbd\\u0000b\"}\n"
	    "{\"level\":\"error\"," TIME ",\"sender\":\"httpd\",\"connection_id\":\"\","
	    "\"message\":\"\"}\n");
}

static void
test_transfer(void **state)
{
	struct log_settings settings = settings_for("transfer.log");
	struct log *log = open_log(&settings);
	struct log_transfer transfer = { .upload = true, .elapsed_ms = 12, .size_bytes = 1 << 20,
		.username = "bob", .file_path = view_of("/srv/bob/a \xc3\xa4"),
		    .connection_id = "c1",
		.protocol = "SFTP" };

	(void)state;
	log_transfer(log, &transfer);
	transfer.upload = false;
	transfer.size_bytes = 0;
	log_transfer(log, &transfer);
	log_free(&log);
	expect_content("transfer.log",
	    "{\"level\":\"info\"," TIME ",\"sender\":\"Upload\",\"elapsed_ms\":12,"
	    "\"size_bytes\":1048576,\"username\":\"bob\",\"file_path\":\"/srv/bob/a \xc3\xa4\","
	    "\"connection_id\":\"c1\",\"protocol\":\"SFTP\"}\n"
	    "{\"level\":\"info\"," TIME ",\"sender\":\"Download\",\"elapsed_ms\":12,"
	    "\"size_bytes\":0,\"username\":\"bob\",\"file_path\":\"/srv/bob/a \xc3\xa4\","
	    "\"connection_id\":\"c1\",\"protocol\":\"SFTP\"}\n");
}

static void
test_command(void **state)
{
	struct log_settings settings = settings_for("command.log");
	struct log *log = open_log(&settings);
	char mode[LOG_FILEMODE_SIZE];
	struct log_command command = { .sender = "Rename", .username = "bob",
		.file_path = view_of("/a"), .target_path = view_of("/b"), .filemode = "", .uid = -1,
		.gid = -1, .access_time = LOG_NO_TIME, .modification_time = LOG_NO_TIME,
		.ssh_command = view_of(""), .connection_id = "c", .protocol = "SFTP" };

	(void)state;
	log_command(log, &command);
	command = (struct log_command){ .sender = "Chtimes", .username = "bob",
		.file_path = view_of("/a"), .target_path = view_of(""),
		.filemode = log_filemode(S_IFREG | 0640, mode), .uid = 1000, .gid = 0,
		.access_time = START_MS / 1000, .modification_time = 0,
		.ssh_command = view_of("md5sum "), .connection_id = "c", .protocol = "SSH" };
	log_command(log, &command);
	log_free(&log);
	expect_content("command.log",
	    "{\"level\":\"info\"," TIME ",\"sender\":\"Rename\",\"username\":\"bob\","
	    "\"file_path\":\"/a\",\"target_path\":\"/b\",\"filemode\":\"\",\"uid\":-1,\"gid\":-1,"
	    "\"access_time\":\"\",\"modification_time\":\"\",\"ssh_command\":\"\","
	    "\"connection_id\":\"c\",\"protocol\":\"SFTP\"}\n"
	    "{\"level\":\"info\"," TIME ",\"sender\":\"Chtimes\",\"username\":\"bob\","
	    "\"file_path\":\"/a\",\"target_path\":\"\",\"filemode\":\"-rw-r-----\",\"uid\":1000,"
	    "\"gid\":0,\"access_time\":\"2020-02-05T10:11:12\","
	    "\"modification_time\":\"1970-01-01T00:00:00\",\"ssh_command\":\"md5sum \","
	    "\"connection_id\":\"c\",\"protocol\":\"SSH\"}\n");
}

static void
test_filemode(void **state)
{
	char mode[LOG_FILEMODE_SIZE];

	(void)state;
	assert_string_equal(log_filemode(S_IFDIR | 0755, mode), "drwxr-xr-x");
	assert_string_equal(log_filemode(S_IFREG, mode), "----------");
	assert_string_equal(log_filemode(S_IFLNK | 0777, mode), "Lrwxrwxrwx");
}

/* The line that the fail2ban filter is anchored on; it is there even when not verbose. */
static void
test_connection_failed(void **state)
{
	struct log_settings settings = settings_for("failed.log");
	struct log *log;

	(void)state;
	settings.verbose = false;
	log = open_log(&settings);
	log_app(log, LOG_LEVEL_DEBUG, "sftpd", "", "not written");
	log_connection_failed(log, "203.0.113.9", view_of("root\",\"login_type\":\"x"), "password",
	    view_of("Invalid credentials"));
	log_free(&log);
	expect_content("failed.log",
	    "{\"level\":\"debug\"," TIME ",\"sender\":\"connection_failed\","
	    "\"client_ip\":\"203.0.113.9\",\"username\":\"root\\\",\\\"login_type\\\":\\\"x\","
	    "\"login_type\":\"password\",\"error\":\"Invalid credentials\"}\n");
}

static void
test_long_texts(void **state)
{
	struct log_settings settings = settings_for("long.log");
	struct log *log = open_log(&settings);
	char *text = malloc(5000);
	struct stat st;

	(void)state;
	memset(text, 'x', 4999);
	text[4999] = '\0';
	/* A message is cut at its limit, the line stays whole. */
	log_app(log, LOG_LEVEL_INFO, "s", "", "%s", text);
	assert_int_equal(stat("long.log", &st), 0);
	assert_int_equal(st.st_size,
	    4095 + (int)strlen("{\"level\":\"info\"," TIME ",\"sender\":\"s\","
			       "\"connection_id\":\"\",\"message\":\"\"}\n"));
	free(text);
	log_free(&log);
}

/* ---- where it goes */

static char *
capture_stdout(struct log *log, void (*act)(struct log *log))
{
	struct buf content = buf_init(TEXT_MAX);
	int saved = dup(STDOUT_FILENO), fd = open("stdout", O_RDWR | O_CREAT | O_TRUNC, 0600);

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	act(log);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	assert_int_equal(fd_read_file("stdout", &content), 0);
	buf_u8(&content, 0);
	return (char *)content.p;
}

static void
say_hello(struct log *log)
{
	log_console(log, LOG_LEVEL_WARN, "service", "hello \033[31m%s", "you");
}

static void
test_console(void **state)
{
	struct log_settings settings = settings_for("console.log");
	struct log *log = open_log(&settings);
	char *text = capture_stdout(log, say_hello);

	(void)state;
	/* A terminal would obey the escape. */
	assert_string_equal(text, "10:11:12 warn  hello ?[31myou\n");
	free(text);
	log_free(&log);
	expect_content("console.log", "{\"level\":\"warn\"," TIME ",\"sender\":\"service\","
				      "\"connection_id\":\"\",\"message\":\""
				      "hello \\u001b[31myou\"}\n");

	settings.destination = LOG_TO_STDOUT;
	log = open_log(&settings);
	text = capture_stdout(log, say_hello);
	assert_string_equal(text, "{\"level\":\"warn\"," TIME ",\"sender\":\"service\","
				  "\"connection_id\":\"\",\"message\":\"hello \\u001b[31myou\"}\n");
	free(text);
	log_free(&log);

	settings.destination = LOG_TO_NOTHING;
	log = open_log(&settings);
	text = capture_stdout(log, say_hello);
	assert_string_equal(text, "10:11:12 warn  hello ?[31myou\n");
	free(text);
	log_connection_failed(log, "::1", view_of(""), "password", view_of(""));
	log_free(&log);
}

static void
test_directories_are_made(void **state)
{
	struct log_settings settings = settings_for("deep/er/x.log");
	struct log *log = open_log(&settings);
	struct stat st;

	(void)state;
	assert_int_equal(stat("deep/er", &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0744, 0);
	assert_int_equal(stat("deep/er/x.log", &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0644, 0);
	log_free(&log);
	settings.path = "deep"; /* a directory */
	assert_int_equal(log_open(&log, &settings), ERR_IO);
	assert_null(log);
}

/* ---- rotation */

static unsigned
count_files(const char *beginning, const char *ending)
{
	DIR *here = opendir(".");
	struct dirent *entry;
	unsigned count = 0;

	while ((entry = readdir(here)) != NULL) {
		size_t n = strlen(entry->d_name), e = strlen(ending);

		count += strncmp(entry->d_name, beginning, strlen(beginning)) == 0 && n >= e &&
		    strcmp(entry->d_name + n - e, ending) == 0;
	}
	closedir(here);
	return count;
}

static size_t
line_length(void)
{
	return strlen("{\"level\":\"info\"," TIME ",\"sender\":\"s\",\"connection_id\":\"\","
		      "\"message\":\"0\"}\n");
}

/* The write that would pass the size goes to a new file; one that reaches it does not. */
static void
test_held_lines(void **state)
{
	struct log_settings settings = settings_for("held.log");
	struct log *log = open_log(&settings);
	const char *first = "{\"level\":\"info\"," TIME ",\"sender\":\"a\","
			    "\"connection_id\":\"\",\"message\":\"1\"}\n";
	char both[512];

	(void)state;
	log_hold(log);
	log_hold(log);
	log_app(log, LOG_LEVEL_INFO, "a", "", "1");
	log_release(log);
	expect_content("held.log", "");
	log_release(log);
	expect_content("held.log", first);
	snprintf(both, sizeof(both), "%s%s", first, first);
	log_app(log, LOG_LEVEL_INFO, "a", "", "1");
	expect_content("held.log", both);
	log_free(&log);
}

static void
test_rotation(void **state)
{
	struct log_settings settings = settings_for("size.log");
	struct log *log;

	(void)state;
	settings.max_size_bytes = 2 * line_length();
	log = open_log(&settings);
	log_app(log, LOG_LEVEL_INFO, "s", "", "1");
	log_app(log, LOG_LEVEL_INFO, "s", "", "2");
	assert_int_equal(count_files("size-", ".log"), 0);
	log_app(log, LOG_LEVEL_INFO, "s", "", "3");
	log_free(&log);
	expect_content("size.log", "{\"level\":\"info\"," TIME ",\"sender\":\"s\","
				   "\"connection_id\":\"\",\"message\":\"3\"}\n");
	expect_content("size-2020-02-05T10-11-12.345.log",
	    "{\"level\":\"info\"," TIME ",\"sender\":\"s\",\"connection_id\":\"\","
	    "\"message\":\"1\"}\n"
	    "{\"level\":\"info\"," TIME ",\"sender\":\"s\",\"connection_id\":\"\","
	    "\"message\":\"2\"}\n");
	/* What was there before counts. */
	now_ms++;
	log = open_log(&settings);
	log_app(log, LOG_LEVEL_INFO, "s", "", "4");
	log_app(log, LOG_LEVEL_INFO, "s", "", "5");
	log_free(&log);
	assert_int_equal(count_files("size-", ".log"), 2);
	now_ms = START_MS;
}

static void
test_line_above_the_size(void **state)
{
	struct log_settings settings = settings_for("tiny.log");
	struct log *log;

	(void)state;
	settings.max_size_bytes = 1;
	log = open_log(&settings);
	log_app(log, LOG_LEVEL_INFO, "s", "", "1");
	assert_int_equal(count_files("tiny", ".log"), 1);
	log_app(log, LOG_LEVEL_INFO, "s", "", "2");
	assert_int_equal(count_files("tiny", ".log"), 2);
	log_free(&log);
}

static void
test_backups_kept(void **state)
{
	struct log_settings settings = settings_for("kept.log");
	struct log *log;

	(void)state;
	settings.max_size_bytes = 1;
	settings.max_backups = 3;
	/* Not ours, whatever they look like. */
	assert_int_equal(fd_write_file("kept-2000-01-01T00-00-00.log", 0600, view_of("")), 0);
	assert_int_equal(fd_write_file("kept-x000-01-01T00-00-00.000.log", 0600, view_of("")), 0);
	assert_int_equal(fd_write_file("kept-2000-01-01T00-00-00.000.log.x", 0600, view_of("")), 0);
	assert_int_equal(fd_write_file("kepter-2000-01-01T00-00-00.000.log", 0600, view_of("")), 0);
	log = open_log(&settings);
	for (int i = 0; i < 6; i++) {
		log_app(log, LOG_LEVEL_INFO, "s", "", "%d", i);
		now_ms += 1000;
	}
	log_free(&log);
	assert_int_equal(count_files("kept-2020", ".log"), 3);
	assert_int_equal(count_files("kept-2020-02-05T10-11-17", ".log"), 1);
	assert_int_equal(count_files("kept-2020-02-05T10-11-15", ".log"), 1);
	assert_int_equal(count_files("kept-2000", ""), 2);
	assert_int_equal(count_files("kept-x", ""), 1);
	assert_int_equal(count_files("kepter", ""), 1);
	now_ms = START_MS;
}

static void
test_age(void **state)
{
	char *young = log_rotated_name("age.log", START_MS - 2 * DAY_MS);
	char *old = log_rotated_name("age.log", START_MS - 2 * DAY_MS - 1);

	(void)state;
	assert_string_equal(young, "age-2020-02-03T10-11-12.345.log");
	assert_string_equal(old, "age-2020-02-03T10-11-12.344.log");
	assert_int_equal(fd_write_file(young, 0600, view_of("")), 0);
	assert_int_equal(fd_write_file(old, 0600, view_of("")), 0);
	log_rotated_remove_old("age.log", 0, 0, START_MS);
	assert_int_equal(count_files("age-", ""), 2);
	log_rotated_remove_old("age.log", 0, 2, START_MS);
	assert_int_equal(access(young, F_OK), 0);
	assert_int_equal(access(old, F_OK), -1);
	free(young);
	free(old);
}

static void
test_names_without_extension(void **state)
{
	char *name = log_rotated_name("/var/log.d/x", START_MS);

	(void)state;
	assert_string_equal(name, "/var/log.d/x-2020-02-05T10-11-12.345");
	free(name);
}

static void
test_compression(void **state)
{
	struct log_settings settings = settings_for("zip.log");
	char text[200] = "";
	struct log *log;
	gzFile gz;

	(void)state;
	settings.max_size_bytes = 1;
	settings.max_backups = 2;
	settings.compress = true;
	log = open_log(&settings);
	for (int i = 0; i < 4; i++) {
		log_app(log, LOG_LEVEL_INFO, "s", "", "%d", i);
		now_ms += 1000;
	}
	log_free(&log); /* waits for the last one */
	now_ms = START_MS;
	assert_int_equal(count_files("zip-", ".log"), 0);
	assert_int_equal(count_files("zip-", ".log.gz"), 2);
	assert_int_equal(count_files("zip-", ".tmp"), 0);
	gz = gzopen("zip-2020-02-05T10-11-15.345.log.gz", "rb");
	assert_non_null(gz);
	assert_true(gzread(gz, text, sizeof(text) - 1) > 0);
	gzclose(gz);
	assert_non_null(strstr(text, "\"message\":\"2\"}\n"));
}

static void
test_compression_fails(void **state)
{
	(void)state;
	assert_int_equal(log_rotated_compress("not-there.log"), ERR_IO);
	assert_int_equal(access("not-there.log.gz", F_OK), -1);
	/* The packed file's place is taken by a directory: the original stays. */
	assert_int_equal(fd_write_file("stays.log", 0600, view_of("x")), 0);
	assert_int_equal(mkdir("stays.log.gz", 0700), 0);
	assert_int_equal(log_rotated_compress("stays.log"), ERR_IO);
	expect_content("stays.log", "x");
	assert_int_equal(access("stays.log.gz.tmp", F_OK), -1);
}

/* ---- a disk that is full */

/* Nothing ends,
    and the first line that can be written again is preceded by how many are missing. */
static void
test_lost_lines(void **state)
{
	struct log_settings settings = settings_for("full.log");
	struct log *log = open_log(&settings);
	struct rlimit before, small;
	struct buf content = buf_init(TEXT_MAX);

	(void)state;
	log_app(log, LOG_LEVEL_INFO, "s", "", "first");
	/* Files may not grow past the middle of the second line. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = line_length() + 20;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	log_app(log, LOG_LEVEL_INFO, "s", "", "lost");
	log_app(log, LOG_LEVEL_INFO, "s", "", "lost too");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	log_app(log, LOG_LEVEL_INFO, "s", "", "last");
	log_free(&log);
	assert_int_equal(fd_read_file("full.log", &content), 0);
	buf_u8(&content, 0);
	assert_null(strstr((char *)content.p, "lost\""));
	assert_non_null(strstr((char *)content.p, "first\"}\n{\"level\":\"warn\""));
	assert_non_null(strstr((char *)content.p,
	    "\"2 lines could not be written before this one\"}\n"
						  "{\"level\":\"info\""));
	assert_non_null(strstr((char *)content.p, "last\"}\n"));
	buf_free(&content);
}

/* All that were held are counted, with those that the first of them told of. */
static void
test_lost_held_lines(void **state)
{
	struct log_settings settings = settings_for("fullheld.log");
	struct log *log = open_log(&settings);
	struct rlimit before, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	log_app(log, LOG_LEVEL_INFO, "s", "", "lost");
	log_hold(log);
	log_app(log, LOG_LEVEL_INFO, "s", "", "lost too");
	log_app(log, LOG_LEVEL_INFO, "s", "", "lost as well");
	log_release(log);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	log_app(log, LOG_LEVEL_INFO, "s", "", "last");
	log_app(log, LOG_LEVEL_INFO, "s", "", "very last");
	log_free(&log);
	expect_content("fullheld.log",
	    "{\"level\":\"warn\"," TIME ",\"sender\":\"service\",\"connection_id\":\"\","
	    "\"message\":\"3 lines could not be written before this one\"}\n"
	    "{\"level\":\"info\"," TIME ",\"sender\":\"s\",\"connection_id\":\"\","
	    "\"message\":\"last\"}\n"
	    "{\"level\":\"info\"," TIME ",\"sender\":\"s\",\"connection_id\":\"\","
	    "\"message\":\"very last\"}\n");
}

/* A line of 64 KiB is written, one of a byte more is not, and those around it are. */
static void
test_longest_line(void **state)
{
	struct log_settings settings = settings_for("longest.log");
	struct log *log = open_log(&settings);
	size_t limit = 64 * 1024, text = limit - (line_length() - 1);
	uint8_t *message = malloc(text + 1);
	struct buf content = buf_init(TEXT_MAX);

	(void)state;
	assert_non_null(message);
	memset(message, 'x', text + 1);
	log_hold(log);
	log_app(log, LOG_LEVEL_INFO, "s", "", "0");
	log_app_view(log, LOG_LEVEL_INFO, "s", "", (struct view){ message, text + 1 });
	log_app_view(log, LOG_LEVEL_INFO, "s", "", (struct view){ message, text });
	log_app(log, LOG_LEVEL_INFO, "s", "", "0");
	log_release(log);
	log_free(&log);
	assert_int_equal(fd_read_file("longest.log", &content), 0);
	buf_u8(&content, 0);
	assert_non_null(strstr((char *)content.p,
	    "\"0\"}\n{\"level\":\"warn\"," TIME ",\"sender\":\"service\",\"connection_id\":\"\","
	    "\"message\":\"1 lines could not be written before this one\"}\n{\"level\":\"info\","));
	assert_int_equal(content.n - 1, 2 * line_length() + limit +
	    strlen("{\"level\":\"warn\"," TIME ",\"sender\":\"service\",\"connection_id\":\"\","
		   "\"message\":\"1 lines could not be written before this one\"}\n"));
	assert_memory_equal(content.p + content.n - 1 - 4, "0\"}\n", 4);
	buf_free(&content);
	free(message);
}

/* A new name that cannot be had must not cost the line. */
static void
test_rotation_fails(void **state)
{
	struct log_settings settings = settings_for("stuck.log");
	struct log *log;

	(void)state;
	settings.max_size_bytes = 1;
	log = open_log(&settings);
	log_app(log, LOG_LEVEL_INFO, "s", "", "1");
	assert_int_equal(mkdir("stuck-2020-02-05T10-11-12.345.log", 0700), 0);
	log_app(log, LOG_LEVEL_INFO, "s", "", "2");
	log_free(&log);
	expect_content("stuck.log",
	    "{\"level\":\"info\"," TIME ",\"sender\":\"s\",\"connection_id\":\"\","
	    "\"message\":\"1\"}\n"
	    "{\"level\":\"info\"," TIME ",\"sender\":\"s\",\"connection_id\":\"\","
	    "\"message\":\"2\"}\n");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_app),
		cmocka_unit_test(test_transfer),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_filemode),
		cmocka_unit_test(test_connection_failed),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_console),
		cmocka_unit_test(test_directories_are_made),
		cmocka_unit_test(test_held_lines),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_line_above_the_size),
		cmocka_unit_test(test_backups_kept),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_names_without_extension),
		cmocka_unit_test(test_compression),
		cmocka_unit_test(test_compression_fails),
		cmocka_unit_test(test_lost_lines),
		cmocka_unit_test(test_lost_held_lines),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_rotation_fails),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
