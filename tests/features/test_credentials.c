/* Invalid tokens and keys of any form are refused and leave no trace. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/testdb.h"

#define P "/api/v1"

enum { TRIES = 10000, ROUND = 100, SECRET_MAX = 4000 };

static uint64_t dice = 0x9e3779b97f4a7c15;

TEST_SUITE(credentials);

/* xorshift64: the same sequence in each run. */
static size_t throw(size_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (size_t)(dice % sides);
}

static char
any_character(void)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789-_.=+/ \"',;:\\{}%\t\x80\xff";

	return alphabet[throw(sizeof(alphabet) - 1)];
}

static void
remove_one(char *text, size_t at)
{
	memmove(text + at, text + at + 1, strlen(text + at));
}

static void
insert_one(char *text, size_t at, char c)
{
	memmove(text + at + 1, text + at, strlen(text + at) + 1);
	text[at] = c;
}

/* Corrupts a valid credential in one of several ways. */
static void
spoil(const char *good, char bad[SECRET_MAX])
{
	size_t len = strlen(good), at;

	do {
		memcpy(bad, good, strlen(good) + 1);
		for (size_t n = 1 + throw(3); n; n--) {
			at = throw(strlen(bad));
			switch (throw(6)) {
			case 0:
				bad[at] = any_character();
				break;
			case 1:
				if (bad[1])
					remove_one(bad, at);
				break;
			case 2:
				insert_one(bad, at, any_character());
				break;
			case 3:
				bad[at + 1] = '\0';
				break;
			case 4:
				at = throw(strlen(good));
				memcpy(bad + len, good, at + 1);
				bad[len + at + 1] = '\0';
				break;
			default:
				for (size_t i = at; bad[i]; i++)
					bad[i] = any_character();
			}
			len = strlen(bad);
			if (len > SECRET_MAX / 3)
				bad[len = SECRET_MAX / 3] = '\0';
		}
		/* Surrounding spaces are ignored. */
		while (len && strchr(" \t", bad[len - 1]))
			bad[--len] = '\0';
	} while (!len || strcmp(bad + strspn(bad, " \t"), good) == 0);
}

static const char *
rows_of_all_tables(void)
{
	return testdb_sql("SELECT sum((xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n"
			  " FROM ' || quote_ident(tablename), true, true, '')))[1]::text::int)"
			  " FROM pg_tables WHERE schemaname = current_schema()");
}

static const char *
make_key(const struct account *user)
{
	struct test_response a = call(t, "POST", P "/api-keys", .token = user->token,
				      .json = "{\"name\":\"x\",\"scopes\":[\"jobs:read\"]}");

	cr_assert_eq(a.status, 201, "%s", a.body);
	return response_text(&a, "key");
}

static void
expect_refused(const char *name, const char *value)
{
	struct test_response a =
	    call(t, "GET", P "/jobs", .header = arena_printf(t->arena, "%s%s", name, value));

	cr_assert_eq(a.status, 401, "%s%s: %s", name, value, a.body);
	cr_assert(strcmp(response_code(&a), "invalid_token") == 0 ||
		      strcmp(response_code(&a), "unauthenticated") == 0,
		  "%s%s: %s", name, value, a.body);
}

Test(credentials, ten_thousand_malformed_ones_are_refused_and_leave_no_row)
{
	static const char *const headers[] = { "HTTP_AUTHORIZATION=Bearer ", "HTTP_X_API_KEY=" };
	struct account ada = make_user(t);
	const char *good[] = { ada.token, make_key(&ada) };
	const char *rows = rows_of_all_tables();
	struct arena *kept = t->arena;
	char bad[SECRET_MAX];

	for (size_t i = 0; i < TRIES; i += ROUND) {
		t->arena = arena_new(8 << 20);
		for (size_t k = 0; k < ROUND; k++) {
			spoil(good[k % 2], bad);
			expect_refused(headers[throw(2)], bad);
		}
		arena_free(t->arena);
	}
	t->arena = kept;
	cr_expect_str_eq(rows_of_all_tables(), rows);
	cr_expect_eq(call(t, "GET", P "/jobs", .token = good[0]).status, 200);
	cr_expect_eq(call(t, "GET", P "/jobs", .token = good[1]).status, 200);
}

Test(credentials, random_refresh_tokens_fill_no_table)
{
	struct account ada = make_user(t);
	const char *rows = rows_of_all_tables();
	char secret[44] = { 0 };
	struct test_response a;

	cr_assert_neq(ada.id, NULL);
	for (size_t i = 0; i < 500; i++) {
		const char *json;

		for (size_t k = 0; k < 43; k++)
			secret[k] = "abcdefghijklmnopqrstuvwxyzABCDEF0123456789-_"[throw(44)];
		json = arena_printf(t->arena, "{\"refresh_token\":\"%s\"}", secret);
		a = call(t, "POST", P "/auth/refresh", .json = json);
		expect_problem(&a, 401, "invalid_token");
		a = call(t, "POST", P "/auth/logout", .json = json);
		cr_expect_eq(a.status, 204);
	}
	cr_expect_str_eq(rows_of_all_tables(), rows);
}
