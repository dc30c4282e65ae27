/* A minimal application: one feature with routes that misbehave on request. It also shows that
 * the core works without most features. */
#include "app/feature.h"
#include "app/log.h"
#include "app/password.h"
#include "app/settings.h"
#include "app/shared.h"
#include "app/command.h"
#include "features/prometheus/prometheus.h"

#include <signal.h>

#ifndef EDITION
#define EDITION "one"
#endif

struct about {
	const char *edition, *name;
	int64_t pid, body, max_body;
	bool draining;
};

static const struct field about_fields[] = {
	{ TEXT(struct about, edition), .flags = F_READ, .summary = "Edition of the program." },
	{ TEXT(struct about, name), .flags = F_READ, .summary = "Its APP_NAME." },
	{ INT(struct about, pid), .flags = F_READ, .summary = "Process id of the worker." },
	{ INT(struct about, body), .flags = F_READ, .summary = "Bytes of the body." },
	{ INT(struct about, max_body), .flags = F_READ, .summary = "MAX_BODY_BYTES." },
	{ BOOL(struct about, draining), .flags = F_READ,
	  .summary = "Whether the pool is stopping." },
};
static const struct schema about_schema = SCHEMA("About", struct about, about_fields);

struct amount {
	int64_t n;
};

static const struct field amount_fields[] = {
	{ INT(struct amount, n), .flags = F_CREATE, .max = 100000000, .summary = "Amount." },
};
static const struct schema amount_schema = SCHEMA("Amount", struct amount, amount_fields);

static int64_t
amount_of(const struct request *req)
{
	const struct amount *amount = req->query_record;

	return amount->n;
}

static enum error
show_about(struct request *req)
{
	struct about about = {
		.edition = EDITION,
		.name = settings.app_name,
		.pid = getpid(),
		.body = (int64_t)req->body_len,
		.max_body = settings.max_body_bytes,
		.draining = shared_draining(),
	};

	return respond_record(req, OK, &about);
}

static enum error
sleep_long(struct request *req)
{
	struct timespec left = { .tv_sec = amount_of(req) / 1000,
				 .tv_nsec = amount_of(req) % 1000 * 1000000 };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
	return show_about(req);
}

/* Ignores its own deadline. */
static enum error
sleep_deaf(struct request *req)
{
	signal(SIGALRM, SIG_IGN);
	return sleep_long(req);
}

static enum error
say_quietly(struct request *req)
{
	log_debug(req->ctx, "a quiet word");
	return show_about(req);
}

static enum error
send_back(struct request *req)
{
	return respond_body(req, 200, "application/octet-stream", req->body, req->body_len);
}

static enum error
send_much(struct request *req)
{
	size_t n = (size_t)amount_of(req);
	char *bytes = arena_alloc(req->ctx->arena, n);

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)('a' + i % 26);
	return respond_body(req, 200, "text/plain", bytes, n);
}

static enum error
take_memory(struct request *req)
{
	for (;;)
		arena_alloc(req->ctx->arena, 1 << 20);
	return OK;
}

/* Never frees the memory. */
static enum error
leak(struct request *req)
{
	static char *last;
	size_t n = (size_t)amount_of(req), keep = sizeof(last);
	char *more = malloc(n + keep);

	memset(more, 1, n + keep);
	memcpy(more, &last, keep);
	last = more;
	return show_about(req);
}

/* Hashes as a sign-in does. */
static enum error
hash(struct request *req)
{
	const char *unused;
	enum error e = password_hash(req->ctx, "Tr0ub4dor&3", &unused);

	return e ? e : show_about(req);
}

static enum error
crash(struct request *req UNUSED)
{
	raise(SIGKILL);
	return OK;
}

static const struct route routes[] = {
	{ GET, "/about", show_about, ACCESS_PUBLIC, .root = true, .response = &about_schema,
	  .id = "about", .summary = "The worker that responds." },
	{ POST, "/about", show_about, ACCESS_PUBLIC, .root = true, .response = &about_schema,
	  .id = "about_body", .summary = "The worker that responds, and the length of the body." },
	{ POST, "/back", send_back, ACCESS_PUBLIC, .root = true,
	  .media_type = "application/octet-stream", .id = "back", .summary = "Returns the body." },
	{ GET, "/much", send_much, ACCESS_PUBLIC, .root = true, .query = &amount_schema,
	  .media_type = "text/plain", .id = "much", .summary = "Returns n bytes." },
	{ GET, "/sleep", sleep_long, ACCESS_PUBLIC, .root = true, .query = &amount_schema,
	  .response = &about_schema, .id = "sleep", .summary = "Responds after n milliseconds." },
	{ GET, "/deaf", sleep_deaf, ACCESS_PUBLIC, .root = true, .query = &amount_schema,
	  .response = &about_schema, .id = "deaf", .summary = "The same, ignoring the deadline." },
	{ GET, "/quiet", say_quietly, ACCESS_PUBLIC, .root = true, .response = &about_schema,
	  .id = "quiet", .summary = "Logs a line of level debug." },
	{ GET, "/memory", take_memory, ACCESS_PUBLIC, .root = true, .response = &about_schema,
	  .id = "memory", .summary = "Allocates memory until the limit." },
	{ GET, "/leak", leak, ACCESS_PUBLIC, .root = true, .query = &amount_schema,
	  .response = &about_schema, .id = "leak", .summary = "Leaks n bytes." },
	{ POST, "/hash", hash, ACCESS_PUBLIC, .root = true, .response = &about_schema,
	  .errors = { E_OVERLOADED }, .id = "hash", .summary = "Hashes a password." },
	{ GET, "/crash", crash, ACCESS_PUBLIC, .root = true, .response = &about_schema,
	  .id = "crash", .summary = "Kills the worker." },
	{ 0 },
};

static const struct feature pool_feature = {
	.name = "pool",
	.summary = "Routes for the tests of the processes.",
	.routes = routes,
};

static const struct feature *const features[] = { &pool_feature, &prometheus_feature, NULL };

static const struct command commands[] = {
	{ "log-level", log_level_subcommands, "Set the log level.", "debug" },
	{ "serve", serve_subcommands, "Serve requests.", "--single", .needs_config = true,
	  .daemon = true },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct app app = { "pool_app", features, commands };

	return cli_main(&app, argc, argv);
}
