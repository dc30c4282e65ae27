/* src/db with a real server: statements, records, transactions, lost connections. */
#include <criterion/criterion.h>

#include "support/testdb.h"

#include "app/clock.h"
#include "app/table.h"
#include "app/log.h"
#include "app/settings.h"
#include "app/shared.h"

static struct arena *arena;
static struct ctx *c;

static void
setup(void)
{
	arena = arena_new(64 * 1024 * 1024);
	testdb_open(arena);
	c = testdb_ctx(arena);
}

static void
teardown(void)
{
	testdb_close();
	arena_free(arena);
}

TestSuite(db, .init = setup, .fini = teardown);

struct thing {
	const char *id, *name, *note, *at;
	int64_t number;
	bool on;
};

static const struct field thing_fields[] = {
	{ UUID(struct thing, id) },
	{ TEXT(struct thing, name) },
	{ TEXT(struct thing, note), .flags = F_NULLABLE },
	{ TIME(struct thing, at), .flags = F_NULLABLE },
	{ INT(struct thing, number) },
	{ BOOL(struct thing, on) },
};
static const struct schema thing_schema = SCHEMA("Thing", struct thing, thing_fields);

#define THING                                                                                      \
	"'0193aaaa-0000-7000-8000-00000000000A'::uuid AS id, $1::text AS name, $2::text AS note,"  \
	" $3::timestamptz AS at, $4::bigint AS number, $5::boolean AS on"

static const struct query find_thing = QUERY_READ("test_thing", &thing_schema, "SELECT " THING);
static const struct query no_thing =
    QUERY_READ("test_no_thing", &thing_schema, "SELECT " THING " WHERE false");
static const struct query two_things =
    QUERY_READ("test_two_things", &thing_schema, "SELECT " THING " UNION ALL SELECT " THING);
static const struct query insert_user =
    QUERY("test_insert_user", NULL, "INSERT INTO users (email, password_hash) VALUES ($1, 'x')");
static const struct query touch_users =
    QUERY("test_touch_users", NULL, "UPDATE users SET version = version + 1");

struct count {
	int64_t count;
};
static const struct field count_fields[] = { { INT(struct count, count) } };
static const struct schema count_schema = SCHEMA("Count", struct count, count_fields);

static const char *
count_users(void)
{
	return testdb_sql("SELECT count(*) FROM users");
}

Test(db, each_column_is_stored_in_its_field)
{
	struct thing t;
	enum error e = db_one(c, &find_thing, &t, "a", NULL, "2026-11-20 16:08:41.2+01",
			      p_int(c, INT64_MIN), p_bool(true));

	cr_assert_eq(e, OK);
	cr_expect_str_eq(t.id, "0193aaaa-0000-7000-8000-00000000000a");
	cr_expect_str_eq(t.name, "a");
	cr_expect_null(t.note);
	cr_expect_str_eq(t.at, "2026-11-20T15:08:41.200000Z");
	cr_expect_eq(t.number, INT64_MIN);
	cr_expect(t.on);
}

Test(db, a_time_has_six_digits_in_utc)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "2026-11-20 15:08:41+00", "2026-11-20T15:08:41.000000Z" },
		{ "2026-11-20 15:08:41.218287+00", "2026-11-20T15:08:41.218287Z" },
		{ "2026-11-20 15:08:41.000001+00", "2026-11-20T15:08:41.000001Z" },
		{ "0001-01-01 00:00:00+00", "0001-01-01T00:00:00.000000Z" },
		{ "9999-12-31 23:59:59.999999+00", "9999-12-31T23:59:59.999999Z" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct thing t;

		cr_assert_eq(db_one(c, &find_thing, &t, "", NULL, rows[i].in, "0", "f"), OK);
		cr_expect_str_eq(t.at, rows[i].out);
	}
}

Test(db, a_time_in_another_zone_is_converted_to_utc)
{
	static const struct query zone = QUERY("test_zone", NULL, "SET TimeZone = 'Asia/Kolkata'");
	struct thing t;

	cr_assert_eq(db_exec(c, &zone, NULL), OK);
	cr_assert_eq(db_one(c, &find_thing, &t, "", NULL, "2026-11-20 15:08:41.5+00", "0", "f"),
		     OK);
	cr_expect_str_eq(t.at, "2026-11-20T15:08:41.500000Z");
}

