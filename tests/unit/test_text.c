/* Digits of numbers and bytes. */
#include <criterion/criterion.h>

#include "app/hash.h"
#include "app/text.h"

static void
expect_digits(uint64_t number, int digits, const char *expected)
{
	char text[32] = "";

	cr_expect_str_eq(digits_before(text + sizeof(text) - 1, number, digits), expected);
}

Test(text, numbers_have_at_least_the_digits_asked_for)
{
	expect_digits(0, 1, "0");
	expect_digits(7, 1, "7");
	expect_digits(7, 3, "007");
	expect_digits(1234, 3, "1234");
	expect_digits(0, 0, "");
	expect_digits(UINT64_MAX, 1, "18446744073709551615");
}

Test(text, bytes_in_hexadecimal)
{
	char text[8] = "";

	cr_expect_eq(hex_write(text, "\x00\x9f\xff", 3), text + 6);
	cr_expect_str_eq(text, "009fff");
	cr_expect_eq(hex_write(text, "", 0), text);
}

Test(text, values_of_hexadecimal_digits)
{
	for (int i = 0; i < 16; i++) {
		cr_expect_eq(hex_value("0123456789abcdef"[i]), i);
		cr_expect_eq(hex_value("0123456789ABCDEF"[i]), i);
	}
	for (const char *other = "/:@G`g x\x80\xff"; *other; other++)
		cr_expect_eq(hex_value(*other), -1);
	cr_expect_eq(hex_value('\0'), -1);
}

Test(text, bytes_in_two_digits)
{
	cr_expect_eq(hex_byte("00"), 0);
	cr_expect_eq(hex_byte("fFx"), 255);
	cr_expect_eq(hex_byte("+f"), -1);
	cr_expect_eq(hex_byte("f"), -1);
	cr_expect_eq(hex_byte(""), -1);
}

Test(text, parts_of_a_pattern)
{
	regmatch_t parts[2];

	cr_assert(text_matches("^a(b+)", "abbc", parts, 2));
	cr_expect_eq(parts[1].rm_so, 1);
	cr_expect_eq(parts[1].rm_eo, 3);
	cr_expect(text_matches("c$", "abbc", NULL, 0));
	cr_expect_not(text_matches("^b", "abbc", NULL, 0));
}

Test(text, each_byte_changes_the_hash)
{
	char name[20] = "a name of a query";
	uint64_t hash = hash_add(HASH_START, name, strlen(name));

	for (size_t i = 0; name[i]; i++) {
		name[i] ^= 1;
		cr_expect_neq(hash_add(HASH_START, name, strlen(name)), hash, "byte %zu", i);
		name[i] ^= 1;
	}
	cr_expect_eq(hash_add(HASH_START, name, strlen(name)), hash);
	cr_expect_neq(hash_add(HASH_START, name, strlen(name) - 1), hash);
	cr_expect_eq(hash_add(HASH_START, "", 0), HASH_START);
}
