/* Hashing and verification of passwords, outdated hashes, and the rules for new passwords. */
#include <criterion/criterion.h>

#include "support/hash_places.h"

#include "app/buf.h"
#include "app/password.h"
#include "app/settings.h"

/* The sha512crypt example of its specification: "Hello world!". */
#define SHA512_HASH                                                                                \
	"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcb"      \
	"YEdFCoEOfaS35inz1"

/* Hashes of PHP, of the documentation of bcrypt, and of libargon2. */
#define BCRYPT_2Y "$2y$10$.vGA1O9wmRjrwAVXD98HNOgsNpDczlqm3Jq7KnEd1rVAGv3Fykk1a"
#define BCRYPT_2A "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define BCRYPT_2B "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define ARGON2ID                                                                                   \
	"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
#define SCRYPT_HASH "$7$C6..../....SodiumChloride$6OIeehEnzbyu949sLkdyNyp6EorTTZ52ToM3ucR5RK7"
#define SHA256_HASH "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"

static struct ctx ctx = { .request_id = "test" };

static void
set_up(void)
{
	ctx.arena = arena_new(1 << 20);
	settings.password_min_length = 8;
	settings.password_scheme = "yescrypt";
	settings.password_list_file = "";
	settings.password_yescrypt_cost = 1;
	settings.password_bcrypt_cost = 4;
	settings.password_argon2_memory_kib = 64;
	settings.password_argon2_time = 1;
	settings.password_argon2_parallelism = 1;
	settings.log_level = "error";
}

static void
tear_down(void)
{
	arena_free(ctx.arena);
}

TestSuite(password, .init = set_up, .fini = tear_down);

static const char *
hash_of(const char *password)
{
	const char *hash = NULL;

	cr_assert_eq(password_hash(&ctx, password, &hash), OK);
	return hash;
}

static bool
matches(const char *password, const char *hash)
{
	bool right = true;

	cr_assert_eq(password_verify(&ctx, password, hash, &right), OK);
	return right;
}

Test(password, only_the_right_password_matches)
{
	const char *hash = hash_of("Tr0ub4dor&3");

	cr_expect(matches("Tr0ub4dor&3", hash));
	cr_expect_not(matches("tr0ub4dor&3", hash));
	cr_expect_not(matches("Tr0ub4dor&", hash));
	cr_expect_not(matches("Tr0ub4dor&3 ", hash));
	cr_expect_not(matches("", hash));
}

Test(password, a_hash_is_yescrypt_with_a_random_salt)
{
	const char *one = hash_of("Tr0ub4dor&3"), *two = hash_of("Tr0ub4dor&3");

	cr_expect_eq(strncmp(one, "$y$", 3), 0, "%s", one);
	cr_expect_str_neq(one, two);
	cr_expect_null(strstr(one, "Tr0ub4dor"));
}

Test(password, every_byte_is_significant)
{
	char password[512];
	const char *hash;

	memset(password, 'x', 511);
	password[511] = '\0';
	hash = hash_of(password);
	cr_expect(matches(password, hash));

	password[510] = 'y';
	cr_expect_not(matches(password, hash));
}

Test(password, a_password_too_long_for_crypt_never_matches)
{
	char password[600];

	memset(password, 'x', 599);
	password[599] = '\0';
	cr_expect_not(matches(password, hash_of("Tr0ub4dor&3")));
	cr_expect_not(matches(password, NULL));
}

Test(password, no_password_matches_an_unusable_hash)
{
	static const char *const hashes[] = {
		NULL,           "",     "!",          "*",
		"*0",           "$",    "plain text", "$zz$a$b",
		"$y$",          "$2b$", "$argon2id$", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
		"abJnggxhB/yWI"
	};

	for (size_t i = 0; i < COUNT(hashes); i++) {
		cr_expect_not(matches("Tr0ub4dor&3", hashes[i]), "%zu", i);
		cr_expect_not(matches("", hashes[i]), "%zu", i);
		if (hashes[i])
			cr_expect_not(matches(hashes[i], hashes[i]), "%zu", i);
	}
}