Test(db, an_unsupported_time_is_an_internal_error)
{
	static const char *const times[] = { "infinity", "-infinity", "0044-03-15 12:00:00+00 BC",
					     "10000-01-01 00:00:00+00" };

	for (size_t i = 0; i < COUNT(times); i++) {
		struct thing t;

		cr_expect_eq(db_one(c, &find_thing, &t, "", NULL, times[i], "0", "f"), E_INTERNAL,
			     "%s", times[i]);
	}
}

Test(db, null_needs_a_nullable_field)
{
	struct thing t;

	cr_expect_eq(db_one(c, &find_thing, &t, NULL, NULL, NULL, "0", "f"), E_INTERNAL);
	cr_expect_eq(db_one(c, &find_thing, &t, "a", NULL, NULL, NULL, "f"), E_INTERNAL);
	cr_expect_eq(db_one(c, &find_thing, &t, "a", NULL, NULL, "0", NULL), E_INTERNAL);
	cr_expect_eq(db_one(c, &find_thing, &t, "a", NULL, NULL, "0", "f"), OK);
	cr_expect_null(t.at);
}

Test(db, a_column_without_a_field_is_an_internal_error)
{
	static const struct query stranger =
	    QUERY("test_stranger", &thing_schema, "SELECT 1 AS stranger");
	struct thing t;

	cr_expect_eq(db_one(c, &stranger, &t), E_INTERNAL);
}

Test(db, db_one_requires_one_row)
{
	struct thing t;

	cr_expect_eq(db_one(c, &no_thing, &t, "a", NULL, NULL, "0", "f"), E_NOT_FOUND);
	cr_expect_eq(db_one(c, &two_things, &t, "a", NULL, NULL, "0", "f"), E_INTERNAL);
}

Test(db, db_all_returns_an_array)
{
	const struct thing *rows;
	struct records records;

	cr_assert_eq(db_all(c, &two_things, &records, "a", NULL, NULL, "7", "f"), OK);
	cr_assert_eq(records.n, 2);
	rows = records.rows;
	cr_expect_eq(rows[1].number, 7);
	cr_expect_str_eq(rows[1].name, "a");
	cr_assert_eq(db_all(c, &no_thing, &records, "a", NULL, NULL, "7", "f"), OK);
	cr_expect_eq(records.n, 0);
}

Test(db, bytes_are_stored_unchanged)
{
	static const struct query hex =
	    QUERY("test_hex", &thing_schema,
		  "SELECT gen_random_uuid() AS id, encode($1::bytea, 'hex') AS name");
	static const unsigned char bytes[] = { 0x00, 0xff, 0x5c, 0x27, 0x0a };
	struct thing t;

	cr_assert_eq(db_one(c, &hex, &t, p_bytes(c, bytes, sizeof(bytes))), OK);
	cr_expect_str_eq(t.name, "00ff5c270a");
	cr_assert_eq(db_one(c, &hex, &t, p_bytes(c, bytes, 0)), OK);
	cr_expect_str_eq(t.name, "");
}

Test(db, db_exec_reports_the_row_count)
{
	int64_t changed = -1;

	cr_assert_eq(db_exec(c, &touch_users, &changed), OK);
	cr_expect_eq(changed, 0);
	cr_assert_eq(db_exec(c, &insert_user, &changed, "a@example.com"), OK);
	cr_expect_eq(changed, 1);
}

Test(db, db_exec_one_requires_a_row)
{
	cr_expect_eq(db_exec_one(c, &touch_users), E_NOT_FOUND);
	cr_assert_eq(db_exec_one(c, &insert_user, "a@example.com"), OK);
	cr_expect_eq(db_exec_one(c, &touch_users), OK);
	cr_expect_eq(db_exec_one(c, &insert_user, "a@example.com"), E_CONFLICT);
}

Test(db, a_changed_statement_is_prepared_again)
{
	struct query q =
	    QUERY("test_renamed", &thing_schema, "SELECT gen_random_uuid() AS id, 'first' AS name");
	struct thing t;

	cr_assert_eq(db_one(c, &q, &t), OK);
	q.sql = "SELECT 'second' AS name";
	cr_assert_eq(db_one(c, &q, &t), OK);
	cr_expect_str_eq(t.name, "second");
	cr_expect_null(t.id);
}

