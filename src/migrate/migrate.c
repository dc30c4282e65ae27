/* Applies and reverts migrations. */
#include "app/migrate.h"

#include "app/clock.h"
#include "app/log.h"
#include "app/settings.h"
#include "app/print.h"
#include "db/db_priv.h"
#include "migrate_priv.h"

enum { FOREVER = -1 };

struct tables {
	bool versions, checksums;
};

struct applied {
	const char *version, *sha256;
};

static const struct field tables_fields[] = {
	{ BOOL(struct tables, versions) },
	{ BOOL(struct tables, checksums) },
};
static const struct schema tables_schema = SCHEMA("MigrationTables", struct tables, tables_fields);

static const struct field applied_fields[] = {
	{ TEXT(struct applied, version) },
	{ TEXT(struct applied, sha256), .flags = F_NULLABLE },
};
static const struct schema applied_schema =
    SCHEMA("AppliedMigration", struct applied, applied_fields);

enum { TABLES, APPLIED, VERSIONS, INSERT_VERSION, INSERT_CHECKSUM, DELETE_VERSION };

const struct query migrate_queries[] = {
	[TABLES] =
	    QUERY_READ("migrate_tables", &tables_schema,
		       "SELECT to_regclass('schema_migrations') IS NOT NULL AS versions,"
		       " to_regclass('schema_migration_checksums') IS NOT NULL AS checksums"),
	[APPLIED] = QUERY_READ("migrate_applied", &applied_schema,
			       "SELECT version, sha256 FROM schema_migrations"
			       " LEFT JOIN schema_migration_checksums USING (version)"
			       " ORDER BY version"),
	[VERSIONS] = QUERY_READ("migrate_versions", &applied_schema,
				"SELECT version, NULL::text AS sha256 FROM schema_migrations"
				" ORDER BY version"),
	[INSERT_VERSION] = QUERY("migrate_insert_version", NULL,
				 "INSERT INTO schema_migrations (version) VALUES ($1)"),
	[INSERT_CHECKSUM] =
	    QUERY("migrate_insert_checksum", NULL,
		  "INSERT INTO schema_migration_checksums (version, sha256) VALUES ($1, $2)"),
	[DELETE_VERSION] = QUERY("migrate_delete_version", NULL,
				 "DELETE FROM schema_migrations WHERE version = $1"),
	{ 0 },
};

enum state { PENDING, APPLIED_AS_IS, CHANGED, UNKNOWN };

static const char *const state_names[] = {
	[PENDING] = "pending",
	[APPLIED_AS_IS] = "applied",
	[CHANGED] = "changed",
	[UNKNOWN] = "unknown",
};

/* Arrays are in order of version and end with { 0 }. */
struct migration {
	const char *version, *name; /* without a file, `name` is the version */
	const char *text;           /* NULL: no file */
	const char *sha256;         /* in hex */
	const char *applied_sha256; /* NULL: another tool applied it */
	enum state state;
};

static enum error
add_files(struct ctx *c, struct migration *m)
{
	const char *before = "";

	for (const struct migration_file *f = migration_files; f->name; f++, m++) {
		m->version = migration_version(c->arena, f->name);
		m->name = f->name;
		m->text = f->text;
		if (!m->version)
			return fail(c, E_INTERNAL, "%s: the name must begin with a number",
				    f->name);
		if (strcmp(m->version, before) <= 0)
			return fail(c, E_INTERNAL, "%s: its number must be greater than %s",
				    f->name, before);
		m->sha256 = p_digest(c, f->text) + strlen("\\x");
		before = m->version;
	}
	return OK;
}

static void
add_applied(struct migration *m, const struct applied *row)
{
	struct migration *end;

	while (m->version && strcmp(m->version, row->version) < 0)
		m++;
	if (m->version && strcmp(m->version, row->version) == 0) {
		m->applied_sha256 = row->sha256;
		m->state = row->sha256 && m->sha256 && strcmp(row->sha256, m->sha256) != 0
			       ? CHANGED
			       : APPLIED_AS_IS;
		return;
	}

	end = m;
	while (end->version)
		end++;
	memmove(m + 1, m, (size_t)(end - m) * sizeof(*m));
	*m = (struct migration) { .version = row->version, .name = row->version, .state = UNKNOWN };
}

