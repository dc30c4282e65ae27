/* The public keys over HTTP: they verify the tokens that the program accepts. */
#include <criterion/criterion.h>

#include "support/call.h"

#include "app/keys.h"
#include "app/settings.h"

static struct test *t;
static char folder[] = "/tmp/jwks-XXXXXX";

static void
begin(void)
{
	t = test_begin();
	cr_assert_not_null(mkdtemp(folder));
}

static void
end(void)
{
	const struct key *keys;
	size_t n;

	keys = keys_all(&n);
	for (size_t i = 0; i < n; i++)
		unlink(arena_printf(t->arena, "%s/%s", folder, keys[i].file));
	cr_expect_eq(rmdir(folder), 0);
	test_end();
}

TestSuite(jwks, .init = begin, .fini = end);

/* Signs with a key pair from here on. */
static void
use_pair(void)
{
	struct key key;
	const char *wrong;

	settings.jwt_keys_dir = folder;
	settings.jwt_algorithm = "ES256";
	wrong = keys_create(t->arena, "ES256", &key);
	cr_assert_null(wrong, "%s", wrong);
	wrong = keys_load(t->arena);
	cr_assert_null(wrong, "%s", wrong);
}

Test(jwks, none_while_a_secret_signs)
{
	struct test_response a = call(t, "GET", "/.well-known/jwks.json");

	cr_assert_eq(a.status, 200);
	cr_expect_str_eq(a.media_type, "application/json");
	cr_expect_str_eq(response_header_value(&a, "Cache-Control"), "public, max-age=600");
	cr_expect_str_eq(a.body, "{\"keys\":[]}");
}

Test(jwks, the_public_key_of_a_pair)
{
	struct test_response a;

	use_pair();
	a = call(t, "GET", "/.well-known/jwks.json");
	cr_assert_eq(a.status, 200);
	cr_expect_not_null(strstr(a.body, "\"alg\":\"ES256\""), "%s", a.body);
	cr_expect_not_null(strstr(a.body, keys_signing()->id), "%s", a.body);
	cr_expect_null(strstr(a.body, "\"d\""), "%s", a.body);
}

Test(jwks, a_token_of_the_pair_signs_in)
{
	static const char account[] =
	    "{\"email\":\"ada@example.com\",\"password\":\"a lovely pony\"}";
	struct test_response a;
	char *token;

	use_pair();
	a = call(t, "POST", "/api/v1/auth/register", .json = account);
	cr_assert_eq(a.status, 201, "%s", a.body);
	a = call(t, "POST", "/api/v1/auth/login", .json = account);
	cr_assert_eq(a.status, 200, "%s", a.body);
	token = arena_text(t->arena, response_text(&a, "access_token"));
	a = call(t, "GET", "/api/v1/users/me", .token = token);
	cr_expect_eq(a.status, 200, "%s", a.body);

	token[strlen(token) - 2] ^= 1;
	a = call(t, "GET", "/api/v1/users/me", .token = token);
	cr_expect_eq(a.status, 401, "%s", a.body);
}