Test(db, db_constraint_returns_its_name)
{
	cr_expect_str_eq(db_constraint(c), "");
	cr_assert_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "A@Example.com"), E_CONFLICT);
	cr_expect_str_eq(db_constraint(c), "users_email_key");
	cr_expect_eq(db_exec(c, &insert_user, NULL, "x"), E_VALIDATION);
	cr_expect_str_eq(db_constraint(c), "users_email_check");
	db_reset(c->db);
	cr_expect_str_eq(db_constraint(c), "");
}

Test(db, sqlstate_becomes_an_error)
{
	static const struct {
		const char *sqlstate;
		enum error error;
	} rows[] = {
		{ "22003", E_VALIDATION },  { "22P02", E_VALIDATION },  { "23502", E_VALIDATION },
		{ "23503", E_CONFLICT },    { "23505", E_CONFLICT },    { "23514", E_VALIDATION },
		{ "40001", E_UNAVAILABLE }, { "53200", E_UNAVAILABLE }, { "55P03", E_OVERLOADED },
		{ "57014", E_UNAVAILABLE }, { "42P01", E_INTERNAL },    { "P0001", E_INTERNAL },
		{ "XX000", E_INTERNAL },
	};
	static const struct query raise = QUERY("test_raise", NULL, "SELECT raise($1)");

	testdb_spoil();
	testdb_sql("CREATE FUNCTION raise(code text) RETURNS void LANGUAGE plpgsql AS"
		   " $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = code; END $$");
	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect(db_exec(c, &raise, NULL, rows[i].sqlstate) == rows[i].error &&
			      (error_info(rows[i].error)->status != 503) == !c->failure.cause,
			  "%s", rows[i].sqlstate);
}

Test(db, internal_errors_have_no_detail_for_the_client)
{
	static const struct query wrong = QUERY("test_wrong", NULL, "SELECT secret FROM nowhere");

	cr_expect_eq(db_exec(c, &wrong, NULL), E_INTERNAL);
	cr_expect_null(c->failure.detail);
}

Test(db, settings_of_the_connection)
{
	static const struct query show =
	    QUERY("test_show", &thing_schema, "SELECT current_setting($1) AS name");
	static const struct {
		const char *name, *value;
	} rows[] = {
		{ "statement_timeout", "10s" },
		{ "lock_timeout", "3s" },
		{ "idle_in_transaction_session_timeout", "15s" },
		{ "TimeZone", "UTC" },
		{ "client_encoding", "UTF8" },
		{ "application_name", PACKAGE },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct thing t;

		cr_assert_eq(db_one(c, &show, &t, rows[i].name), OK);
		cr_expect_str_eq(t.name, rows[i].value, "%s is %s", rows[i].name, t.name);
	}
}

/* Opens another connection, with additional URL parameters. */
static struct ctx *
connect_with(const char *more)
{
	const char *url = settings.database_url;
	struct ctx *other = testdb_ctx(arena);
	bool is_url = strstr(url, "://");

	if (is_url)
		url = arena_printf(arena, "%s%c%s", url, strchr(url, '?') ? '&' : '?', more);
	else
		url = arena_printf(arena, "%s %s", url, more);
	other->db = db_new(url);
	return other;
}

Test(db, options_of_the_url_take_precedence)
{
	static const struct query show =
	    QUERY("test_show", &thing_schema, "SELECT current_setting($1) AS name");
	bool is_url = strstr(settings.database_url, "://");
	struct ctx *other =
	    connect_with(is_url ? "options=-c%20lock_timeout%3D7s%20-c%20work_mem%3D5MB"
				  "&application_name=mine"
				: "options='-c lock_timeout=7s -c work_mem=5MB'"
				  " application_name=mine");
	struct thing t;

	cr_assert_eq(db_one(other, &show, &t, "lock_timeout"), OK);
	cr_expect_str_eq(t.name, "7s");
	cr_assert_eq(db_one(other, &show, &t, "work_mem"), OK);
	cr_expect_str_eq(t.name, "5MB");
	cr_assert_eq(db_one(other, &show, &t, "application_name"), OK);
	cr_expect_str_eq(t.name, "mine");
	cr_assert_eq(db_one(other, &show, &t, "statement_timeout"), OK);
	cr_expect_str_eq(t.name, "10s");
	cr_assert_eq(db_one(other, &show, &t, "search_path"), OK);
	cr_expect(strstr(t.name, settings.db_schema));
	db_free(other->db);
}