/* Without a hash, the same work is done. The limits are wide enough for a loaded machine. */
Test(password, an_unknown_account_takes_the_same_work)
{
	const char *hash;
	clock_t known, unknown, start;

	settings.password_yescrypt_cost = 5;
	hash = hash_of("Tr0ub4dor&3");
	start = clock();
	matches("wrong password", hash);
	known = clock() - start;
	start = clock();
	matches("wrong password", NULL);
	unknown = clock() - start;

	cr_expect(unknown > known / 5, "%ld against %ld", (long)unknown, (long)known);
	cr_expect(known > unknown / 5, "%ld against %ld", (long)unknown, (long)known);
}

Test(password, an_imported_hash_matches_and_is_outdated)
{
	cr_expect(matches("Hello world!", SHA512_HASH));
	cr_expect_not(matches("Hello world", SHA512_HASH));
	cr_expect(password_outdated(SHA512_HASH));
}

#ifdef HAVE_ARGON2
#define ARGON2 "argon2id"
#else
#define ARGON2 "bcrypt"
#endif

static const char *const scheme_names[] = { "yescrypt", "bcrypt", ARGON2 };

Test(password, every_scheme_makes_hashes_that_match)
{
	for (size_t i = 0; i < COUNT(scheme_names); i++) {
		const char *hash;

		settings.password_scheme = scheme_names[i];
		hash = hash_of("Tr0ub4dor&3");
		cr_expect(matches("Tr0ub4dor&3", hash), "%s", hash);
		cr_expect_not(matches("tr0ub4dor&3", hash), "%s", hash);
		cr_expect_not(matches("", hash), "%s", hash);
		cr_expect_not(password_outdated(hash), "%s", hash);
		cr_expect_str_neq(hash, hash_of("Tr0ub4dor&3"));
		cr_expect_not(matches("Tr0ub4dor&3", NULL));
	}
}

Test(password, hashes_begin_with_their_costs)
{
	settings.password_scheme = "bcrypt";
	cr_expect_eq(strncmp(hash_of("Tr0ub4dor&3"), "$2b$04$", 7), 0);
#ifdef HAVE_ARGON2
	settings.password_scheme = "argon2id";
	cr_expect_eq(strncmp(hash_of("Tr0ub4dor&3"), "$argon2id$v=19$m=64,t=1,p=1$", 28), 0);
#endif
}

Test(password, another_scheme_is_outdated_and_still_matches)
{
	for (size_t i = 0; i < COUNT(scheme_names); i++) {
		const char *hash;

		settings.password_scheme = scheme_names[i];
		hash = hash_of("Tr0ub4dor&3");
		settings.password_scheme = scheme_names[(i + 1) % COUNT(scheme_names)];
		if (strcmp(settings.password_scheme, scheme_names[i]) == 0)
			continue;
		cr_expect(password_outdated(hash), "%s", hash);
		cr_expect(matches("Tr0ub4dor&3", hash), "%s", hash);
	}
}

Test(password, hashes_of_other_systems_match)
{
	cr_expect(matches("rasmuslerdorf", BCRYPT_2Y));
	cr_expect_not(matches("rasmuslerdorF", BCRYPT_2Y));
	cr_expect(matches("U*U", BCRYPT_2A));
	cr_expect(matches("U*U", BCRYPT_2B));
	cr_expect(matches("Hello world!", SHA256_HASH));
	cr_expect(matches("password", SCRYPT_HASH));
#ifdef HAVE_ARGON2
	cr_expect(matches("password", ARGON2ID));
	cr_expect_not(matches("passwore", ARGON2ID));
#endif
	cr_expect(password_outdated(BCRYPT_2Y));
	cr_expect(password_outdated(ARGON2ID));
}

