/* Rows for tests, made beside the application. */
#include <criterion/criterion.h>

#include "call.h"

#include "app/clock.h"
#include "app/password.h"
#include "app/token.h"

struct made {
	const char *id;
};
static const struct field made_fields[] = { { UUID(struct made, id) } };
static const struct schema made_schema = SCHEMA("Made", struct made, made_fields);

enum { USER, SESSION, ITEM, ITEMS };

static const struct query queries[] = {
	[USER] = QUERY("factory_user", &made_schema,
		       "INSERT INTO users (email, password_hash, full_name, role, is_active)"
		       " VALUES ($1, $2, $3, $4, $5) RETURNING id"),
	[SESSION] = QUERY("factory_session", &made_schema,
			  "INSERT INTO sessions (user_id, expires_at)"
			  " VALUES ($1, now() + interval '1 day') RETURNING id"),
	[ITEM] = QUERY("factory_item", &made_schema,
		       "INSERT INTO items (owner_id, title, description, status, created_at,"
		       " updated_at) SELECT $1, $2, $3, $4, at, at"
		       " FROM coalesce($5::timestamptz, clock_timestamp()) AS at RETURNING id"),
	[ITEMS] =
	    QUERY("factory_items", NULL,
		  "INSERT INTO items (owner_id, title, created_at, updated_at)"
		  " SELECT $1, 'Item ' || lpad(n::text, 4, '0'), at, at"
		  " FROM generate_series(1, $2::int) AS n,"
		  " LATERAL (SELECT timestamptz '2026-01-01 00:00:00+00'"
		  "  + CASE WHEN $3 THEN 0 ELSE n END * interval '1 minute' AS at) AS moment"),
};

static void
expect_ok(struct test *t, enum error e, const char *what)
{
	cr_assert_eq(e, OK, "%s: %s: %s", what, error_info(e)->code,
		     t->ctx->failure.detail ? t->ctx->failure.detail : "");
}

static const char *
sign(struct test *t, const struct account *user, const char *role, int64_t expires_in)
{
	int64_t now = clock_now() / 1000000, exp = now + (expires_in ? expires_in : 900);
	struct claims claims = {
		.sub = user->id,
		.sid = user->session_id,
		.role = role,
		.iat = exp < now ? exp - 900 : now,
		.exp = exp,
	};
	const char *token = NULL;

	expect_ok(t, token_sign(t->ctx, &claims, &token), "token_sign");
	return token;
}

struct account
make_user_(struct test *t, struct new_account in)
{
	static int number;
	const char *role = in.role ? in.role : "member", *hash = NULL;
	struct account user = { .email = in.email, .password = in.password };
	struct made made = { 0 };

	number++;
	if (!user.email)
		user.email = arena_printf(t->arena, "user-%d@example.com", number);
	if (!user.password)
		user.password = "correct horse battery staple";
	expect_ok(t, password_hash(t->ctx, user.password, &hash), "password_hash");
	expect_ok(t,
		  db_one(t->ctx, &queries[USER], &made, user.email, hash, in.full_name, role,
			 p_bool(!in.inactive)),
		  "user");
	user.id = made.id;
	expect_ok(t, db_one(t->ctx, &queries[SESSION], &made, user.id), "session");
	user.session_id = made.id;
	user.token = sign(t, &user, role, in.token_expires_in);
	return user;
}

const char *
make_item_(struct test *t, const struct account *owner, struct new_item in)
{
	static int number;
	const char *title = in.title ? in.title : arena_printf(t->arena, "Item %d", ++number);
	struct made made = { 0 };

	expect_ok(t,
		  db_one(t->ctx, &queries[ITEM], &made, owner->id, title, in.description,
			 in.status ? in.status : "active", in.created_at),
		  "item");
	return made.id;
}

void
make_items(struct test *t, const struct account *owner, int n, bool same_moment)
{
	expect_ok(
	    t,
	    db_run(t->ctx, &queries[ITEMS], NULL, owner->id, p_int(t->ctx, n), p_bool(same_moment)),
	    "items");
}
