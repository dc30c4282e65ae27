/* Messages of PostgreSQL and libpq, with hints, for operators. */
#include "db_priv.h"

/* Found by a part of the message, since libpq has no codes for failed connections. */
static const struct {
	const char *part, *hint;
} hints[] = {
	{ "Connection refused", "start PostgreSQL, or correct host and port in the URL" },
	{ "No such file or directory", "start PostgreSQL, or correct the socket's folder (host=) "
				       "and the port in the URL" },
	{ "translate host name", "correct the host name in the URL" },
	{ "timeout expired", "check that this host can reach the server: address, firewall" },
	{ "timed out", "check that this host can reach the server: address, firewall" },
	{ "No route to host", "check that this host can reach the server: address, firewall" },
	{ "unreachable", "check that this host can reach the server: address, firewall" },
	{ "password authentication failed", "correct role and password in the URL" },
	{ "no password supplied", "put the role's password into the URL" },
	{ "Peer authentication failed",
	  "run as the system user of that name, or connect over TCP with a password" },
	{ "Ident authentication failed", "allow a password for this role in pg_hba.conf" },
	{ "pg_hba.conf", "add a line for this host, database and role to pg_hba.conf" },
	{ "no such database", "create the database, or correct its name in the URL" },
	{ "no such user", "create the role, or correct its name in the URL" },
	{ "not permitted to log in", "ALTER ROLE … LOGIN, or correct the role in the URL" },
	{ "permission denied for database", "GRANT CONNECT ON DATABASE … TO the role" },
	{ "permission denied", "connect as the owner of the tables, or GRANT the role access" },
	{ "too many clients", "raise max_connections, or lower WORKERS and JOB_WORKERS" },
	{ "connection slots", "raise max_connections, or lower WORKERS and JOB_WORKERS" },
	{ "too many connections", "raise the CONNECTION LIMIT of the role or the database" },
	{ "max_client_conn", "raise max_client_conn of PgBouncer" },
	{ "query_wait_timeout", "the pooler had no free connection: raise its pool_size, or "
				"connect to PostgreSQL itself" },
	{ "starting up", "wait until PostgreSQL has started" },
	{ "shutting down", "start PostgreSQL" },
	{ "session is read-only", "no server of the URL accepts writes: promote a standby" },
	{ "read-only transaction", "connect to the primary, or reset default_transaction_read_only "
				   "of the database and the role" },
	{ "recovery mode", "wait until PostgreSQL has recovered" },
	{ "certificate", "correct sslmode and sslrootcert in the URL" },
	{ "SSL", "correct sslmode in the URL" },
	{ "statement timeout", "raise DB_STATEMENT_TIMEOUT_MS, or find what the statement waits "
			       "for (pg_stat_activity, pg_locks)" },
	{ "could not extend file", "free space on the database's disk" },
	{ "No space left on device", "free space on the database's disk" },
	{ "did not respond", "check the load and the locks of the server (pg_stat_activity); a "
			     "pooler may have no free connection" },
	{ "does not exist", "create it, or correct its name in the URL" },
};

/* Replaces each run of white space by one space. */
void
db_note_reason(struct db *db, const char *text)
{
	size_t n = 0;

	for (; *text && n < sizeof(db->reason) - 1; text++) {
		bool blank = (unsigned char)*text <= ' ';

		if (!blank || (n > 0 && db->reason[n - 1] != ' '))
			db->reason[n++] = blank ? ' ' : *text;
	}
	while (n > 0 && db->reason[n - 1] == ' ')
		n--;
	db->reason[n] = '\0';
}

void
db_note_loss(struct db *db)
{
	const char *message = PQerrorMessage(db->conn);

	db_note_reason(db, message && *message ? message : "the server did not respond in time");
}

const char *
db_reason(const struct ctx *c)
{
	return c->db ? c->db->reason : "";
}

const char *
db_hint(const struct ctx *c)
{
	for (size_t i = 0; i < COUNT(hints); i++)
		if (strstr(db_reason(c), hints[i].part))
			return hints[i].hint;
	return "";
}