/* Each hash would take minutes or many GiB; it takes the time of a new hash at cost 1. */
Test(password, excessive_costs_lock_the_account, .timeout = 60)
{
	static const char *const hashes[] = {
		"$2b$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$6$rounds=999999999$saltstring$x",
		"$6$rounds=1000001$saltstring$x",
		"$6$rounds=$saltstring$x",
		"$6$rounds=-1$saltstring$x",
		"$5$rounds=00000999999999$saltstring$x",
		"$y$jzT$saltsaltsaltsalt$x",
		"$y$jGT$saltsaltsaltsalt$x",
		"$y$j9zzzz$saltsaltsaltsalt$x",
		"$7$zzzzzzzzzzz$x",
		"$7$N6..../....saltsalt$x",
		"$7$C6....z....saltsalt$x",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$x",
		"$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$x",
		"$argon2id$v=19$m=65536,t=4294967295,p=1$c29tZXNhbHQ$x",
		"$argon2id$v=19$m=1048576,t=9,p=1$c29tZXNhbHQ$x",
		"$argon2id$v=19$m=65536,t=2,p=17$c29tZXNhbHQ$x",
		"$argon2id$v=19$m=65536,t=2,p=0$c29tZXNhbHQ$x",
		"$argon2id$v=19$m= 65536,t=2,p=1$c29tZXNhbHQ$x",
		"$argon2id$v=19$m=65536,t=2,p=1",
		"$argon2id$m=65536,t=2,p=1$c29tZXNhbHQ$x",
		"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$x",
	};

	for (size_t i = 0; i < COUNT(hashes); i++)
		cr_expect_not(matches("Tr0ub4dor&3", hashes[i]), "%s", hashes[i]);
}

Test(password, bcrypt_accepts_no_more_than_72_bytes)
{
	const char *hash = NULL;
	char password[74];

	memset(password, 'x', 73);
	password[73] = '\0';
	cr_expect_eq(password_check(&ctx, "password", password, "a@example.com"), OK);
	settings.password_scheme = "bcrypt";
	cr_expect_eq(password_check(&ctx, "password", password, "a@example.com"), E_VALIDATION);
	cr_expect_eq(ctx.failure.fields->code, FIELD_TOO_LONG);
	failure_clear(&ctx);
	cr_expect_neq(password_hash(&ctx, password, &hash), OK);
	password[72] = '\0';
	failure_clear(&ctx);
	cr_expect_eq(password_check(&ctx, "password", password, "a@example.com"), OK);
	hash = hash_of(password);
	cr_expect(matches(password, hash));
	password[71] = 'y';
	cr_expect_not(matches(password, hash));
}

Test(password, longer_passwords_do_not_match_own_bcrypt_hashes)
{
	const char *longer =
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	const char *hash, *before = "";
	char password[73];

	cr_assert_eq(strlen(longer), 73);
	memcpy(password, longer, 72);
	password[72] = '\0';
	settings.password_scheme = "bcrypt";
	for (int i = 0; i < 20; i++) {
		hash = hash_of(password);
		cr_expect(matches(password, hash));
		cr_expect_not(matches(longer, hash));
		cr_expect_neq(strncmp(hash, before, strlen("$2b$04$") + 16), 0, "random salts");
		before = hash;
	}
}

Test(password, longer_passwords_match_imported_bcrypt_hashes)
{
	static const char salt_and_hash[] =
	    "04$CCCCCCCCCCCCCCCCCCCCC.ug0A3dTXhy5U.dFjx/qguZ8I4CB77BC";
	static const char *const prefixes[] = { "$2a$", "$2b$", "$2y$" };
	char password[81];

	memset(password, 'x', 80);
	password[80] = '\0';
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		const char *hash = arena_printf(ctx.arena, "%s%s", prefixes[i], salt_and_hash);

		cr_expect(matches(password, hash), "%s", hash);
		cr_expect(matches(password + 8, hash), "%s", hash);
		cr_expect_not(matches(password + 9, hash), "%s", hash);
	}
}

