/* The checks of `doctor` that query the database. */
#include "app/command.h"
#include "doctor_priv.h"

#include "app/clock.h"
#include "app/migrate.h"
#include "app/settings.h"

enum { SECOND = 1000000 };

void
check_database(struct doctor *d)
{
	struct ctx *c = &d->db_ctx;
	struct db_ping ping;

	*c = cli_open(d->app, false);
	d->db_responds = !db_info(c, &d->db) && !db_ping(c, &ping);
	if (!d->db_responds)
		report(d, STATE_FAULT,
		       *db_hint(c) ? db_hint(c) : "try psql with DATABASE_URL as this user", "%s",
		       *db_reason(c) ? db_reason(c) : "the database does not respond");
	else if (strtol(d->db.version, NULL, 10) < 14)
		report(d, STATE_FAULT, "upgrade to PostgreSQL 14 or newer",
		       "PostgreSQL %s is too old", d->db.version);
	else if (ping.read_only)
		report(d, STATE_FAULT,
		       d->db.standby ? "connect to the primary: name both hosts in DATABASE_URL, "
				       "with ?target_session_attrs=read-write"
				     : "ALTER DATABASE … RESET default_transaction_read_only, or "
				       "the same for the role or the server",
		       "the database is read-only: %s",
		       d->db.standby ? "this server is a standby"
				     : "default_transaction_read_only is on");
	else
		report(d, STATE_OK, NULL, "PostgreSQL %s responds in %" PRId64 " us", d->db.version,
		       ping.latency);
}

void
check_migrations(struct doctor *d)
{
	int64_t pending;

	if (migrate_pending(&d->db_ctx, &pending))
		report(d, STATE_UNKNOWN, NULL, "%s", db_reason(&d->db_ctx));
	else if (pending > 0)
		report(d, STATE_FAULT, PACKAGE " migrate up", "%" PRId64 " migrations are pending",
		       pending);
	else
		report(d, STATE_OK, NULL, "all are applied");
}

void
check_indexes(struct doctor *d)
{
	if (*d->db.invalid)
		report(d, STATE_WARNING,
		       PACKAGE " migrate up, or DROP INDEX CONCURRENTLY and create it again",
		       "invalid, so no query uses them: %s", d->db.invalid);
	else
		report(d, STATE_OK, NULL, "all are valid");
}

void
check_pooler(struct doctor *d)
{
	bool pooled;

	if (db_pooled(&d->db_ctx, &pooled))
		report(d, STATE_UNKNOWN, NULL, "%s", db_reason(&d->db_ctx));
	else if (pooled && (settings.db_prepared || settings.job_listen))
		report(d, STATE_WARNING, "DB_PREPARED=off and JOB_LISTEN=off (deploy/hosts.md)",
		       "DATABASE_URL is a pooler that shares sessions, and %s on",
		       !settings.job_listen    ? "DB_PREPARED is"
		       : !settings.db_prepared ? "JOB_LISTEN is"
					       : "DB_PREPARED and JOB_LISTEN are");
	else if (pooled && !*settings.migrate_database_url)
		report(d, STATE_WARNING, "set MIGRATE_DATABASE_URL to PostgreSQL itself",
		       "DATABASE_URL is a pooler that shares sessions: migrate rejects it");
	else
		report(d, STATE_OK, NULL, pooled ? "one that shares sessions" : "none");
}

void
check_role(struct doctor *d)
{
	if (d->db.forbidden > 0)
		report(d, STATE_FAULT,
		       "as their owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES …",
		       "role %s may not read %" PRId64 " of the tables", d->db.role,
		       d->db.forbidden);
	else if (d->db.superuser || d->db.owner)
		report(d, STATE_WARNING, "let a separate role own the tables: MIGRATE_DATABASE_URL",
		       "role %s %s: it could change the audit log", d->db.role,
		       d->db.superuser ? "is a superuser" : "owns the tables");
	else
		report(d, STATE_OK, NULL, "role %s has the required privileges only", d->db.role);
}

void
check_connections(struct doctor *d)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t want = settings.workers ? settings.workers : cores > 2 ? 2 * cores : 4;

	want += settings.job_workers + 2;
	if (want > d->db.connections)
		report(d, STATE_FAULT, "raise max_connections, or lower WORKERS and JOB_WORKERS",
		       "this host needs %" PRId64 ", the database accepts %" PRId64, want,
		       d->db.connections);
	else
		report(d, STATE_OK, NULL,
		       "this host needs %" PRId64 ", the database accepts %" PRId64 " in total",
		       want, d->db.connections);
}

void
check_clock(struct doctor *d)
{
	enum error e = db_info(&d->db_ctx, &d->db);
	int64_t skew = e ? 0 : llabs(clock_now() - d->db.now);

	if (e)
		report(d, STATE_UNKNOWN, NULL, "%s", db_reason(&d->db_ctx));
	else if (skew > settings.clock_skew_seconds * SECOND)
		report(d, STATE_FAULT,
		       "synchronize the clocks of both hosts: timedatectl set-ntp true",
		       "this clock and the database's differ by %" PRId64 " s", skew / SECOND);
	else
		report(d, STATE_OK, NULL, "differs from the database's by %" PRId64 " ms",
		       skew / 1000);
}
