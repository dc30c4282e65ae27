/* routes, openapi, settings, queries: print the tables of the program. */
#include "app/command.h"

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
limits_text(struct arena *a, const struct route *r)
{
	struct buf b = buf_new(a, 1024);
	const struct limit *limit;

	for (size_t i = 0; (limit = route_limit(r, i)); i++)
		buf_printf(&b, "%s%s %s", i ? ", " : "", limit->name, rate_text(a, *limit->rate));
	return b.data;
}

static void
print_route_json(struct arena *a, const struct feature *f, const struct route *r, const char *comma)
{
	struct buf b = buf_new(a, 32 * 1024);

	buf_json(&b,
		 "{'method':%s,'path':%s,'access':%s,'scope':%s,'limits':%s,'feature':%s,'id':%s}",
		 method_name(r->method),
		 arena_printf(a, "%s%s", r->root ? "" : settings.api_prefix, r->path),
		 access_names[r->access], r->scope, limits_text(a, r), f->name, r->id);
	printf("%s%s", comma, b.data);
}

static enum error
print_routes(struct ctx *c, const struct call *call)
{
	bool json = cli_value(call, "--json");
	const char *comma = "[";

	for (const struct feature *const *f = c->app->features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->method; r++) {
			const char *prefix = r->root ? "" : settings.api_prefix;
			const char *limits = limits_text(c->arena, r);

			if (json)
				print_route_json(c->arena, *f, r, comma);
			else
				printf("%-7s %-7s %s%s%s%s\n", method_name(r->method),
				       access_names[r->access], prefix, r->path,
				       *limits ? "  " : "", limits);
			comma = ",\n ";
		}
	}
	if (json)
		puts("]");
	return OK;
}

static enum error
print_openapi(struct ctx *c, const struct call *call UNUSED)
{
	const char *document;
	size_t len;

	document = openapi_document(c->app, &len);
	if (!document)
		return fail(c, E_INTERNAL, "out of memory");

	puts(document);
	return OK;
}

static enum error
print_settings(struct ctx *c UNUSED, const struct call *call)
{
	if (cli_value(call, "--example"))
		settings_print_example(stdout);
	else
		settings_print(stdout, cli_value(call, "--json"));
	return OK;
}

static void
print_table_queries(struct ctx *c, const struct table *t)
{
	for (int i = 0; i < TABLE_STATEMENTS && !t->from; i++) {
		struct query q = table_query(c->arena, t, (enum table_statement)i);

		if (q.name)
			printf("%s: %s\n", q.name, q.compose(c->arena, q.rows));
	}
}

static enum error
print_queries(struct ctx *c, const struct call *call UNUSED)
{
	for (const struct feature *const *f = c->app->features; *f; f++) {
		for (const struct query *q = (*f)->queries; q && q->name; q++)
			printf("%s: %s\n", q->name, q->sql);
		for (const struct table *const *t = (*f)->tables; t && *t; t++)
			print_table_queries(c, *t);
	}
	return OK;
}

const struct subcommand routes_subcommands[] = { { "[--json]", print_routes, NULL }, { 0 } };
const struct subcommand openapi_subcommands[] = { { "", print_openapi, NULL }, { 0 } };
const struct subcommand settings_subcommands[] = { { "[--json] [--example]", print_settings, NULL },
						   { 0 } };
const struct subcommand queries_subcommands[] = { { "", print_queries, NULL }, { 0 } };
