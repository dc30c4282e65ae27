/* UUIDs, random numbers, and the ids that clients may send. */
#include <criterion/criterion.h>

#include "app/ids.h"

#include "app/clock.h"

Test(ids, new_uuids_are_of_version_7_and_differ)
{
	char last[UUID_TEXT_SIZE] = "", id[UUID_TEXT_SIZE];

	for (int i = 0; i < 1000; i++) {
		uuid_new(id);
		cr_assert(uuid_valid(id), "%s", id);
		cr_assert_eq(id[14], '7', "%s", id);
		cr_assert_not_null(strchr("89ab", id[19]), "%s", id);
		cr_assert_eq(strspn(id, "0123456789abcdef-"), 36u, "%s", id);
		cr_assert_str_neq(id, last);
		memcpy(last, id, sizeof(last));
	}
}

Test(ids, a_uuid_begins_with_the_time_in_milliseconds)
{
	char id[UUID_TEXT_SIZE], hex[13];
	int64_t before = clock_now() / 1000, t, after;

	uuid_new(id);
	after = clock_now() / 1000;
	memcpy(hex, id, 8);
	memcpy(hex + 8, id + 9, 4);
	hex[12] = '\0';
	t = strtoll(hex, NULL, 16);
	cr_expect_geq(t, before);
	cr_expect_leq(t, after);
}

Test(ids, uuids_of_later_microseconds_are_greater)
{
	char last[UUID_TEXT_SIZE] = "", id[UUID_TEXT_SIZE];

	for (int i = 0; i < 1000; i++) {
		int64_t before;

		uuid_new(id);
		cr_assert_gt(strcmp(id, last), 0, "%s after %s", id, last);
		memcpy(last, id, sizeof(last));
		before = clock_now();
		while (clock_now() == before)
			;
	}
}

Test(ids, uuid_valid)
{
	static const char *const good[] = {
		"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10",
		"0193A5B0-7A3E-7C52-9D1F-2B8C4E6F8A10",
		"00000000-0000-0000-0000-000000000000",
		"ffffffff-ffff-ffff-ffff-ffffffffffff",
	};
	static const char *const bad[] = {
		"",
		"1",
		"0193a5b0",
		"0193a5b07a3e7c529d1f2b8c4e6f8a10",
		"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a1",
		"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a100",
		"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a1g",
		"0193a5b0-7a3e-7c52-9d1f12b8c4e6f8a10",
		"0193a5b-07a3e-7c52-9d1f-2b8c4e6f8a10",
		"{0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a1}",
		" 0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10",
		"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10 ",
		"------------------------------------",
	};

	for (size_t i = 0; i < COUNT(good); i++)
		cr_expect(uuid_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		cr_expect_not(uuid_valid(bad[i]), "%s", bad[i]);
}

Test(ids, request_id_valid)
{
	static const char longest[] =
	    "0123456789012345678901234567890123456789012345678901234567890123";
	static const char *const bad[] = {
		"",           "1234567",       "12345678 ", "1234 5678", "12345678\n", "12345678/",
		"12345678\"", "12345\xc3\xa9", "12345678,", "12345678:", "1234567<8>",
	};

	cr_expect_eq(strlen(longest), 64);
	cr_expect(request_id_valid(longest));
	cr_expect(request_id_valid("12345678"));
	cr_expect(request_id_valid("AZaz09._-"));
	cr_expect(request_id_valid("0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10"));
	cr_expect_not(
	    request_id_valid("01234567890123456789012345678901234567890123456789012345678901234"));
	for (size_t i = 0; i < COUNT(bad); i++)
		cr_expect_not(request_id_valid(bad[i]), "%s", bad[i]);
}

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

Test(ids, traceparent_valid)
{
	static const char *const good[] = {
		"00-" TRACE "-" SPAN "-01",
		"00-" TRACE "-" SPAN "-00",
		"00-" TRACE "-" SPAN "-ff",
		"cc-" TRACE "-" SPAN "-01",
		"cc-" TRACE "-" SPAN "-01-what-comes-later",
	};
	static const char *const bad[] = {
		"",
		"00",
		"00-" TRACE "-" SPAN "-",
		"00-" TRACE "-" SPAN "-0",
		"00-" TRACE "-" SPAN "-012",
		"00-" TRACE "-" SPAN "-01-",
		"00-" TRACE "-" SPAN "-01-more",
		"cc-" TRACE "-" SPAN "-01.more",
		"ff-" TRACE "-" SPAN "-01",
		"0-" TRACE "-" SPAN "-01",
		"000-" TRACE "-" SPAN "-01",
		"00_" TRACE "-" SPAN "-01",
		"00-" TRACE "_" SPAN "-01",
		"00-" TRACE "-" SPAN "_01",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-" TRACE "-0000000000000000-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
		"00-" TRACE "-" SPAN "-0g",
		"0x-" TRACE "-" SPAN "-01",
		"00-" TRACE "0-" SPAN "-01",
		"00-4bf92f3577b34da6a3ce929d0e0e473-" SPAN "0-01",
	};

	for (size_t i = 0; i < COUNT(good); i++)
		cr_expect(traceparent_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		cr_expect_not(traceparent_valid(bad[i]), "%s", bad[i]);
}

Test(ids, random_bytes_fill_exactly_the_buffer)
{
	unsigned char out[66] = { [64] = 0xaa, [65] = 0xbb };
	unsigned char zero[32] = { 0 };

	random_bytes(out, 64);
	cr_expect_neq(memcmp(out, zero, 32), 0);
	cr_expect_neq(memcmp(out + 32, zero, 32), 0);
	cr_expect_neq(memcmp(out, out + 32, 32), 0);
	cr_expect_eq(out[64], 0xaa);
	cr_expect_eq(out[65], 0xbb);
	random_bytes(out, 0);
}
