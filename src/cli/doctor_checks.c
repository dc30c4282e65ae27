/* The checks of `doctor`: a row and a function for each. */
#include "app/command.h"
#include "doctor_priv.h"

#include "app/buf.h"
#include "app/clock.h"
#include "app/migrate.h"
#include "app/redis.h"
#include "app/settings.h"
#include "db/db_info.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define SECOND INT64_C(1000000)

/* ---- settings */

/* Joins lines with semicolons. */
static const char *
one_line(struct arena *a, const char *lines)
{
	struct buf b = buf_new(a, 64 * 1024);

	for (; *lines; lines++)
		if (*lines != '\n')
			buf_char(&b, *lines);
		else if (lines[1])
			buf_text(&b, "; ");
	return b.data;
}

static void
check_settings(struct finding *f)
{
	struct arena *a = arena_new(8 * 1024 * 1024);
	const char *err = cli_settings(a, NULL, true), *warnings = settings_warnings();

	if (err)
		finding_set(f, STATE_FAULT, "set it in the environment or the --env-file", "%.*s",
			    (int)strcspn(err, "\n"), err);
	else if (!settings_production())
		finding_set(f, STATE_WARNING, "on a public host: ENVIRONMENT=production",
			    "ENVIRONMENT=%s: weak secrets are not refused%s%s",
			    settings.environment, *warnings ? "; " : "", one_line(a, warnings));
	else if (*warnings)
		finding_set(f, STATE_WARNING, "correct or remove these lines", "%s",
			    one_line(a, warnings));
	else if (*settings.first_admin_password)
		finding_set(f, STATE_WARNING, "remove it from the settings after `seed` has run",
			    "FIRST_ADMIN_PASSWORD is still set");
	else
		finding_set(f, STATE_OK, NULL, "complete, for production");
}

static void
check_timeouts(struct finding *f)
{
	int64_t statement = settings.db_statement_timeout_ms;

	if (statement == 0 || statement >= settings.request_timeout_seconds * 1000)
		finding_set(f, STATE_WARNING,
			    "set DB_STATEMENT_TIMEOUT_MS below REQUEST_TIMEOUT_SECONDS",
			    "a statement may take longer than its request");
	else
		finding_set(f, STATE_OK, NULL, "statement %" PRId64 " ms, request %" PRId64 " s",
			    statement, settings.request_timeout_seconds);
}

/* ---- database */

/* The connection of all checks of the database. */
static struct ctx *
doctor_db(void)
{
	static struct ctx c;

	if (!c.arena)
		c = cli_open(false);
	return &c;
}

/* Returns false after setting the finding if the database does not respond. */
static bool
responds(struct finding *f, enum error e)
{
	if (e)
		finding_set(f, STATE_UNKNOWN, NULL, "the database does not respond");
	return !e;
}

static void
check_database(struct finding *f)
{
	struct ctx *c = doctor_db();
	struct db_info db;
	struct db_ping ping;

	if (db_info(c, &db) || db_ping(c, &ping))
		finding_set(f, STATE_FAULT,
			    *db_hint(c) ? db_hint(c) : "try psql with DATABASE_URL as this user",
			    "%s", *db_reason(c) ? db_reason(c) : "the database does not respond");
	else if (strtol(db.version, NULL, 10) < 14)
		finding_set(f, STATE_FAULT, "upgrade to PostgreSQL 14 or newer",
			    "PostgreSQL %s is too old", db.version);
	else if (ping.read_only)
		finding_set(f, STATE_FAULT,
			    db.standby ? "connect to the primary: name both hosts in DATABASE_URL, "
					 "with ?target_session_attrs=read-write"
				       : "ALTER DATABASE … RESET default_transaction_read_only, or "
					 "the same for the role or the server",
			    "the database is read-only: %s",
			    db.standby ? "this server is a standby"
				       : "default_transaction_read_only is on");
	else
		finding_set(f, STATE_OK, NULL, "PostgreSQL %s responds in %" PRId64 " us",
			    db.version, ping.latency);
}

