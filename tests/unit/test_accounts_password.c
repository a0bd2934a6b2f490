/*
 * Stored hashes of every kind, as the contract and the formats' own documentation give them, and
 * how much one of them may cost.
 */
#include "accounts/accounts.h"
#include "accounts/password_crypt.h"
#include "accounts/password_pbkdf2.h"

#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct vector {
	const char *hash, *password;
} vectors[] = {
	/* The contract's. */
	{ "$pbkdf2-sha256$150000$E86a9YMX3zC7$R5J62hsSq+pYw00hLLPKBbcGXmq7fj5+/M0IFoYtZbo=",
	    "password" },
	/* The reference implementation's: test.c of phc-winner-argon2. */
	{ "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
	    "password" },
	{ "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
	    "password" },
	/* The Openwall set for bcrypt. */
	{ "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U" },
	{ "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*" },
	{ "$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U" },
	{ "$2b$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U" },
	/* RFC 6070, in the contract's writing. */
	{ "$pbkdf2-sha1$1$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=", "password" },
	{ "$pbkdf2-sha1$2$salt$6mwBTcctb4zNHtkqzh1B8NjeiVc=", "password" },
	{ "$pbkdf2-sha1$4096$salt$SwB5AbdlSJq+rUnZJvch0GWkKcE=", "password" },
	{ "$pbkdf2-sha256$4096$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=", "password" },
	{ "$pbkdf2-sha512$1$salt$hn9wzxreAs/zdSWZo6U9xK80x6ZpgVrl1RNVThyM8lLALUcKKFoFAbrZmb/p"
	  "Q8CPBQI119aLHaVeY/c7YKV/zg==",
	    "password" },
	{ "$pbkdf2-sha512$4096$salt$0Zexsz2wFD4BixLz0dFHnmzevcyXxcD4f2kC4HL0V7UUPzBgJkGz1VzTN"
	  "ZiMs2uEN2Bg7NUy4Dm3QqI5Q0ry1Q==",
	    "password" },
	/* The specification of SHA-crypt. */
	{ "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!" },
	{ "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
	    "Hello world!" },
	{ "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcb"
	  "YEdFCoEOfaS35inz1",
	    "Hello world!" },
	{ "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3C"
	  "mLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1",
	    "a very much longer text to encrypt.  This one even stretches over morethan one "
	    "line." },
	/* yescrypt's own TESTS-OK; libcrypt with its default and its least cost. */
	{ "$y$jD5.7$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNB6",
	    "pleaseletmein" },
	{ "$y$j9T$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCe.", "secret" },
	{ "$y$j75$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01", "secret" },
	{ "$apr1$saltsalt$yAAkm4libquA.ZWLHbSBq/", "password" },
	{ "$1$salt$ez2vlPGdaLYkJam5pWs/Y1", "secret" },
};

static void
test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct view password = view_of(vectors[i].password);

		assert_true(password_is_hash(vectors[i].hash));
		assert_int_equal(password_check(vectors[i].hash, password), PASSWORD_RIGHT);
		password.n--;
		assert_int_equal(password_check(vectors[i].hash, password), PASSWORD_WRONG);
		assert_int_equal(password_check(vectors[i].hash, view_of("")), PASSWORD_EMPTY);
	}
}

/* Cut anywhere or longer by a character, no kind of hash lets its password in. */
static void
test_cut_hashes(void **state)
{
	char changed[PASSWORD_HASH_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct view password = view_of(vectors[i].password);
		size_t n = strlen(vectors[i].hash);

		/* Of those that take long, the last ones only. */
		size_t least = i == 0 || strncmp(vectors[i].hash, "$y$jD5", 6) == 0 ? n - 2 : 1;

		for (size_t cut = least; cut < n; cut += 3) {
			snprintf(changed, sizeof(changed), "%.*s", (int)cut, vectors[i].hash);
			/* base64 without its padding is the same hash. */
			if (vectors[i].hash[cut] == '=')
				continue;
			assert_int_not_equal(password_check(changed, password), PASSWORD_RIGHT);
		}
		snprintf(changed, sizeof(changed), "%sA", vectors[i].hash);
		assert_int_not_equal(password_check(changed, password), PASSWORD_RIGHT);
	}
}

/* One bit changed anywhere in a cheap hash of each kind that is parsed here. */
static void
test_changed_hashes(void **state)
{
	static const char *const hashes[] = {
		"$pbkdf2-sha1$1$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=",
		"$y$j75$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01",
		"$1$salt$ez2vlPGdaLYkJam5pWs/Y1",
	};
	static const char *const passwords[] = { "password", "secret", "secret" };
	char changed[PASSWORD_HASH_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(hashes); i++) {
		size_t parameters = 6, n = strlen(hashes[i]);

		snprintf(changed, sizeof(changed), "%s", hashes[i]);
		for (size_t at = 0; at < n; at++) {
			/* Not those that make it dear. */
			if (i == 1 && at >= 3 && at < parameters)
				continue;
			for (unsigned bit = 0; bit < 7; bit++) {
				changed[at] = (char)(hashes[i][at] ^ (1 << bit));
				assert_int_not_equal(
				    password_check(changed, view_of(passwords[i])),
				    PASSWORD_RIGHT);
			}
			changed[at] = hashes[i][at];
		}
	}
}