Test(db, a_schema_may_have_any_name)
{
	static const struct query where =
	    QUERY("test_where", &thing_schema, "SELECT current_schema()::text AS name");
	const char *own = settings.db_schema;
	const char *schema = arena_printf(arena, "odd \"%s\\ here", own);
	struct ctx *other = testdb_ctx(arena);
	struct thing t;

	testdb_sql("CREATE SCHEMA \"odd \"\"%s\\ here\"", own);
	settings.db_schema = schema;
	other->db = db_new(settings.database_url);
	cr_assert_eq(db_one(other, &where, &t), OK);
	cr_expect_str_eq(t.name, schema);
	db_free(other->db);
	testdb_sql("DROP SCHEMA \"odd \"\"%s\\ here\"", own);
}

Test(db, works_without_prepared_statements)
{
	struct thing t;

	settings.db_prepared = false;
	cr_assert_eq(db_one(c, &find_thing, &t, "a", NULL, NULL, "7", "t"), OK);
	cr_expect_eq(t.number, 7);
	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_finish(c, db_exec(c, &insert_user, NULL, "a@example.com")), OK);
	cr_expect_str_eq(count_users(), "1");
	settings.db_prepared = true;
}

Test(db, a_statement_by_values_is_not_prepared)
{
	static const struct query by_values = { .name = "test_by_values",
						.sql = "SELECT $1::bigint AS count",
						.row = &count_schema,
						.by_values = true };
	static const struct query prepared =
	    QUERY("test_prepared", &count_schema,
		  "SELECT count(*) FROM pg_prepared_statements WHERE name = 'test_by_values'");
	struct count n;

	cr_assert_eq(db_one(c, &by_values, &n, "7"), OK);
	cr_expect_eq(n.count, 7);
	cr_assert_eq(db_one(c, &prepared, &n), OK);
	cr_expect_eq(n.count, 0);
}

Test(db, a_slow_statement_is_cancelled)
{
	static const struct query slow = QUERY("test_slow", NULL, "SELECT pg_sleep(60)");
	struct ctx *other = testdb_ctx(arena);

	settings.db_statement_timeout_ms = 50;
	other->db = db_new(settings.database_url);
	cr_expect_eq(db_exec(other, &slow, NULL), E_UNAVAILABLE);
	db_free(other->db);
}

/* Returns the log lines of one statement. */
static const char *
logged(const char *level, int64_t slow_ms)
{
	static const struct query doze = QUERY("test_doze", NULL, "SELECT pg_sleep(0.002)");
	static char text[8192];
	int ends[2], was = dup(STDERR_FILENO);
	ssize_t n;

	settings.log_level = level;
	settings.log_format = "json";
	settings.db_slow_ms = slow_ms;
	log_init();
	cr_assert_eq(db_ping(c, &(struct db_ping) { 0 }), OK);
	cr_assert_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	cr_expect_eq(db_exec(c, &doze, NULL), OK);
	dup2(was, STDERR_FILENO);
	n = read(ends[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	close(was);
	return text;
}

Test(db, slow_statements_are_warnings_and_others_debug_messages)
{
	const char *text = logged("info", 1);

	cr_expect(strstr(text, "\"level\":\"warn\"") && strstr(text, "slow statement test_doze"),
		  "%s", text);
	cr_expect(strstr(text, "\"query\":\"test_doze\",\"duration"), "%s", text);
	cr_expect_str_eq(logged("info", 60000), "");
	cr_expect_str_eq(logged("info", 0), "", "0 is never");
	text = logged("debug", 60000);
	cr_expect(strstr(text, "\"level\":\"debug\"") && strstr(text, "\"statement test_doze\""),
		  "%s", text);
}

Test(db, a_transaction_commits_a_success)
{
	enum error e;

	e = db_begin(c);
	if (!e)
		e = db_exec(c, &insert_user, NULL, "a@example.com");
	cr_expect_str_eq(count_users(), "0", "seen before the commit");
	cr_assert_eq(db_finish(c, e), OK);
	cr_expect_str_eq(count_users(), "1");
}

struct label {
	const char *name;
};
static const struct field label_fields[] = { { TEXT(struct label, name) } };
static const struct schema label_schema = SCHEMA("Label", struct label, label_fields);
static const struct query application_name =
    QUERY("test_name", &label_schema, "SELECT current_setting('application_name') AS name");

static const char *
name_now(void)
{
	struct label label = { "it failed" };

	cr_expect_eq(db_one(c, &application_name, &label), OK);
	return label.name;
}

Test(db, a_transaction_has_the_trace_id_in_application_name)
{
	cr_assert_eq(db_begin(c), OK);
	cr_expect_str_eq(name_now(), PACKAGE);
	cr_assert_eq(db_finish(c, OK), OK);

	c->traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_begin(c), OK);
	cr_expect_str_eq(name_now(), PACKAGE " 0af7651916cd43dd8448eb211c80319c");
	cr_assert_eq(db_finish(c, OK), OK);
	cr_assert_eq(db_finish(c, OK), OK);
	cr_expect_str_eq(name_now(), PACKAGE);
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_finish(c, E_CONFLICT), E_CONFLICT);
	cr_expect_str_eq(name_now(), PACKAGE);
}

