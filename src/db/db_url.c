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

static bool
libpq_knows(const PQconninfoOption *options, const char *name, size_t len)
{
	for (; options->keyword; options++)
		if (strlen(options->keyword) == len && strncmp(options->keyword, name, len) == 0)
			return true;
	return len == 3 && strncmp(name, "ssl", 3) == 0; /* JDBC's, for sslmode */
}

/* Of a URL: the first parameter that libpq does not know, or NULL. */
static const char *
parameter_fault(struct arena *a, const char *url)
{
	PQconninfoOption *options = PQconndefaults();
	const char *at = strchr(url, '?'), *fault = NULL;

	while (options && at && at[1] && !fault) {
		size_t len = strcspn(++at, "=&");

		if (!libpq_knows(options, at, len))
			fault = unknown_parameter(a, at, len);
		at = strchr(at, '&');
	}
	PQconninfoFree(options);
	return fault;
}

/* libpq quotes the name of a word that it does not know; its other messages may quote more. */
static const char *
word_fault(struct arena *a, const char *message)
{
	static const char begins[] = "invalid connection option \"";
	const char *name = message ? strstr(message, begins) : NULL;

	if (name) {
		name += strlen(begins);
		return unknown_parameter(a, name, strcspn(name, "\""));
	}
	return "is not a connection string: write postgresql://user:password@host:5432/database";
}

static const char *
fault_of(struct arena *a, const char *text)
{
	PQconninfoOption *parsed;
	const char *fault;
	char *message = NULL;

	parsed = PQconninfoParse(text, &message);
	if (parsed) {
		PQconninfoFree(parsed);
		return NULL;
	}
	fault = strncmp(text, "postgres", 8) == 0 && strstr(text, "://") ? parameter_fault(a, text)
									 : NULL;
	if (!fault)
		fault = word_fault(a, message);
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
