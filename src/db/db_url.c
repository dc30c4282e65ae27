/* What is wrong with DATABASE_URL and MIGRATE_DATABASE_URL, as far as libpq knows. */
#include "db_priv.h"

#include "app/settings.h"

enum { NAME_SHOWN_MAX = 40 };

/* What other libraries take there, and the setting that does it here. */
static const struct {
	const char *name, *instead;
} foreign[] = {
	{ "schema", "set DB_SCHEMA" },
	{ "currentSchema", "set DB_SCHEMA" },
	{ "search_path", "set DB_SCHEMA" },
	{ "pgbouncer", "set DB_PREPARED=off and JOB_LISTEN=off" },
	{ "prepared_statements", "set DB_PREPARED" },
	{ "statement_timeout", "set DB_STATEMENT_TIMEOUT_MS" },
	{ "pool_size", "set WORKERS" },
	{ "connection_limit", "set WORKERS" },
};

/* What looks otherwise may be a part of a password. */
static bool
is_shown(const char *name, size_t len)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return len > 0 && len <= NAME_SHOWN_MAX && strspn(name, letters) >= len;
}

static const char *
unknown_parameter(struct arena *a, const char *name, size_t len)
{
	const char *instead = "remove it";

	if (!is_shown(name, len))
		return "has an unknown parameter: remove it";
	for (size_t i = 0; i < COUNT(foreign); i++)
		if (strlen(foreign[i].name) == len && strncmp(foreign[i].name, name, len) == 0)
			instead = foreign[i].instead;
	return arena_printf(a, "has the unknown parameter %.*s: %s", (int)len, name, instead);
}

/* libpq quotes the name of a parameter that it does not know; its other messages may quote values. */
static const char *const begins[] = {
	"invalid connection option \"",
	"invalid URI query parameter: \"",
	"missing key/value separator \"=\" in URI query parameter: \"",
};

static const char *
fault_of(struct arena *a, const char *text)
{
	char *message = NULL;
	PQconninfoOption *parsed = PQconninfoParse(text, &message);
	const char *fault = NULL;

	for (size_t i = 0; i < COUNT(begins) && message && !fault; i++) {
		const char *name = strstr(message, begins[i]);

		if (name) {
			name += strlen(begins[i]);
			fault = unknown_parameter(a, name, strcspn(name, "\""));
		}
	}
	if (!parsed && !fault)
		fault = "is not a connection string: write "
			"postgresql://user:password@host:5432/database";
	PQconninfoFree(parsed);
	PQfreemem(message);
	return fault;
}

const char *
db_urls_check(struct arena *a)
{
	const char *service = *settings.database_url ? fault_of(a, settings.database_url) : NULL;
	const char *owner =
	    *settings.migrate_database_url ? fault_of(a, settings.migrate_database_url) : NULL;

	if (!service && !owner)
		return NULL;
	return arena_printf(a, "%s%s%s%s%s%s", service ? "DATABASE_URL: " : "",
			    service ? service : "", service ? "\n" : "",
			    owner ? "MIGRATE_DATABASE_URL: " : "", owner ? owner : "",
			    owner ? "\n" : "");
}