Test(db, a_transaction_rolls_back_an_error)
{
	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	cr_expect_eq(db_finish(c, fail(c, E_FORBIDDEN, "not you")), E_FORBIDDEN);
	cr_expect_str_eq(c->failure.detail, "not you");
	cr_expect_str_eq(count_users(), "0");
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK, "works again");
}

Test(db, a_failed_statement_aborts_its_transaction)
{
	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), E_CONFLICT);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "b@example.com"), E_CONFLICT);
	cr_expect_eq(db_finish(c, OK), E_CONFLICT, "the outcome cannot be hidden");
	cr_expect_str_eq(count_users(), "0");
	cr_expect_str_eq(db_constraint(c), "users_email_key", "still known after the roll back");
}

Test(db, only_the_outermost_pair_commits)
{
	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	cr_assert_eq(db_finish(c, OK), OK);
	cr_expect_str_eq(count_users(), "0");
	cr_assert_eq(db_finish(c, OK), OK);
	cr_expect_str_eq(count_users(), "1");
}

Test(db, an_inner_error_aborts_the_transaction)
{
	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_finish(c, fail(c, E_NOT_FOUND, NULL)), E_NOT_FOUND);
	failure_clear(c);
	cr_expect_eq(db_finish(c, OK), E_NOT_FOUND);
	cr_expect_eq(c->failure.error, E_NOT_FOUND);
	cr_expect_str_eq(count_users(), "0");
}

Test(db, an_unfinished_transaction_is_rolled_back)
{
	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	db_reset(c->db);
	cr_expect_str_eq(count_users(), "0");
	cr_expect_eq(db_exec(c, &insert_user, NULL, "b@example.com"), OK);
	cr_expect_str_eq(count_users(), "1");
}

struct collision {
	int tries, failures;
	int64_t seen;
	const char *sqlstate;
};

static enum error
collide(struct ctx *with, void *arg)
{
	static const struct query raise = QUERY("test_raise", NULL, "SELECT raise($1)");
	struct collision *x = arg;
	enum error e;

	x->tries++;
	e = db_exec(with, &insert_user, NULL, "a@example.com");
	if (!e && x->tries <= x->failures)
		e = db_exec(with, &raise, NULL, x->sqlstate);
	return e;
}

static void
make_raise(void)
{
	testdb_spoil();
	testdb_sql("CREATE FUNCTION raise(code text) RETURNS void LANGUAGE plpgsql AS"
		   " $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = code; END $$");
}

Test(db, a_serialization_failure_is_retried)
{
	struct collision x = { .failures = 2, .sqlstate = "40001" };

	make_raise();
	cr_expect_eq(db_transaction(c, collide, &x), OK);
	cr_expect_eq(x.tries, 3);
	cr_expect_str_eq(count_users(), "1");
}

Test(db, a_serialization_failure_is_retried_at_most_twice)
{
	struct collision x = { .failures = 99, .sqlstate = "40P01" };

	make_raise();
	cr_expect_eq(db_transaction(c, collide, &x), E_UNAVAILABLE);
	cr_expect_eq(x.tries, 3);
	cr_expect_str_eq(count_users(), "0");
}

Test(db, other_errors_are_not_retried)
{
	struct collision x = { .failures = 1, .sqlstate = "23505" };

	make_raise();
	cr_expect_eq(db_transaction(c, collide, &x), E_CONFLICT);
	cr_expect_eq(x.tries, 1);
}

