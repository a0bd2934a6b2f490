/*
 * What the programs of the administrator print: lines of a dialogue, an account, a part of one.
 * Whatever is accepted keeps the limits of the messages that carry it on, and what is stored is
 * the account of the login and nobody else's.
 */
#include "accounts/accounts.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_line(struct view text)
{
	struct failure failure = { 0 };
	struct dialogue_line line;
	struct rd r;
	size_t count = 0;

	if (dialogue_line_read(text, &line, &failure) != 0) {
		if (failure.text[0] == '\0' || line.verdict != DIALOGUE_FAILED)
			abort();
	} else if (line.verdict == DIALOGUE_ASKS) {
		r = rd_of(buf_view(&line.questions));
		while (r.bad == 0 && r.n > 0) {
			if (view_has_nul(rd_str(&r, DIALOGUE_QUESTIONS_BYTES_MAX)))
				abort();
			rd_bool(&r);
			count++;
		}
		if (rd_end(&r) != 0 || count == 0 || count != line.question_count ||
		    count > DIALOGUE_QUESTIONS_MAX || (line.check_password && count != 1) ||
		    line.instruction.n > DIALOGUE_TEXT_MAX)
			abort();
	}
	dialogue_line_free(&line);
}

static void
expect_only_bob(struct provider *provider, bool is_there)
{
	struct user_list list;

	if (provider_dump(provider, &list, NULL) != 0 || list.count > 1 ||
	    (is_there && list.count == 0) ||
	    (list.count == 1 && strcmp(list.items[0]->username, "bob") != 0))
		abort();
	user_list_free(&list);
}

static void
store(struct view text)
{
	static const struct provider_config config = { .driver = "memory",
		.cost = { .memory_kib = 8, .passes = 1, .lanes = 1 }, .programs_write = true };
	const struct external_login login = { .username = "bob",
		.password = { .p = (const uint8_t *)"secret", .n = 6 } };
	struct failure failure = { 0 };
	struct provider *provider;
	struct user *user = NULL;
	bool is_there;

	if (provider_open(&config, &provider, NULL) != 0)
		abort();
	is_there = external_reply_store(provider, &login, text, &failure) == 0;
	if (!is_there && failure.text[0] == '\0')
		abort();
	expect_only_bob(provider, is_there);
	if (is_there && (provider_find(provider, "bob", &user, NULL) != 0 ||
	    password_check(user->password, login.password) != PASSWORD_RIGHT))
		abort();
	user_free(&user);
	if (is_there)
		(void)!pre_login_reply_store(provider, "bob", text, &failure);
	expect_only_bob(provider, is_there);
	provider_close(&provider);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = { .p = data, .n = size };

	if (crypto_init() != 0)
		abort();
	read_line(text);
	store(text);
	return 0;
}