/* Works also before the first migration, when the tables do not exist. */
static enum error
load_applied(struct ctx *c, struct records *out)
{
	struct tables tables;
	enum error e;

	e = db_one(c, &migrate_queries[TABLES], &tables);
	if (e)
		return e;

	*out = (struct records) { 0 };
	if (!tables.versions)
		return OK;
	return db_all(c, &migrate_queries[tables.checksums ? APPLIED : VERSIONS], out);
}

static enum error
load_migrations(struct ctx *c, struct migration **all)
{
	const struct applied *applied;
	struct records records;
	size_t nfiles = 0;
	enum error e;

	e = load_applied(c, &records);
	if (e)
		return e;

	while (migration_files[nfiles].name)
		nfiles++;
	*all = arena_array(c->arena, nfiles + records.n + 1, sizeof(**all));
	e = add_files(c, *all);
	applied = records.rows;
	for (size_t i = 0; !e && i < records.n; i++)
		add_applied(*all, &applied[i]);
	return e;
}

/* The first table is that of dbmate. Deleting a row of it deletes the checksum. */
static enum error
make_tables(struct ctx *c)
{
	static const char sql[] =
	    "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) PRIMARY KEY);"
	    "CREATE TABLE IF NOT EXISTS schema_migration_checksums ("
	    "version varchar(128) PRIMARY KEY REFERENCES schema_migrations ON DELETE CASCADE,"
	    " sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";
	const char *schema = settings.db_schema;
	enum error e = OK;

	if (schema && *schema) {
		char *name = PQescapeIdentifier(c->db->conn, schema, strlen(schema));

		e = db_command(
		    c, "migrate_schema",
		    arena_printf(c->arena, "CREATE SCHEMA IF NOT EXISTS %s", name ? name : ""),
		    db_timeout(), NULL);
		PQfreemem(name);
	}
	if (!e)
		e = db_command(c, "migrate_make_tables", sql, db_timeout(), NULL);
	return e;
}

/* Takes the lock, then loads the migrations. migrate_finish() closes the connection, which releases
 * the lock and resets the session. */
static enum error
migrate_begin(struct ctx *c, struct migration **all, FILE *out)
{
	enum error e;

	e = migrate_lock(c, out);
	if (!e)
		e = make_tables(c);
	if (!e)
		e = load_migrations(c, all);
	return e;
}

static enum error
migrate_finish(struct ctx *c, enum error e)
{
	db_close(c->db);
	return e;
}

static unsigned
line_of(const struct migration_part *part, const char *position)
{
	long at = position ? strtol(position, NULL, 10) : 0; /* in characters, from 1 */
	unsigned line = part->line;

	for (const char *p = part->text; *p && at > 1; p++) {
		if (((unsigned char)*p & 0xC0) != 0x80)
			at--;
		line += *p == '\n';
	}
	return line;
}

static enum error
script_failed(struct ctx *c, const struct migration *m, const struct migration_part *part,
	      const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);

	if (sqlstate_is(result, "55P03"))
		return fail(
		    c, E_CONFLICT,
		    "%s: another transaction holds a lock on a table; nothing was changed. Run it"
		    " again after that transaction has ended (see pg_stat_activity)",
		    m->name);

	if (sqlstate_is(result, "42P07") && part->no_transaction)
		hint = "an earlier attempt may have been interrupted after this: drop it, or write"
		       " IF NOT EXISTS, then run `migrate up` again";
	return fail(c, E_INTERNAL, "%s, line %u: %s%s%s%s%s", m->name, line_of(part, position),
		    message ? message : "the server gave no reason", detail ? "; " : "",
		    detail ? detail : "", hint ? ". Hint: " : "", hint ? hint : "");
}

