/* The checks of `doctor`: a row and a function for each. */
#include "app/command.h"
#include "doctor_priv.h"

#include "app/buf.h"
#include "app/clock.h"
#include "app/migrate.h"
#include "app/settings.h"
#include "db/db_info.h"

#include <ctype.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
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
	else
		finding_set(f, STATE_OK, NULL, "complete, for production");
}

static void
check_secrets(struct finding *f)
{
	const char *named = getenv("ENV_FILE"), *file = named ? named : ".env";
	struct stat st;

	if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & (S_IROTH | S_IWOTH))
		finding_set(f, STATE_FAULT,
			    "chmod o= that file; if others may have read it, change its secrets",
			    "all users of this host can read or write %s", file);
	else if (settings_production() && *settings.first_admin_password)
		finding_set(f, STATE_WARNING, "remove it from the settings after `seed` has run",
			    "FIRST_ADMIN_PASSWORD is still set");
	else
		finding_set(f, STATE_OK, NULL,
			    "JWT_SECRET_KEY has %zu bytes; other users cannot read the file",
			    strlen(settings.jwt_secret_key));
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

static bool
get_db_info(struct finding *f, struct db_info *out)
{
	struct ctx c = cli_open(false);

	if (db_info(&c, out) == OK)
		return true;

	finding_set(f, STATE_UNKNOWN, NULL, "the database does not respond");
	return false;
}

static void
check_database(struct finding *f)
{
	struct ctx c = cli_open(false);
	struct db_info db;
	struct db_ping ping;

	if (db_info(&c, &db) || db_ping(&c, &ping))
		finding_set(f, STATE_FAULT,
			    *db_hint(&c) ? db_hint(&c) : "try psql with DATABASE_URL as this user",
			    "%s", *db_reason(&c) ? db_reason(&c) : "the database does not respond");
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
	struct ctx c = cli_open(false);
	int64_t pending;

	if (migrate_pending(&c, &pending))
		finding_set(f, STATE_UNKNOWN, NULL, "the database does not respond");
	else if (pending > 0)
		finding_set(f, STATE_FAULT, PACKAGE " migrate up",
			    "%" PRId64 " migrations are pending", pending);
	else
		finding_set(f, STATE_OK, NULL, "all are applied");
}