Test(db, a_nested_transaction_is_not_retried)
{
	struct collision x = { .failures = 1, .sqlstate = "40001" };

	make_raise();
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_transaction(c, collide, &x), E_UNAVAILABLE);
	cr_expect_eq(x.tries, 1);
	cr_expect_eq(db_finish(c, OK), E_UNAVAILABLE);
}

Test(db, caches_are_invalidated_when_the_transaction_ends)
{
	uint64_t before = epoch_get("user", "1"), other = epoch_get("user", "2");

	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_begin(c), OK);
	cache_invalidate(c, "user", "1");
	cache_invalidate(c, "user", "2");
	cr_assert_eq(db_finish(c, OK), OK);
	cr_expect_eq(epoch_get("user", "1"), before);
	cr_assert_eq(db_finish(c, OK), OK);
	cr_expect_eq(epoch_get("user", "1"), before + 1);
	cr_expect_eq(epoch_get("user", "2"), other + 1);
	cache_invalidate(c, "user", "1");
	cr_expect_eq(epoch_get("user", "1"), before + 2);
}

Test(db, a_transaction_without_statements)
{
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_finish(c, OK), OK);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	cr_expect_str_eq(count_users(), "1");
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_finish(c, fail(c, E_CONFLICT, NULL)), E_CONFLICT);
	cr_expect_eq(db_exec(c, &touch_users, NULL), OK);
	cr_expect_str_eq(testdb_sql("SELECT version FROM users"), "2");
}

Test(db, a_first_statement_that_fails_ends_the_transaction)
{
	cr_assert_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), E_CONFLICT);
	cr_expect(db_aborted(c));
	cr_expect_eq(db_exec(c, &touch_users, NULL), E_CONFLICT);
	cr_expect_eq(db_finish(c, OK), E_CONFLICT);
	failure_clear(c);
	cr_expect_eq(db_exec(c, &touch_users, NULL), OK);
	cr_expect_str_eq(testdb_sql("SELECT version FROM users"), "2");
}

Test(db, a_failed_commit_is_reported)
{
	cr_assert_eq(db_begin(c), OK);
	cr_expect_not(db_aborted(c));
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_finish(c, fail(c, E_CONFLICT, NULL)), E_CONFLICT);
	cr_expect(db_aborted(c));
	cr_expect_eq(db_finish(c, OK), E_CONFLICT);
	cr_expect_not(db_aborted(c));
}

/* Terminates the connection of the tested code, and waits until it has ended. */
static void
cut(const struct thing *backend)
{
	testdb_sql("SELECT pg_terminate_backend(%s, 5000)", backend->name);
}

static struct thing
backend_of(struct ctx *with)
{
	static const struct query pid =
	    QUERY_READ("test_pid", &thing_schema, "SELECT pg_backend_pid()::text AS name");
	struct thing t;

	cr_assert_eq(db_one(with, &pid, &t), OK);
	return t;
}

Test(db, a_broken_connection_is_replaced_before_a_write)
{
	struct thing before = backend_of(c), after;

	db_reset(c->db);
	cut(&before);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	cr_expect_str_eq(count_users(), "1");
	after = backend_of(c);
	cr_expect_str_neq(before.name, after.name);
}

Test(db, a_broken_connection_is_replaced_before_a_transaction)
{
	struct thing before = backend_of(c);

	db_reset(c->db);
	cut(&before);
	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_finish(c, db_exec(c, &insert_user, NULL, "a@example.com")), OK);
	cr_expect_str_eq(count_users(), "1");
}

Test(db, a_read_only_statement_is_retried)
{
	struct thing before = backend_of(c), t;

	cut(&before);
	cr_expect_eq(db_one(c, &find_thing, &t, "a", NULL, NULL, "7", "t"), OK);
	cr_expect_eq(t.number, 7);
}

Test(db, a_write_is_not_retried)
{
	struct thing before;

	cr_assert_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK); /* prepared from here */
	before = backend_of(c);
	cut(&before);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "b@example.com"), E_UNAVAILABLE);
	cr_expect_geq(c->failure.retry_after, 1);
	cr_expect_str_eq(count_users(), "1");
	cr_expect_eq(db_exec(c, &insert_user, NULL, "b@example.com"), OK, "works again");
}