static void
check_migrations(struct finding *f)
{
	int64_t pending;

	if (!responds(f, migrate_pending(doctor_db(), &pending)))
		return;
	if (pending > 0)
		finding_set(f, STATE_FAULT, PACKAGE " migrate up",
			    "%" PRId64 " migrations are pending", pending);
	else
		finding_set(f, STATE_OK, NULL, "all are applied");
}

static void
check_indexes(struct finding *f)
{
	struct db_info db;

	if (!responds(f, db_info(doctor_db(), &db)))
		return;
	if (*db.invalid)
		finding_set(f, STATE_WARNING,
			    PACKAGE " migrate up, or DROP INDEX CONCURRENTLY and create it again",
			    "invalid, so no query uses them: %s", db.invalid);
	else
		finding_set(f, STATE_OK, NULL, "all are valid");
}

static void
check_pooler(struct finding *f)
{
	bool pooled;

	if (!responds(f, db_pooled(doctor_db(), &pooled)))
		return;
	if (pooled && (settings.db_prepared || settings.job_listen))
		finding_set(f, STATE_WARNING,
			    "DB_PREPARED=off and JOB_LISTEN=off (deploy/hosts.md)",
			    "DATABASE_URL is a pooler that shares sessions, and %s on",
			    !settings.job_listen    ? "DB_PREPARED is"
			    : !settings.db_prepared ? "JOB_LISTEN is"
						    : "DB_PREPARED and JOB_LISTEN are");
	else if (pooled && !*settings.migrate_database_url)
		finding_set(f, STATE_WARNING, "set MIGRATE_DATABASE_URL to PostgreSQL itself",
			    "DATABASE_URL is a pooler that shares sessions: migrate rejects it");
	else
		finding_set(f, STATE_OK, NULL, pooled ? "one that shares sessions" : "none");
}

static void
check_role(struct finding *f)
{
	struct db_info db;

	if (!responds(f, db_info(doctor_db(), &db)))
		return;
	if (db.forbidden > 0)
		finding_set(f, STATE_FAULT,
			    "as their owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES …",
			    "role %s may not read %" PRId64 " of the tables", db.role,
			    db.forbidden);
	else if (db.superuser || db.owner)
		finding_set(f, STATE_WARNING,
			    "let a separate role own the tables: MIGRATE_DATABASE_URL",
			    "role %s %s: it could change the audit log", db.role,
			    db.superuser ? "is a superuser" : "owns the tables");
	else
		finding_set(f, STATE_OK, NULL, "role %s has the required privileges only", db.role);
}

static void
check_connections(struct finding *f)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t want = settings.workers ? settings.workers : cores > 2 ? 2 * cores : 4;
	struct db_info db;

	want += settings.job_workers + 2;
	if (!responds(f, db_info(doctor_db(), &db)))
		return;
	if (want > db.connections)
		finding_set(f, STATE_FAULT,
			    "raise max_connections, or lower WORKERS and JOB_WORKERS",
			    "this host needs %" PRId64 ", the database accepts %" PRId64, want,
			    db.connections);
	else
		finding_set(f, STATE_OK, NULL,
			    "this host needs %" PRId64 ", the database accepts %" PRId64
			    " in total",
			    want, db.connections);
}

static void
check_clock(struct finding *f)
{
	struct db_info db;
	int64_t skew;

	if (!responds(f, db_info(doctor_db(), &db)))
		return;
	skew = llabs(clock_now() - db.now);
	if (skew > settings.clock_skew_seconds * SECOND)
		finding_set(f, STATE_FAULT,
			    "synchronize the clocks of both hosts: timedatectl set-ntp true",
			    "this clock and the database's differ by %" PRId64 " s", skew / SECOND);
	else
		finding_set(f, STATE_OK, NULL, "differs from the database's by %" PRId64 " ms",
			    skew / 1000);
}

/* ---- processes */

/* False, with errno, if no process listens. */
static bool
connects_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc, saved;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	saved = errno;
	close(fd);
	errno = saved;
	return rc == 0;
}

