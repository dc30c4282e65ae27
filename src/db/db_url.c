/* Checks DATABASE_URL and MIGRATE_DATABASE_URL with libpq. */
#include "db_priv.h"

#include "app/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

enum { NAME_SHOWN_MAX = 40 };

/* Parameters that other libraries accept in a URL, and what to use instead. */
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

/* Any other text may be part of a password. */
static bool
is_plain_name(const char *name, size_t len)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return len > 0 && len <= NAME_SHOWN_MAX && strspn(name, letters) >= len;
}

static const char *
unknown_parameter(struct arena *a, const char *name, size_t len)
{
	const char *instead = "remove it";

	if (!is_plain_name(name, len))
		return "has an unknown parameter: remove it";
	for (size_t i = 0; i < COUNT(foreign); i++)
		if (strlen(foreign[i].name) == len && strncmp(foreign[i].name, name, len) == 0)
			instead = foreign[i].instead;
	return arena_printf(a, "has the unknown parameter %.*s: %s", (int)len, name, instead);
}

/* libpq validates these only when it connects. NULL: a whole number. */
static const struct {
	const char *name, *choices;
} limited[] = {
	{ "sslmode", "disable,allow,prefer,require,verify-ca,verify-full" },
	{ "gssencmode", "disable,prefer,require" },
	{ "channel_binding", "disable,prefer,require" },
	{ "target_session_attrs", "any,read-write,read-only,primary,standby,prefer-standby" },
	{ "load_balance_hosts", "disable,random" },
	{ "connect_timeout", NULL },
	{ "keepalives", NULL },
	{ "keepalives_idle", NULL },
	{ "keepalives_interval", NULL },
	{ "keepalives_count", NULL },
	{ "tcp_user_timeout", NULL },
};

static bool
is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *at = choices; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strcspn(at, ",") == len && strncmp(at, value, len) == 0)
			return true;
	}
	return false;
}

static bool
is_whole_number(const char *value)
{
	char *end;

	errno = 0;
	return strtol(value, &end, 10) <= INT_MAX && end != value && *end == '\0' && errno == 0;
}

/* Returns NULL, or an error about the value of a parameter. */
static const char *
check_values(struct arena *a, const PQconninfoOption *parsed)
{
	for (const PQconninfoOption *o = parsed; o && o->keyword; o++)
		for (size_t i = 0; i < COUNT(limited) && o->val && *o->val; i++) {
			const char *choices = limited[i].choices;

			if (strcmp(limited[i].name, o->keyword) != 0 ||
			    (choices ? is_choice(choices, o->val) : is_whole_number(o->val)))
				continue;
			if (!choices)
				return arena_printf(a, "has a %s that is not a whole number",
						    o->keyword);
			return arena_printf(a, "has %s %s that is not one of %s",
					    o->keyword[0] == 's' ? "an" : "a", o->keyword, choices);
		}
	return NULL;
}

/* These messages of libpq quote the name of an unknown parameter. Others may quote values. */
static const char *const begins[] = {
	"invalid connection option \"",
	"invalid URI query parameter: \"",
	"missing key/value separator \"=\" in URI query parameter: \"",
};

static const char *
check_url(struct arena *a, const char *text)
{
	char *message = NULL;
	PQconninfoOption *parsed = PQconninfoParse(text, &message);
	const char *err = NULL;

	for (size_t i = 0; i < COUNT(begins) && message && !err; i++) {
		const char *name = strstr(message, begins[i]);

		if (name) {
			name += strlen(begins[i]);
			err = unknown_parameter(a, name, strcspn(name, "\""));
		}
	}
	if (!parsed && !err)
		err = "is not a connection string: write "
		      "postgresql://user:password@host:5432/database";
	if (!err)
		err = check_values(a, parsed);
	PQconninfoFree(parsed);
	PQfreemem(message);
	return err;
}

const char *
db_urls_check(struct arena *a)
{
	const char *service = *settings.database_url ? check_url(a, settings.database_url) : NULL;
	const char *owner =
	    *settings.migrate_database_url ? check_url(a, settings.migrate_database_url) : NULL;

	if (!service && !owner)
		return NULL;
	return arena_printf(a, "%s%s%s%s%s%s", service ? "DATABASE_URL: " : "",
			    service ? service : "", service ? "\n" : "",
			    owner ? "MIGRATE_DATABASE_URL: " : "", owner ? owner : "",
			    owner ? "\n" : "");
}