Test(password, another_cost_is_outdated)
{
	const char *hash = hash_of("Tr0ub4dor&3");

	cr_expect_not(password_outdated(hash));
	settings.password_yescrypt_cost = 2;
	cr_expect(password_outdated(hash));
	cr_expect(matches("Tr0ub4dor&3", hash), "a hash with an old cost still matches");
}

Test(password, too_many_concurrent_hashes_are_refused)
{
	const char *hash = hash_of("Tr0ub4dor&3");
	bool right;

	hash_places_take();
	cr_expect_eq(password_hash(&ctx, "Tr0ub4dor&3", &hash), E_OVERLOADED);
	cr_expect_eq(password_verify(&ctx, "Tr0ub4dor&3", hash, &right), E_OVERLOADED);
	cr_expect_eq(password_verify(&ctx, "Tr0ub4dor&3", NULL, &right), E_OVERLOADED);
	hash_places_free();

	cr_expect(matches("Tr0ub4dor&3", hash));
}

/* The field code, or -1 if the password is accepted. */
static int
check(const char *password)
{
	failure_clear(&ctx);
	if (!password_check(&ctx, "password", password, "Ada@example.com"))
		return -1;
	cr_expect_str_eq(ctx.failure.fields->field, "password");
	cr_expect_str_eq(ctx.failure.fields->in, "body");
	return (int)ctx.failure.fields->code;
}

/* The text repeated `n` times. */
static const char *
times(const char *text, size_t n)
{
	struct buf b = buf_new(ctx.arena, 4096);

	while (n--)
		buf_text(&b, text);
	return b.data;
}

Test(password, rules_count_characters_and_not_bytes)
{
	cr_expect_eq(check(times("x", 7)), FIELD_TOO_SHORT);
	cr_expect_eq(check("x.x.x.x."), -1);
	cr_expect_eq(check(times("x", 128)), -1);
	cr_expect_eq(check(times("x", 129)), FIELD_TOO_LONG);

	cr_expect_eq(check(times("\xc3\xa9", 7)), FIELD_TOO_SHORT);
	cr_expect_eq(check(times("\xc3\xa9", 128)), -1);
	cr_expect_eq(check(times("\xf0\x9f\x98\x80", 127)), -1);
	cr_expect_eq(check(times("\xf0\x9f\x98\x80", 128)), FIELD_TOO_LONG, "512 bytes");

	settings.password_min_length = 12;
	cr_expect_eq(check(times("x", 11)), FIELD_TOO_SHORT);
	cr_expect_eq(check(times("x.", 6)), -1);
}

Test(password, must_not_be_the_email_address)
{
	cr_expect_eq(check("Ada@example.com"), FIELD_INVALID_CHOICE);
	cr_expect_eq(check("ada@EXAMPLE.com"), FIELD_INVALID_CHOICE);
	cr_expect_eq(check("ada@example.com1"), -1);
}

/* ---- common passwords */

Test(password, common_passwords_are_rejected_in_any_case)
{
	static const char *const common[] = {
		"password",  "Password1",   "PASSWORD123", "12345678",    "qwertyuiop",
		"QwErTy123", "iloveyou",    "p@ssw0rd",    "1q2w3e4r",    "11111111",
		"1qaz2wsx",  "letmein123",  "sunshine1",   "michael1985", "trustno1",
		"abcd1234",  "changeme!",   "welcome2024", "87654321",    "zaq12wsx",
		"football",  "Summer2024!", "qwertyui",    "asdfghjkl",   "00000000",
		"!@#$%^&*",  "zzzzzzzz",    "princess1",
	};

	for (size_t i = 0; i < COUNT(common); i++) {
		cr_expect_eq(check(common[i]), FIELD_INVALID_CHOICE, "%s", common[i]);
		cr_assert_not_null(ctx.failure.fields, "%s", common[i]);
		cr_expect_str_eq(ctx.failure.fields->message, "is on the list of common passwords");
	}
}