static void
test_broken_hashes(void **state)
{
	static const char *const hashes[] = {
		"$pbkdf2-sha1$",
		"$pbkdf2-sha1$1",
		"$pbkdf2-sha1$1$",
		"$pbkdf2-sha1$1$salt",
		"$pbkdf2-sha1$1$salt$",
		"$pbkdf2-sha1$1$salt$DGDID5YfDnHzqbUkr2ASBi/gN6",
		"$pbkdf2-sha1$1$salt$AAAA",
		"$pbkdf2-sha1$1$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=$",
		"$pbkdf2-sha1$1$salt$$DGDID5YfDnHzqbUkr2ASBi/gN6Y=",
		"$pbkdf2-sha1$0$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=",
		"$pbkdf2-sha1$-1$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=",
		"$pbkdf2-sha1$1 $salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=",
		"$pbkdf2-sha1$$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=",
		"$pbkdf2-sha256$1$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=",
		"$pbkdf2-md5$1$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=",
		"$y$",
		"$y$j",
		"$y$j7",
		"$y$j75",
		"$y$j75$",
		"$y$j75$abc",
		"$y$j75.$abc$",
		"$y$!75$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01",
		"$5$",
		"$5$saltstring",
		"$5$saltstring$",
		"$5$rounds=$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
		"$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
		"$gy$j9T$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01",
		"$3$$8846f7eaee8fb117ad06bdd830b7586c",
		"abJnggxhB/yWI",
		"*",
		"!!",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(hashes); i++)
		assert_int_equal(password_check(hashes[i], view_of("password")), PASSWORD_BROKEN);
}

/* At a limit a hash is looked at, beyond it none is begun. */
static void
test_costs(void **state)
{
	char hash[256];
	static const struct {
		const char *hash;
		enum password_result result;
	} rows[] = {
		/* 256 MiB; 512 MiB; a number of several characters */
		{ "$y$jDT$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCeA",
		    PASSWORD_WRONG },
		{ "$y$jET$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCeA",
		    PASSWORD_BROKEN },
		{ "$y$jzT$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCeA",
		    PASSWORD_BROKEN },
		/* 64 MiB in 16 lanes; in 17 */
		{ "$y$jD5.C$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNBA",
		    PASSWORD_WRONG },
		{ "$y$jD5.D$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNBA",
		    PASSWORD_BROKEN },
		/* more rounds over the same memory */
		{ "$y$j75/.$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01",
		    PASSWORD_BROKEN },
		{ "$5$rounds=5000001$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
		    PASSWORD_BROKEN },
		{ "$2y$17$ajq8Q7fbtFRQvXpdCq7JcuDtj9nHqb0tnuligfrJpFP0EHd9SoWLC",
		    PASSWORD_BROKEN },
		{ "$2a$99$ajq8Q7fbtFRQvXpdCq7JcuDtj9nHqb0tnuligfrJpFP0EHd9SoWLC",
		    PASSWORD_BROKEN },
		{ "$pbkdf2-sha1$4294967297$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=", PASSWORD_BROKEN },
		{ "$pbkdf2-sha1$99999999999999999999$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=",
		    PASSWORD_BROKEN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(
		    password_check(rows[i].hash, view_of("secret")), rows[i].result);
	for (unsigned beyond = 0; beyond < 2; beyond++) {
		snprintf(hash, sizeof(hash), "$pbkdf2-sha1$%u$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=",
		    PASSWORD_PBKDF2_ITERATIONS_MAX + beyond);
		assert_int_equal(password_check(hash, view_of("secret")),
		    beyond ? PASSWORD_BROKEN : PASSWORD_WRONG);
	}
}

/* libcrypt takes no more; what it would not see must not be ignored. */
static void
test_long_passwords(void **state)
{
	uint8_t text[600];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(password_check("$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQ"
					"hiIvoSWX2",
			     (struct view){ .p = text, .n = 511 }),
	    PASSWORD_WRONG);
	assert_int_equal(password_check("$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQ"
					"hiIvoSWX2",
			     (struct view){ .p = text, .n = 512 }),
	    PASSWORD_TOO_LONG);
}

static void
test_what_is_no_hash(void **state)
{
	static const char *const texts[] = { "", "$", "secret", "$argon2i$x", "$argon2d$x", "$2x$x",
		"$2$x", "$3$x", "$7$x", "$gy$x", "$md5$x", "$sha1$x", "$pbkdf2-sha224$x", " $1$x",
		"1$x", "{SSHA}x", "$5", "$y" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(password_is_hash(texts[i]));
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_cut_hashes),
		cmocka_unit_test(test_changed_hashes),
		cmocka_unit_test(test_broken_hashes),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_long_passwords),
		cmocka_unit_test(test_what_is_no_hash),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
