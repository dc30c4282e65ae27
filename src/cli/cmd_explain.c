/* routes, openapi, settings, queries: the binary explains itself. */
#include "cli_priv.h"

#include "app/buf.h"
#include "app/feature.h"
#include "app/openapi.h"
#include "app/settings.h"

static const char *const access_names[] = {
	[ACCESS_NOBODY] = "nobody", [ACCESS_PUBLIC] = "public", [ACCESS_VIEWER] = "viewer",
	[ACCESS_MEMBER] = "member", [ACCESS_ADMIN] = "admin",   [ACCESS_OWNER] = "owner",
};

/* "login 5/minute, login_ip 30/minute", or "". */
static const char *
limits_of(struct arena *a, const struct route *r)
{
	struct buf b = buf_new(a, 1024);
	const struct limit *limit;

	for (size_t i = 0; (limit = route_limit(r, i)); i++)
		buf_printf(&b, "%s%s %s", i ? ", " : "", limit->name, rate_text(a, *limit->rate));
	return b.data;
}

static void
print_route(const struct route *r)
{
	struct arena *a = arena_new(64 * 1024);
	const char *limits = limits_of(a, r);

	printf("%-7s %-7s %s%s%s%s\n", method_name(r->method), access_names[r->access],
	       r->root ? "" : settings.api_prefix, r->path, *limits ? "  " : "", limits);
	arena_free(a);
}

static void
print_route_json(const struct feature *f, const struct route *r, const char *comma)
{
	struct arena *a = arena_new(64 * 1024);
	struct buf b = buf_new(a, 32 * 1024);

	buf_printf(&b, "%s{\"method\":\"%s\",\"path\":", comma, method_name(r->method));
	buf_json_text(&b, arena_printf(a, "%s%s", r->root ? "" : settings.api_prefix, r->path));
	buf_printf(&b, ",\"access\":\"%s\",\"scope\":", access_names[r->access]);
	if (r->scope)
		buf_json_text(&b, r->scope);
	else
		buf_text(&b, "null");
	buf_text(&b, ",\"limits\":");
	buf_json_text(&b, limits_of(a, r));
	buf_printf(&b, ",\"feature\":\"%s\",\"id\":\"%s\"}", f->name, r->id);
	fputs(b.data, stdout);
	arena_free(a);
}

int
cmd_routes(int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	const char *comma = "[";

	if (argc > 1)
		return cli_usage(argv[0], "unknown argument %s", argv[1]);

	for (const struct feature *const *f = features; *f; f++) {
		for (const struct route *r = (*f)->routes; r->method; r++) {
			if (json)
				print_route_json(*f, r, comma);
			else
				print_route(r);
			comma = ",\n ";
		}
	}
	if (json)
		puts("]");
	return 0;
}

int
cmd_openapi(int argc, char **argv)
{
	const char *document;
	size_t len;

	if (argc > 1)
		return cli_usage(argv[0], "unknown argument %s", argv[1]);

	document = openapi_document(&len);
	if (!document) {
		fputs("out of memory\n", stderr);
		return 1;
	}
	puts(document);
	return 0;
}

int
cmd_settings(int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	bool example = cli_flag(&argc, argv, "--example");

	if (argc > 1)
		return cli_usage(argv[0], "unknown argument %s", argv[1]);

	if (example)
		settings_print_example(stdout);
	else
		settings_print(stdout, json);
	return 0;
}

int
cmd_queries(int argc, char **argv)
{
	if (argc > 1)
		return cli_usage(argv[0], "unknown argument %s", argv[1]);

	for (const struct feature *const *f = features; *f; f++) {
		for (const struct query *q = (*f)->queries; q && q->name; q++)
			printf("%s: %s\n", q->name, q->sql);
	}
	return 0;
}