Test(db, a_transaction_does_not_continue_on_another_connection)
{
	struct thing before, t;

	cr_assert_eq(db_begin(c), OK);
	cr_assert_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	before = backend_of(c);
	cut(&before);
	cr_expect_eq(db_one(c, &find_thing, &t, "a", NULL, NULL, "7", "t"), E_UNAVAILABLE);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "b@example.com"), E_UNAVAILABLE);
	cr_expect_eq(db_finish(c, OK), E_UNAVAILABLE);
	cr_expect_str_eq(count_users(), "0");
	cr_expect_eq(db_exec(c, &insert_user, NULL, "b@example.com"), OK, "works again");
}

/* COPY is unsupported: the server would wait until its rows are read. */
Test(db, copy_as_a_first_statement_fails_cleanly)
{
	static const struct query copy = QUERY("test_copy", NULL, "COPY users TO STDOUT");

	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_exec(c, &copy, NULL), E_UNAVAILABLE);
	cr_expect_eq(db_finish(c, OK), E_UNAVAILABLE);
	failure_clear(c);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK, "works again");
}

Test(db, a_changed_table_needs_a_new_prepared_statement)
{
	static const struct query all = QUERY("test_all", &thing_schema, "SELECT * FROM changing");
	struct thing t;

	testdb_spoil();
	testdb_sql("CREATE TABLE changing AS SELECT 'a' AS name");
	cr_assert_eq(db_one(c, &all, &t), OK);
	testdb_sql("ALTER TABLE changing ADD number bigint DEFAULT 7");
	cr_expect_eq(db_one(c, &all, &t), OK);
	cr_expect_eq(t.number, 7);

	testdb_sql("ALTER TABLE changing ADD note text DEFAULT 'n'");
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_one(c, &all, &t), E_UNAVAILABLE, "a transaction cannot go on");
	cr_expect_eq(db_finish(c, OK), E_UNAVAILABLE);
	cr_expect_eq(db_one(c, &all, &t), OK);
	cr_expect_str_eq(t.note, "n");
}

Test(db, a_deallocated_statement_is_prepared_again)
{
	static const struct query forget = QUERY("test_forget", NULL, "DEALLOCATE ALL");
	struct thing t;

	cr_assert_eq(db_one(c, &find_thing, &t, "a", NULL, NULL, "7", "t"), OK);
	settings.db_prepared = false;
	cr_assert_eq(db_exec(c, &forget, NULL), OK);
	settings.db_prepared = true;
	cr_expect_eq(db_one(c, &find_thing, &t, "a", NULL, NULL, "8", "t"), OK);
	cr_expect_eq(t.number, 8);
}

Test(db, the_number_of_prepared_statements_is_limited)
{
	static char names[1500][16];
	struct thing t;

	for (size_t i = 0; i < COUNT(names); i++) {
		struct query q = QUERY_READ("", &thing_schema, "SELECT 'x' AS name");

		snprintf(names[i], sizeof(names[i]), "test_%zu", i);
		q.name = names[i];
		cr_assert_eq(db_one(c, &q, &t), OK);
	}
	cr_expect_eq(db_one(c, &find_thing, &t, "a", NULL, NULL, "7", "t"), OK);
}

Test(db, connecting_without_a_server_fails_at_once)
{
	struct ctx *away = testdb_ctx(arena);
	struct thing t;
	int64_t begun;

	away->db = db_new("host=/nowhere dbname=x user=x");
	cr_expect_eq(db_one(away, &find_thing, &t, "a", NULL, NULL, "7", "t"), E_UNAVAILABLE);
	cr_expect_geq(away->failure.retry_after, 1);
	begun = clock_monotonic();
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(db_exec(away, &insert_user, NULL, "a@example.com"), E_UNAVAILABLE);
	cr_expect_lt(clock_monotonic() - begun, 1000000, "no storm of connections");
	cr_expect_eq(db_begin(away), E_UNAVAILABLE);
	cr_expect_eq(db_finish(away, E_UNAVAILABLE), E_UNAVAILABLE);
	db_free(away->db);
}

Test(db, an_invalid_url_is_reported)
{
	struct ctx *away = testdb_ctx(arena);
	struct db_ping ping;

	away->db = db_new("this is no url");
	cr_expect_eq(db_ping(away, &ping), E_UNAVAILABLE);
	db_free(away->db);
}