static enum error
run_script(struct ctx *c, const struct migration *m, const struct migration_part *part)
{
	struct db *db = c->db;
	PGresult *result = NULL;

	if (PQsendQuery(db->conn, part->text))
		result = db_wait(db, FOREVER);
	db_defer_clear(c, result);
	if (db_lost(db, result)) {
		db_close(db);
		return fail_unavailable(c, CAUSE_DB_LOST, "%s: the database closed the connection",
					m->name);
	}

	if (result_is_error(result))
		return script_failed(c, m, part, result);
	if (PQtransactionStatus(db->conn) != (db->depth > 0 ? PQTRANS_INTRANS : PQTRANS_IDLE))
		return fail(c, E_INTERNAL, "%s: must not begin or end a transaction", m->name);
	return OK;
}

/* Each script starts with the settings of a new session, without statement_timeout but with
 * lock_timeout, since other queries queue behind a waiting lock. If this process is killed, the
 * server cancels the statement (on platforms where it can detect that). */
static enum error
reset_session(struct ctx *c)
{
	static const char end_with_client[] =
	    "DO $$ BEGIN PERFORM set_config('client_connection_check_interval', '1s', false);"
	    " EXCEPTION WHEN OTHERS THEN NULL; END $$";

	enum error e = db_command(c, "migrate_reset", "RESET ALL; SET statement_timeout = 0",
				  db_timeout(), NULL);

	/* Separate, since the previous timeout applies until the first command has ended. */
	return e ? e : db_command(c, "migrate_watch", end_with_client, db_timeout(), NULL);
}

static enum error
record_migration(struct ctx *c, const struct migration *m, bool up)
{
	enum error e;

	if (!up)
		return db_exec(c, &migrate_queries[DELETE_VERSION], NULL, m->version);

	e = db_exec(c, &migrate_queries[INSERT_VERSION], NULL, m->version);
	if (!e)
		e = db_exec(c, &migrate_queries[INSERT_CHECKSUM], NULL, m->version, m->sha256);
	return e;
}

/* Records the migration before running the script, which may change the search path; without a
 * transaction, only after the script has succeeded. */
static enum error
run_part(struct ctx *c, const struct migration *m, const struct migration_part *part, bool up)
{
	enum error e = OK;

	/* CONCURRENTLY waits for older transactions, but no query queues behind it. */
	if (part->no_transaction && strcasestr(part->text, "concurrently"))
		e = db_command(c, "migrate_wait", "SET lock_timeout = 0", db_timeout(), NULL);
	if (!e && part->no_transaction) {
		e = run_script(c, m, part);
		if (!e)
			e = reset_session(c);
	}
	if (!e && up)
		e = migrate_check_indexes(c, m->name, part);
	if (e)
		return e;

	e = db_begin(c);
	if (!e)
		e = record_migration(c, m, up);
	if (!e && !part->no_transaction)
		e = run_script(c, m, part);
	return db_finish(c, e);
}

static enum error
run_migration(struct ctx *c, const struct migration *m, bool up, FILE *out)
{
	const char *marker = up ? "up" : "down";
	struct migration_part part;
	int64_t begun = clock_monotonic();
	enum error e;

	if (!migration_part(c->arena, m->text, marker, &part))
		return fail(c, E_INTERNAL, "%s has no line `-- migrate:%s`", m->name, marker);
	if (up && migration_undecided(m->text))
		return fail(
		    c, E_CONFLICT,
		    "%s, line %u: needs a decision. Write what the comment asks for, delete"
		    " the line that begins with `-- DECIDE`, build, and run `migrate up` again",
		    m->name, migration_undecided(m->text));

	e = reset_session(c);
	if (!e && up)
		e = migrate_drop_invalid(c, &part, out);
	if (!e)
		e = run_part(c, m, &part, up);
	if (e)
		return e;

	print(out, "%s %s (%" PRId64 " ms)\n", up ? "applied" : "reverted", m->name,
	      (clock_monotonic() - begun) / 1000);
	fflush(out);
	return OK;
}

static enum error
refuse_changed(struct ctx *c, const struct migration *all)
{
	for (const struct migration *m = all; m->version; m++)
		if (m->state == CHANGED)
			return fail(
			    c, E_CONFLICT,
			    "%s was changed after it was applied to this database. Restore its old"
			    " text and write a new migration; or, if the change does not"
			    " matter to this database: DELETE FROM schema_migration_checksums"
			    " WHERE version = '%s'",
			    m->name, m->version);
	return OK;
}

