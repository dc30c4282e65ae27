/* Accounts for tests, inserted without the API. */
#include <criterion/criterion.h>

#include "call.h"

#include "app/clock.h"
#include "app/password.h"
#include "app/token.h"

struct made {
	const char *id;
};
static const struct field made_fields[] = { { UUID(struct made, id) } };
const struct schema made_schema = SCHEMA("Made", struct made, made_fields);

enum { USER, SESSION };

static const struct query queries[] = {
	[USER] = QUERY("factory_user", &made_schema,
		       "INSERT INTO users (email, password_hash, full_name, role, is_active)"
		       " VALUES ($1, $2, $3, $4, $5) RETURNING id"),
	[SESSION] = QUERY("factory_session", &made_schema,
			  "INSERT INTO sessions (user_id, expires_at)"
			  " VALUES ($1, now() + interval '1 day') RETURNING id"),
};

static void
expect_ok(struct test *t, enum error e, const char *what)
{
	cr_assert_eq(e, OK, "%s: %s: %s", what, error_info(e)->code,
		     t->ctx->failure.detail ? t->ctx->failure.detail : "");
}

const char *
make_row_(struct test *t, const struct query *insert, struct db_params p)
{
	struct made made = { 0 };

	expect_ok(t, db_one_(t->ctx, insert, &made, p), insert->name);
	return made.id;
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

	number++;
	if (!user.email)
		user.email = arena_printf(t->arena, "user-%d@example.com", number);
	if (!user.password)
		user.password = "correct horse battery staple";
	expect_ok(t, password_hash(t->ctx, user.password, &hash), "password_hash");
	user.id =
	    make_row(t, &queries[USER], user.email, hash, in.full_name, role, p_bool(!in.inactive));
	user.session_id = make_row(t, &queries[SESSION], user.id);
	user.token = sign(t, &user, role, in.token_expires_in);
	return user;
}
