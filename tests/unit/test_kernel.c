/* Applications on the kernel alone: without any feature, and with a single small one. Links only
 * libkernel.a. */
#include <criterion/criterion.h>

#include "app/feature.h"
#include "app/log.h"
#include "app/settings.h"

static enum error
greet(struct request *req)
{
	return respond_body(req, 200, "text/plain", "hello", 5);
}

static const struct route routes[] = {
	{ GET, "/hello", greet, ACCESS_PUBLIC, .media_type = "text/plain", .id = "hello",
	  .summary = "Greet" },
	{ 0 },
};

static const struct feature hello_feature = { .name = "hello", .routes = routes };
static const struct feature *const none[] = { NULL }, *const one[] = { &hello_feature, NULL };
static const struct app bare_app = { .name = "bare", .features = none };
static const struct app hello_app = { .name = "hello", .features = one };

static struct arena *arena;

static void
setup(void)
{
	arena = arena_new(1 << 26);
	clearenv();
	cr_assert_null(settings_load(arena, NULL, "/dev/null", false));
	settings.jwt_secret_key = "a key that the tests alone use, long enough";
	settings.log_level = "error";
	log_init();
}

static void
teardown(void)
{
	arena_free(arena);
}

TestSuite(kernel, .init = setup, .fini = teardown);

/* The response lives as long as the arena. */
static struct response
get(const struct app *app, const char *uri)
{
	static const char *const env[] = { "REMOTE_ADDR=192.0.2.1", NULL };
	struct ctx c = { .app = app, .arena = arena };
	struct request req = {
		.ctx = &c, .method_text = "GET", .uri = uri, .env = env, .body = ""
	};

	app_handle(&req);
	return req.response;
}

Test(kernel, without_features_responds_with_404)
{
	struct response response = get(&bare_app, "/api/v1/hello");

	cr_expect_eq(response.status, 404);
	cr_expect_str_eq(response.media_type, "application/problem+json");
	cr_expect_eq(get(&bare_app, "/").status, 404);
}

Test(kernel, serves_the_routes_of_its_features)
{
	struct response response = get(&hello_app, "/api/v1/hello");

	cr_expect_eq(response.status, 200);
	cr_expect_str_eq(response.body, "hello");
	cr_expect_eq(get(&hello_app, "/api/v1/other").status, 404);
}
