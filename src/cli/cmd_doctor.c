/* doctor: checks an installation for common problems. */
#include "app/command.h"
#include "doctor_priv.h"

#include "app/buf.h"
#include "app/print.h"
#include "app/redis.h"
#include "app/settings.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { TEXT_MAX = 400, ARENA_MAX = 8 * 1024 * 1024 };

/* ---- output */

static const struct {
	const char *name, *colour;
	const char *word; /* in JSON */
} states[] = {
	[STATE_FAULT] = { "FAULT", "\033[31m", "fault" },
	[STATE_WARNING] = { "warning", "\033[33m", "warning" },
	[STATE_OK] = { "ok", "\033[32m", "ok" },
	[STATE_UNKNOWN] = { "-", "", "unknown" },
};

static void
report_as_text(const char *check, enum state state, const char *hint, const char *text)
{
	bool colour = isatty(STDOUT_FILENO) && *states[state].colour;

	fputs(colour ? states[state].colour : "", stdout);
	print(stdout, "%-7s", states[state].name);
	fputs(colour ? "\033[0m" : "", stdout);
	print(stdout, "  %-12s %s\n", check, text);
	if (*hint)
		print(stdout, "%-9s%-12s %s\n", "", "", hint);
}

static void
report_as_json(const char *check, enum state state, const char *hint, const char *text)
{
	char memory[8 * TEXT_MAX];
	struct buf b = buf_fixed(memory, sizeof(memory));

	buf_json(&b, "{'check':%s,'state':%s,'text':%s,'hint':%s}", check, states[state].word, text,
		 hint);
	print(stdout, "%s", b.data);
}

void
report(struct doctor *d, enum state state, const char *hint, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d->faults += state == STATE_FAULT;
	if (d->json)
		fputs(d->reports++ ? ",\n " : "[", stdout);
	(d->json ? report_as_json : report_as_text)(d->check, state, hint ? hint : "", text);
}

/* ---- settings, this host and other services */

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
check_settings(struct doctor *d)
{
	struct arena *a = d->arena;
	const char *err = cli_settings(a, d->app, NULL, true), *warnings = settings_warnings();

	if (err)
		report(d, STATE_FAULT, "set it in the environment or the --env-file", "%.*s",
		       (int)strcspn(err, "\n"), err);
	else if (!settings_production())
		report(d, STATE_WARNING, "on a public host: ENVIRONMENT=production",
		       "ENVIRONMENT=%s: weak secrets are not refused%s%s", settings.environment,
		       *warnings ? "; " : "", one_line(a, warnings));
	else if (*warnings)
		report(d, STATE_WARNING, "correct or remove these lines", "%s",
		       one_line(a, warnings));
	else if (*settings.first_admin_password)
		report(d, STATE_WARNING, "remove it from the settings after `seed` has run",
		       "FIRST_ADMIN_PASSWORD is still set");
	else
		report(d, STATE_OK, NULL, "complete, for production");
}

static void
check_timeouts(struct doctor *d)
{
	int64_t statement = settings.db_statement_timeout_ms;

	if (statement == 0 || statement >= settings.request_timeout_seconds * 1000)
		report(d, STATE_WARNING,
		       "set DB_STATEMENT_TIMEOUT_MS below REQUEST_TIMEOUT_SECONDS",
		       "a statement may take longer than its request");
	else
		report(d, STATE_OK, NULL, "statement %" PRId64 " ms, request %" PRId64 " s",
		       statement, settings.request_timeout_seconds);
}

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
check_socket(struct doctor *d)
{
	const char *path = settings.listen + strlen("unix:");
	struct stat st;

	if (strncmp(settings.listen, "unix:", strlen("unix:")) != 0)
		report(d, STATE_UNKNOWN, NULL, "not checked: LISTEN names no Unix socket");
	else if (stat(path, &st) != 0)
		report(d, STATE_FAULT, "start the service", "%s: %s", path, strerror(errno));
	else if (st.st_mode & S_IWOTH)
		report(d, STATE_FAULT, "chmod o= that file; the service creates it with 0660",
		       "all users of this host can write to %s, and pose as any client", path);
	else if (!connects_unix(path))
		report(d, STATE_FAULT,
		       "start the service; run doctor as root or as a member of the group",
		       "%s: %s", path, strerror(errno));
	else
		report(d, STATE_OK, NULL, "%s accepts connections, mode %03o", path,
		       (unsigned)st.st_mode & 0777);
}

static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

static void
check_mail(struct doctor *d)
{
	const char *url = setting_text("SMTP_URL"), *tls = setting_text("SMTP_TLS");
	const char *port = url && strncmp(url, "smtps:", 6) == 0 ? "465" : "25";
	char host[256];

	if (!url)
		report(d, STATE_OK, NULL, "this program sends no e-mails");
	else if (!*url)
		report(d, settings_production() ? STATE_WARNING : STATE_OK,
		       settings_production() ? "set SMTP_URL" : NULL,
		       "without SMTP_URL, no e-mails are sent");
	else if (!url_responds(url, port, host))
		report(d, STATE_FAULT,
		       "check SMTP_URL, and that this host may connect to the server",
		       "%s does not accept connections", host);
	else if (tls && strcmp(tls, "off") == 0 && !is_loopback(host))
		report(d, STATE_WARNING, "SMTP_TLS=required",
		       "e-mails are sent to %s unencrypted (SMTP_TLS=off)", host);
	else
		report(d, STATE_OK, NULL, "%s accepts connections", host);
}

static void
check_redis(struct doctor *d)
{
	if (!redis_enabled())
		report(d, STATE_OK, NULL, "not configured: rate limits apply per host");
	else if (!redis_ping())
		report(d, STATE_FAULT,
		       "try redis-cli with the host, user and password of REDIS_URL",
		       "Redis does not respond: rate limits apply per host");
	else
		report(d, STATE_OK, NULL, "Redis responds");
}

static const struct {
	const char *name;
	void (*run)(struct doctor *);
	bool needs_database;
} checks[] = {
	{ "settings", check_settings },
	{ "time-outs", check_timeouts },
	{ "database", check_database },
	{ "migrations", check_migrations, .needs_database = true },
	{ "indexes", check_indexes, .needs_database = true },
	{ "pooler", check_pooler, .needs_database = true },
	{ "role", check_role, .needs_database = true },
	{ "connections", check_connections, .needs_database = true },
	{ "clock", check_clock, .needs_database = true },
	{ "socket", check_socket },
	{ "web server", check_web },
	{ "redis", check_redis },
	{ "mail", check_mail },
	{ "orders", check_orders },
};

/* Discards log output: the reports have the details. */
static int
doctor(const struct call *call)
{
	struct doctor d = {
		.app = call->app,
		.arena = arena_new(ARENA_MAX),
		.url = cli_value(call, "--url"),
		.log = cli_value(call, "--log"),
		.json = cli_value(call, "--json"),
	};

	if (!freopen("/dev/null", "w", stderr))
		return 1;

	for (size_t i = 0; i < COUNT(checks); i++) {
		d.check = checks[i].name;
		if (checks[i].needs_database && !d.db_responds)
			report(&d, STATE_UNKNOWN, NULL, "the database does not respond");
		else
			checks[i].run(&d);
	}
	if (d.json)
		print(stdout, "]\n");
	db_free(d.db_ctx.db);
	arena_free(d.db_ctx.arena);
	arena_free(d.arena);
	return d.faults ? 1 : 0;
}

const struct subcommand doctor_subcommands[] = {
	{ "[--url URL] [--log FILE] [--json]", .run_alone = doctor },
	{ 0 },
};
