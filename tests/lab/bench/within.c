/*
 * The cost of a request in the pipeline, without sockets: `within TIMES METHOD URI [TOKEN [JSON]]`
 * handles it TIMES times and prints the status and the microseconds of processor time per request.
 * Settings and database come from the environment. A TOKEN with `=` is a cookie: "session=…".
 */
#include "app_features.h"

#include "app/arena.h"
#include "app/command.h"
#include "app/db.h"
#include "app/http.h"
#include "app/log.h"
#include "app/settings.h"

#include <time.h>

enum { REQUEST_ARENA = 64 << 20, WARM = 5 };

static double
processor_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static const struct app app = { .name = PACKAGE, .features = app_features };

static unsigned
handle(struct arena *a, struct db *db, char **call, const char *const *env, const char *body)
{
	struct ctx c = {
		.app = &app, .arena = a, .db = db, .request_id = "none", .ip = "192.0.2.1"
	};
	struct request req = {
		.ctx = &c,
		.method_text = call[0],
		.uri = call[1],
		.env = env,
		.body = body,
		.body_len = strlen(body),
	};

	app_handle(&req);
	arena_reset(a);
	return req.response.status;
}

int
main(int argc, char **argv)
{
	const char *env[] = { NULL, "CONTENT_TYPE=application/json", NULL };
	const char *body = argc > 5 ? argv[5] : "";
	char token[4096];
	struct arena *forever = arena_new(REQUEST_ARENA), *a = arena_new(REQUEST_ARENA);
	long times = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
	const char *wrong;
	unsigned status = 0;
	struct db *db;
	double start;

	if (times <= 0) {
		fputs("usage: within TIMES METHOD URI [TOKEN [JSON]]\n", stderr);
		return 2;
	}
	wrong = cli_settings(forever, &app, NULL, true);
	if (wrong) {
		fprintf(stderr, "%s\n", wrong);
		return 1;
	}
	snprintf(token, sizeof(token), "%s%s",
		 argc > 4 && strchr(argv[4], '=') ? "HTTP_COOKIE=" : "HTTP_AUTHORIZATION=Bearer ",
		 argc > 4 ? argv[4] : "");
	env[0] = token;

	log_init();
	db = db_new(settings.database_url);
	for (int i = 0; i < WARM; i++)
		status = handle(a, db, argv + 2, env, body);
	start = processor_us();
	for (long i = 0; i < times; i++)
		status = handle(a, db, argv + 2, env, body);
	printf("%u %.2f\n", status, (processor_us() - start) / (double)times);
	db_free(db);
	arena_free(a);
	arena_free(forever);
	return 0;
}