/* For migrations that another tool applied, or whose checksum was deleted. */
static enum error
add_checksums(struct ctx *c, const struct migration *all)
{
	enum error e = OK;

	for (const struct migration *m = all; m->version && !e; m++)
		if (m->state == APPLIED_AS_IS && !m->applied_sha256)
			e = db_exec(c, &migrate_queries[INSERT_CHECKSUM], NULL, m->version,
				    m->sha256);
	return e;
}

static enum error
apply_pending(struct ctx *c, const struct migration *all, FILE *out)
{
	const struct migration *m;
	size_t done = 0;
	enum error e;

	for (m = all; m->version; m++) {
		if (m->state != PENDING)
			continue;
		e = run_migration(c, m, true, out);
		if (e)
			return e;
		done++;
	}
	if (done == 0)
		print(out, "nothing to do: all %td migrations are applied\n", m - all);
	return OK;
}

enum error
migrate_up(struct ctx *c, FILE *out)
{
	struct migration *all;
	enum error e;

	e = migrate_begin(c, &all, out);
	if (!e)
		e = refuse_changed(c, all);
	if (!e)
		e = add_checksums(c, all);
	if (!e)
		e = apply_pending(c, all, out);
	return migrate_finish(c, e);
}

static enum error
revert_newest(struct ctx *c, const struct migration *all, int64_t n, FILE *out)
{
	const struct migration *m = all;
	int64_t wanted = n;
	enum error e;

	while (m->version)
		m++;
	while (m > all && n > 0) {
		m--;
		if (m->state == PENDING)
			continue;
		if (m->state == UNKNOWN)
			return fail(
			    c, E_CONFLICT,
			    "this program does not have migration %s: revert it with the program"
			    " that applied it",
			    m->version);
		e = run_migration(c, m, false, out);
		if (e)
			return e;
		n--;
	}
	if (n == wanted)
		print(out, "nothing to revert: no migration is applied\n");
	return OK;
}

enum error
migrate_down(struct ctx *c, int64_t n, FILE *out)
{
	struct migration *all;
	enum error e;

	e = migrate_begin(c, &all, out);
	if (!e)
		e = revert_newest(c, all, n, out);
	return migrate_finish(c, e);
}

static void
print_status_text(const struct migration *all, FILE *out)
{
	size_t counts[COUNT(state_names)] = { 0 };

	for (const struct migration *m = all; m->version; m++) {
		print(out, "%-8s %s\n", state_names[m->state], m->name);
		counts[m->state]++;
	}
	print(out, "%zu applied, %zu pending", counts[APPLIED_AS_IS] + counts[CHANGED],
	      counts[PENDING]);
	if (counts[CHANGED])
		print(out, "; %zu changed since they were applied", counts[CHANGED]);
	if (counts[UNKNOWN])
		print(out, "; %zu applied but unknown to this program", counts[UNKNOWN]);
	print(out, "\n");
}

static enum error
print_status_json(struct ctx *c, const struct migration *all, FILE *out)
{
	print(out, "[");
	for (const struct migration *m = all; m->version; m++) {
		struct buf b = buf_new(c->arena, 64 * 1024);

		buf_json(&b, "{'version': %s, 'name': %s, 'state': %s}", m->version, m->name,
			 state_names[m->state]);
		print(out, m == all ? "\n  %s" : ",\n  %s", b.data);
	}
	print(out, "\n]\n");
	return OK;
}

enum error
migrate_status(struct ctx *c, bool json, FILE *out)
{
	struct migration *all;
	enum error e;

	e = load_migrations(c, &all);
	if (e)
		return e;
	if (json)
		return print_status_json(c, all, out);

	print_status_text(all, out);
	return OK;
}

enum error
migrate_pending(struct ctx *c, int64_t *n)
{
	struct migration *all;
	enum error e;

	*n = 0;
	e = load_migrations(c, &all);
	if (e)
		return e;

	for (const struct migration *m = all; m->version; m++)
		*n += m->state == PENDING;
	return OK;
}