static void
check_socket(struct finding *f)
{
	const char *path = settings.listen + strlen("unix:");
	struct stat st;

	if (strncmp(settings.listen, "unix:", strlen("unix:")) != 0)
		finding_set(f, STATE_UNKNOWN, NULL, "not checked: LISTEN names no Unix socket");
	else if (stat(path, &st) != 0)
		finding_set(f, STATE_FAULT, "start the service", "%s: %s", path, strerror(errno));
	else if (st.st_mode & S_IWOTH)
		finding_set(f, STATE_FAULT, "chmod o= that file; the service creates it with 0660",
			    "all users of this host can write to %s, and pose as any client", path);
	else if (!connects_unix(path))
		finding_set(f, STATE_FAULT,
			    "start the service; run doctor as root or as a member of the group",
			    "%s: %s", path, strerror(errno));
	else
		finding_set(f, STATE_OK, NULL, "%s accepts connections, mode %03o", path,
			    (unsigned)st.st_mode & 0777);
}

static void
check_backlog(struct finding *f)
{
	FILE *in = fopen("/proc/sys/net/core/somaxconn", "re");
	int n = 0;

	if (!in || fscanf(in, "%d", &n) != 1)
		finding_set(f, STATE_UNKNOWN, NULL, "net.core.somaxconn cannot be read");
	else if (n < 512)
		finding_set(f, STATE_WARNING, "sysctl net.core.somaxconn=4096",
			    "at most %d connections can wait for a worker (net.core.somaxconn)", n);
	else
		finding_set(f, STATE_OK, NULL,
			    "%d connections can wait for a worker (net.core.somaxconn; on a "
			    "passed socket, Backlog= of its unit if that is less)",
			    n);
	if (in)
		fclose(in);
}

/* ---- other services */

static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

static void
check_mail(struct finding *f)
{
	const char *port = strncmp(settings.smtp_url, "smtps:", 6) == 0 ? "465" : "25";
	char host[256];

	if (!*settings.smtp_url)
		finding_set(f, settings_production() ? STATE_WARNING : STATE_OK,
			    settings_production() ? "set SMTP_URL" : NULL,
			    "without SMTP_URL, no e-mails are sent");
	else if (!url_responds(settings.smtp_url, port, host))
		finding_set(f, STATE_FAULT,
			    "check SMTP_URL, and that this host may connect to the server",
			    "%s does not accept connections", host);
	else if (strcmp(settings.smtp_tls, "off") == 0 && !is_loopback(host))
		finding_set(f, STATE_WARNING, "SMTP_TLS=required",
			    "e-mails are sent to %s unencrypted (SMTP_TLS=off)", host);
	else
		finding_set(f, STATE_OK, NULL, "%s accepts connections", host);
}

static void
check_redis(struct finding *f)
{
	if (!redis_enabled())
		finding_set(f, STATE_OK, NULL, "not configured: rate limits apply per host");
	else if (!redis_ping())
		finding_set(f, STATE_FAULT,
			    "try redis-cli with the host, user and password of REDIS_URL",
			    "Redis does not respond: rate limits apply per host");
	else
		finding_set(f, STATE_OK, NULL, "Redis responds");
}

const struct check doctor_checks[] = {
	{ "settings", SERVICE_NONE, check_settings },
	{ "time-outs", SERVICE_NONE, check_timeouts },
	{ "database", SERVICE_DATABASE, check_database },
	{ "migrations", SERVICE_DATABASE, check_migrations },
	{ "indexes", SERVICE_DATABASE, check_indexes },
	{ "pooler", SERVICE_DATABASE, check_pooler },
	{ "role", SERVICE_DATABASE, check_role },
	{ "connections", SERVICE_DATABASE, check_connections },
	{ "clock", SERVICE_DATABASE, check_clock },
	{ "socket", SERVICE_NONE, check_socket },
	{ "backlog", SERVICE_NONE, check_backlog },
	{ "web server", SERVICE_WEB, check_web },
	{ "body limit", SERVICE_WEB, check_body_limit },
	{ "origins", SERVICE_WEB, check_origins },
	{ "redis", SERVICE_OTHERS, check_redis },
	{ "mail", SERVICE_OTHERS, check_mail },
	{ "orders", SERVICE_NONE, check_orders },
	{ 0 },
};