Test(db, db_ping_queries_the_server)
{
	struct thing backend = backend_of(c);
	struct db_ping ping;

	cr_expect_eq(db_ping(c, &ping), OK);
	cr_expect_geq(ping.latency, 0);
	cr_expect_not(ping.read_only);
	cut(&backend);
	db_reset(c->db);
	cr_expect_eq(db_ping(c, &ping), OK, "by a new connection");
}

/* Makes the session look as if it was opened while the database was read-only. */
static void
make_read_only(void)
{
	static const struct query set =
	    QUERY("test_read_only", NULL, "SET default_transaction_read_only = on");

	cr_assert_eq(db_exec(c, &set, NULL), OK);
}

Test(db, a_read_only_session_is_replaced)
{
	make_read_only();
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), E_UNAVAILABLE);
	cr_expect(strstr(c->failure.detail, "read-only"), "%s", c->failure.detail);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
}

Test(db, a_read_only_session_is_replaced_after_its_transaction)
{
	make_read_only();
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), E_UNAVAILABLE);
	cr_expect_eq(db_finish(c, OK), E_UNAVAILABLE);
	failure_clear(c);
	cr_assert_eq(db_begin(c), OK);
	cr_expect_eq(db_finish(c, db_exec(c, &insert_user, NULL, "a@example.com")), OK);
	cr_expect_str_eq(count_users(), "1");
}

Test(db, db_ping_replaces_a_read_only_session)
{
	struct ctx *standby = connect_with(strstr(settings.database_url, "://")
					       ? "options=-cdefault_transaction_read_only%3Don"
					       : "options=-cdefault_transaction_read_only=on");
	struct db_ping ping;

	make_read_only();
	cr_expect_eq(db_ping(c, &ping), OK);
	cr_expect_not(ping.read_only);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
	cr_expect_eq(db_ping(standby, &ping), OK);
	cr_expect(ping.read_only);
	db_free(standby->db);
}

/* Also if it only reads, so that a later write gets a new session. */
Test(db, a_read_only_session_is_replaced_after_a_second)
{
	struct thing before;

	make_read_only();
	before = backend_of(c);
	do {
		usleep(50000);
		db_reset(c->db);
	} while (strcmp(before.name, backend_of(c).name) == 0);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
}

/* Errors that a new session may not have. */
Test(db, a_session_error_replaces_the_session)
{
	static const struct {
		const char *sqlstate;
		bool replaced;
	} rows[] = {
		{ "0A000", true },  { "25006", true },  { "26000", true },  { "3F000", true },
		{ "42501", true },  { "42704", true },  { "42P01", true },  { "57P05", true },
		{ "58030", true },  { "XX000", true },  { "08006", true },  { "22003", false },
		{ "23505", false }, { "40001", false }, { "53200", false }, { "55P03", false },
		{ "57014", false },
	};
	static const struct query raise = QUERY("test_raise", NULL, "SELECT raise($1)");

	make_raise();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct thing before = backend_of(c);

		cr_assert_neq(db_exec(c, &raise, NULL, rows[i].sqlstate), OK);
		failure_clear(c);
		cr_expect_eq(strcmp(before.name, backend_of(c).name) != 0, rows[i].replaced, "%s",
			     rows[i].sqlstate);
	}
}

Test(db, a_role_that_lost_its_search_path_recovers)
{
	static const struct query lose =
	    QUERY("test_lose_path", NULL, "SET search_path = pg_catalog");

	cr_assert_eq(db_exec(c, &lose, NULL), OK);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), E_INTERNAL);
	cr_expect_eq(db_exec(c, &insert_user, NULL, "a@example.com"), OK);
}

Test(db, uuids_have_version_7_and_are_ordered)
{
	cr_expect_str_eq(
	    testdb_sql("SELECT bool_and(id::text ~ "
		       "'^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$')"
		       " FROM (SELECT uuid_v7() AS id FROM generate_series(1, 1000)) AS ids"),
	    "t");
	cr_expect_str_eq(
	    testdb_sql("SELECT count(DISTINCT uuid_v7()) FROM generate_series(1, 1000)"), "1000");
	cr_expect_str_eq(
	    testdb_sql("SELECT abs(extract(epoch FROM clock_timestamp()) * 1000"
		       " - ('x' || lpad(replace(left(uuid_v7()::text, 13), '-', ''), 16, '0'))"
		       "::bit(64)::bigint) < 1000"),
	    "t");
}