Test(password, other_passwords_are_accepted)
{
	static const char *const good[] = {
		"correct horse battery staple",
		"Tr0ub4dor&3",
		"tzhk-4vbq",
		"password of my aunt",
		"\xc3\xa9t\xc3\xa9 \xc3\xa0 la mer",
		"qwertyuioq",
		"passwordz!",
		"zzzzzzzzzzzzzzzz",
		"!!!!!!!~",
		" password",
		"password\n",
	};

	for (size_t i = 0; i < COUNT(good); i++)
		cr_expect_eq(check(good[i]), -1, "%s", good[i]);
}

static char list_path[] = "/tmp/passwords-XXXXXX";

static void
use_list(const char *text)
{
	int fd = mkstemp(list_path);
	FILE *f = fdopen(fd, "w");

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
	settings.password_list_file = list_path;
}

static void
end_list(void)
{
	unlink(list_path);
	tear_down();
}

TestSuite(password_list, .init = set_up, .fini = end_list);

/* Each line is found, including the first and the last, and nothing between them. */
Test(password_list, every_line_of_a_custom_list_is_found)
{
	struct buf b = buf_new(ctx.arena, 1 << 20);

	for (int i = 0; i < 2000; i++)
		buf_printf(&b, "entry-%05d%.*s\n", 2 * i, i % 7, "abcdefg");
	use_list(b.data);
	cr_assert_null(password_list_check(ctx.arena));
	for (int i = 0; i < 2000; i++) {
		cr_expect_eq(
		    check(arena_printf(ctx.arena, "Entry-%05d%.*s", 2 * i, i % 7, "abcdefg")),
		    FIELD_INVALID_CHOICE, "%d", i);
		cr_expect_eq(check(arena_printf(ctx.arena, "entry-%05d", 2 * i + 1)), -1, "%d", i);
	}
	cr_expect_eq(check("password"), FIELD_INVALID_CHOICE,
		     "that which is built in still counts");
	cr_expect_eq(check("aaaaaaab"), -1);
	cr_expect_eq(check("zzzzzzzy"), -1);
}

Test(password_list, a_last_line_without_a_newline_is_found)
{
	use_list("one-two-three\ntwo-three-four");
	cr_expect_eq(check("one-two-three"), FIELD_INVALID_CHOICE);
	cr_expect_eq(check("two-three-four"), FIELD_INVALID_CHOICE);
	cr_expect_eq(check("two-three-fou"), -1);
}

Test(password_list, a_binary_file_causes_no_crash)
{
	struct buf b = buf_new(ctx.arena, 1 << 20);

	for (int i = 0; i < 50000; i++)
		buf_char(&b, 'x');
	use_list(b.data);
	cr_expect_eq(check("xxxxyyyy"), -1);
	cr_expect_eq(check("aaaayyyy"), -1);
}

static void
expect_rejected(const char *text, const char *part)
{
	const char *err;

	memcpy(list_path + strlen(list_path) - 6, "XXXXXX", 6);
	use_list(text);
	err = password_list_check(ctx.arena);
	cr_assert_not_null(err, "%s", part);
	cr_expect_not_null(strstr(err, "PASSWORD_LIST_FILE: "), "%s", err);
	cr_expect_not_null(strstr(err, part), "%s", err);
	unlink(list_path);
}

Test(password_list, an_unusable_list_is_reported)
{
	expect_rejected("b-b-b-b-b\na-a-a-a-a\n", "is not sorted");
	expect_rejected("a-a-a-a-a\nB-b-b-b-b\n", "has upper-case letters");
	expect_rejected("a line without an end", "has no lines");
	settings.password_list_file = "/nowhere";
	cr_expect_not_null(password_list_check(ctx.arena));
	settings.password_list_file = "/tmp";
	cr_expect_not_null(password_list_check(ctx.arena));
	settings.password_list_file = "";
	cr_expect_null(password_list_check(ctx.arena));
}