static void
check_indexes(struct finding *f)
{
	struct db_info db;

	if (!get_db_info(f, &db))
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
	struct ctx c = cli_open(false);
	bool pooled;

	if (db_pooled(&c, &pooled))
		finding_set(f, STATE_UNKNOWN, NULL, "the database does not respond");
	else if (pooled && (settings.db_prepared || settings.job_listen))
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

	if (!get_db_info(f, &db))
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
	if (!get_db_info(f, &db))
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

	if (!get_db_info(f, &db))
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
	const char *path = "/run/" PACKAGE "/api.sock";
	struct stat st;

	if (strncmp(settings.listen, "unix:", 5) == 0)
		path = settings.listen + 5;
	if (stat(path, &st) != 0)
		finding_set(f, STATE_WARNING,
			    "start the service; if it listens on TCP, ignore this", "%s: %s", path,
			    strerror(errno));
	else if (st.st_mode & S_IWOTH)
		finding_set(f, STATE_FAULT, "set SocketMode=0660 and the web server's group",
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
check_files(struct finding *f)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < 64)
		finding_set(f, STATE_FAULT, "ulimit -n 1024, or LimitNOFILE=1024",
			    "a process may open %llu files", (unsigned long long)limit.rlim_cur);
	else
		finding_set(f, STATE_OK, NULL, "a process may open %llu",
			    (unsigned long long)limit.rlim_cur);
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

static void
check_disk(struct finding *f)
{
	const char *const places[] = { "/", "/tmp", "/var/log", settings.mail_dir };
	struct statvfs st;

	for (size_t i = 0; i < COUNT(places); i++) {
		if (!*places[i] || statvfs(places[i], &st) != 0 || st.f_blocks == 0)
			continue;
		if (st.f_bavail < st.f_blocks / 20 && st.f_bavail * st.f_frsize < 1024UL << 20) {
			finding_set(f, STATE_WARNING, "free space: logs, old packages, backups",
				    "%s: %lu MB free", places[i],
				    (unsigned long)(st.f_bavail * st.f_frsize >> 20));
			return;
		}
	}
	finding_set(f, STATE_OK, NULL, "enough free space");
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
	const char *url = settings.redis_url;
	bool is_unix = strncmp(url, "unix://", 7) == 0;
	char host[256];

	if (!*url || strncmp(url, "memory:", 7) == 0) {
		finding_set(f, STATE_OK, NULL, "not configured: rate limits apply per host");
		return;
	}
	if (is_unix)
		snprintf(host, sizeof(host), "%.*s", (int)strcspn(url + 7, "?"), url + 7);
	if (is_unix ? !connects_unix(host) : !url_responds(url, "6379", host))
		finding_set(f, STATE_FAULT,
			    "check REDIS_URL, and that this host may connect to the server",
			    "%s does not accept connections: rate limits apply per host", host);
	else
		finding_set(f, STATE_OK, NULL, "%s accepts connections", host);
}

/* ---- the site file */

enum limit_kind { LIMIT_BODY, LIMIT_TIME };

/* Limits in site files of nginx, Apache and lighttpd; `unit` is that of a number without suffix. */
static const struct directive {
	const char *name;
	enum limit_kind kind;
	int64_t unit;
} directives[] = {
	{ "client_max_body_size", LIMIT_BODY, 1 },
	{ "LimitRequestBody", LIMIT_BODY, 1 },
	{ "Content-Length') -gt", LIMIT_BODY, 1 },
	{ "server.max-request-size", LIMIT_BODY, 1024 },
	{ "FcgidMaxRequestLen", LIMIT_BODY, 1 },
	{ "fastcgi_read_timeout", LIMIT_TIME, 1 },
	{ " timeout=", LIMIT_TIME, 1 },
	{ "\"read-timeout\"", LIMIT_TIME, 1 },
	{ "FcgidIOTimeout", LIMIT_TIME, 1 },
};

static int64_t
directive_value(const char *text, int64_t unit)
{
	char *end;
	int64_t n = strtoll(text + strspn(text, " \t=>"), &end, 10);
	int suffix = tolower((unsigned char)*end);

	return suffix == 'k'   ? n << 10
	       : suffix == 'm' ? n << 20
	       : suffix == 'g' ? n << 30
			       : n * unit;
}

/* False: the limit in this line contradicts the settings. */
static bool
check_line(struct finding *f, const char *line)
{
	for (const struct directive *d = directives; d < directives + COUNT(directives); d++) {
		const char *at = strstr(line, d->name);
		int64_t value = at ? directive_value(at + strlen(d->name), d->unit) : 0;

		if (!at || value == 0) /* 0 is no limit */
			continue;
		if (d->kind == LIMIT_BODY && value < settings.max_body_bytes) {
			finding_set(f, STATE_FAULT, "raise it, or lower MAX_BODY_BYTES",
				    "%s is %" PRId64 ", MAX_BODY_BYTES %" PRId64, d->name, value,
				    settings.max_body_bytes);
			return false;
		}
		if (d->kind == LIMIT_TIME && value <= settings.request_timeout_seconds) {
			finding_set(f, STATE_FAULT, "raise it, or clients get 504 first",
				    "%s is %" PRId64 ", REQUEST_TIMEOUT_SECONDS %" PRId64, d->name,
				    value, settings.request_timeout_seconds);
			return false;
		}
	}
	return true;
}

/* Where a site lists CORS_ORIGINS, in quotes and separated by commas. */
static const char *const origin_lists[] = { "$api_origins { default", "Define API_ORIGINS",
					    "\"API_ORIGINS\" =>" };

/* Returns the list of origins in this line and sets `len`, or NULL. */
static const char *
find_origins(const char *line, size_t *len)
{
	for (size_t i = 0; i < COUNT(origin_lists); i++) {
		const char *at = strstr(line, origin_lists[i]);

		at = at ? strchr(at + strlen(origin_lists[i]), '"') : NULL;
		if (at) {
			*len = strcspn(++at, "\"\n");
			return at;
		}
	}
	return NULL;
}

static bool
is_allowed(const char *origin, size_t len)
{
	for (const char *const *o = settings.cors_origins; o && *o; o++)
		if (strlen(*o) == len && memcmp(*o, origin, len) == 0)
			return true;
	return false;
}

/* Whether the list equals CORS_ORIGINS, in any order. */
static bool
origins_agree(const char *list)
{
	size_t listed = 0, wanted = 0;

	for (const char *const *o = settings.cors_origins; o && *o; o++)
		wanted++;
	for (; *list; listed++) {
		size_t n = strcspn(list, " ,");

		if (!is_allowed(list, n))
			return false;
		list += n + strspn(list + n, " ,");
	}
	return listed == wanted;
}

/* If the lists differ, pages of other origins cannot read the web server's own errors. */
static bool
check_origins(struct finding *f, const char *list)
{
	if (origins_agree(list))
		return true;

	finding_set(f, STATE_FAULT,
		    "list the origins of CORS_ORIGINS there, separated by commas (nginx: "
		    "$api_origins; Apache and lighttpd: API_ORIGINS)",
		    "the site allows the origins \"%s\", which differ from CORS_ORIGINS", list);
	return false;
}

static void
check_site(struct finding *f)
{
	FILE *in = doctor_plan.site ? fopen(doctor_plan.site, "re") : NULL;
	bool good = true, apache = false, passes = false;
	char line[4096], origins[4096] = "";

	if (!doctor_plan.site) {
		finding_set(f, STATE_UNKNOWN, NULL, "not checked: use --site FILE");
		return;
	}
	if (!in) {
		finding_set(f, STATE_FAULT, "use --site with a file that this user can read",
			    "%s: %s", doctor_plan.site, strerror(errno));
		return;
	}
	while (good && fgets(line, sizeof(line), in)) {
		const char *text = line + strspn(line, " \t"), *list;
		size_t len;

		if (*text == '#')
			continue;
		good = check_line(f, line);
		list = find_origins(text, &len);
		if (list)
			snprintf(origins, sizeof(origins), "%.*s", (int)len, list);
		apache |=
		    strncmp(text, "ProxyPass ", 10) == 0 || strncmp(text, "FcgidWrapper", 12) == 0;
		passes |= strncasecmp(text, "CGIPassAuth On", 14) == 0 ||
			  strncasecmp(text, "FcgidPassHeader Authorization", 29) == 0;
	}
	fclose(in);
	if (good && apache && !passes)
		finding_set(f, STATE_FAULT, "add CGIPassAuth On to its <Location \"/\">",
			    "Apache does not pass Authorization: always 401");
	else if (good && check_origins(f, origins))
		finding_set(f, STATE_OK, NULL, "agrees with the settings");
}

const struct check doctor_checks[] = {
	{ "settings", check_settings },
	{ "secrets", check_secrets },
	{ "time-outs", check_timeouts },
	{ "database", check_database },
	{ "migrations", check_migrations },
	{ "indexes", check_indexes },
	{ "pooler", check_pooler },
	{ "role", check_role },
	{ "connections", check_connections },
	{ "clock", check_clock },
	{ "socket", check_socket },
	{ "web server", check_web },
	{ "body limit", check_body_limit },
	{ "site file", check_site },
	{ "orders", check_orders },
	{ "redis", check_redis },
	{ "mail", check_mail },
	{ "disk", check_disk },
	{ "open files", check_files },
	{ "backlog", check_backlog },
	{ NULL, NULL },
};
