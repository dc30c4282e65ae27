/* Hashing, checking and renewing passwords, and the rules for new ones. */
#include <criterion/criterion.h>

#include "app/buf.h"
#include "app/password.h"
#include "app/settings.h"
#include "app/shared.h"

/* crypt(3) of "Hello world!" by a stranger: the sha512crypt example of its specification. */
#define SHA512_HASH                                                                                \
	"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcb"      \
	"YEdFCoEOfaS35inz1"

static struct ctx ctx = { .request_id = "test" };

static void
set_up(void)
{
	ctx.arena = arena_new(1 << 20);
	settings.password_min_length = 8;
	settings.password_yescrypt_cost = 1;
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
fits(const char *password, const char *hash)
{
	bool right = true;

	cr_assert_eq(password_verify(&ctx, password, hash, &right), OK);
	return right;
}

Test(password, the_right_one_fits_and_others_do_not)
{
	const char *hash = hash_of("Tr0ub4dor&3");

	cr_expect(fits("Tr0ub4dor&3", hash));
	cr_expect_not(fits("tr0ub4dor&3", hash));
	cr_expect_not(fits("Tr0ub4dor&", hash));
	cr_expect_not(fits("Tr0ub4dor&3 ", hash));
	cr_expect_not(fits("", hash));
}

Test(password, a_hash_is_yescrypt_with_a_salt_of_its_own)
{
	const char *one = hash_of("Tr0ub4dor&3"), *two = hash_of("Tr0ub4dor&3");

	cr_expect_eq(strncmp(one, "$y$", 3), 0, "%s", one);
	cr_expect_str_neq(one, two);
	cr_expect_null(strstr(one, "Tr0ub4dor"));
}

Test(password, every_byte_counts_to_the_last)
{
	char password[512];
	const char *hash;

	memset(password, 'x', 511);
	password[511] = '\0';
	hash = hash_of(password);
	cr_expect(fits(password, hash));

	password[510] = 'y';
	cr_expect_not(fits(password, hash));
}

Test(password, one_too_long_for_crypt_never_fits)
{
	char password[600];

	memset(password, 'x', 599);
	password[599] = '\0';
	cr_expect_not(fits(password, hash_of("Tr0ub4dor&3")));
	cr_expect_not(fits(password, NULL));
}

Test(password, nothing_fits_where_there_is_no_usable_hash)
{
	static const char *const hashes[] = {
		NULL, "", "!", "*", "*0", "$", "plain text", "$zz$a$b"
	};

	for (size_t i = 0; i < COUNT(hashes); i++) {
		cr_expect_not(fits("Tr0ub4dor&3", hashes[i]), "%zu", i);
		cr_expect_not(fits("", hashes[i]), "%zu", i);
		if (hashes[i])
			cr_expect_not(fits(hashes[i], hashes[i]), "%zu", i);
	}
}

/* Without a hash the same work is done: bounds so wide that no load can break them. */
Test(password, an_unknown_account_takes_the_same_work)
{
	const char *hash;
	clock_t known, unknown, start;

	settings.password_yescrypt_cost = 5;
	hash = hash_of("Tr0ub4dor&3");
	start = clock();
	fits("wrong password", hash);
	known = clock() - start;
	start = clock();
	fits("wrong password", NULL);
	unknown = clock() - start;

	cr_expect(unknown > known / 5, "%ld against %ld", (long)unknown, (long)known);
	cr_expect(known > unknown / 5, "%ld against %ld", (long)unknown, (long)known);
}

Test(password, an_imported_hash_fits_and_is_outdated)
{
	cr_expect(fits("Hello world!", SHA512_HASH));
	cr_expect_not(fits("Hello world", SHA512_HASH));
	cr_expect(password_outdated(SHA512_HASH));
}

Test(password, another_cost_is_outdated)
{
	const char *hash = hash_of("Tr0ub4dor&3");

	cr_expect_not(password_outdated(hash));
	settings.password_yescrypt_cost = 2;
	cr_expect(password_outdated(hash));
	cr_expect(fits("Tr0ub4dor&3", hash), "an old cost still fits");
}

Test(password, too_many_at_once_are_refused)
{
	const char *hash = hash_of("Tr0ub4dor&3");
	bool right;

	cr_assert(hashing_begin());
	cr_expect_eq(password_hash(&ctx, "Tr0ub4dor&3", &hash), E_OVERLOADED);
	cr_expect_eq(password_verify(&ctx, "Tr0ub4dor&3", hash, &right), E_OVERLOADED);
	cr_expect_eq(password_verify(&ctx, "Tr0ub4dor&3", NULL, &right), E_OVERLOADED);
	hashing_end();

	cr_expect(fits("Tr0ub4dor&3", hash));
}

/* The code that the check gives, or -1 where the password is fine. */
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

/* `n` times the text. */
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
	cr_expect_eq(check(times("x", 8)), -1);
	cr_expect_eq(check(times("x", 128)), -1);
	cr_expect_eq(check(times("x", 129)), FIELD_TOO_LONG);

	cr_expect_eq(check(times("\xc3\xa9", 7)), FIELD_TOO_SHORT);
	cr_expect_eq(check(times("\xc3\xa9", 128)), -1);
	cr_expect_eq(check(times("\xf0\x9f\x98\x80", 127)), -1);
	cr_expect_eq(check(times("\xf0\x9f\x98\x80", 128)), FIELD_TOO_LONG, "512 bytes");

	settings.password_min_length = 12;
	cr_expect_eq(check(times("x", 11)), FIELD_TOO_SHORT);
	cr_expect_eq(check(times("x", 12)), -1);
}

Test(password, it_is_not_the_address)
{
	cr_expect_eq(check("Ada@example.com"), FIELD_INVALID_CHOICE);
	cr_expect_eq(check("ada@EXAMPLE.com"), FIELD_INVALID_CHOICE);
	cr_expect_eq(check("ada@example.com1"), -1);
}
