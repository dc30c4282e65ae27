/* Finds a pooler between this process and PostgreSQL. */
#include "db_priv.h"

enum { PATIENCE_MS = 1500, ROUNDS = 3 };

static enum error
backend_pid(struct ctx *c, int64_t *pid)
{
	PGresult *result;
	enum error e;

	e = db_connect(c);
	if (!e)
		e = db_command(c, "backend_pid", "SELECT pg_backend_pid()", PATIENCE_MS, &result);
	if (!e)
		*pid = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	return e;
}

/* A pooler makes up the process number that a client gets when it connects. In transaction mode
 * a second connection meets the session that the first one has just used, or drives the first
 * one to another. */
enum error
db_pooled(struct ctx *c, bool *pooled)
{
	struct ctx other = *c;
	int64_t first, pid = 0;
	enum error e;

	*pooled = false;
	e = backend_pid(c, &first);
	if (e || first == PQbackendPID(c->db->conn))
		return e;

	other.db = db_new(c->db->url);
	for (int i = 0; i < ROUNDS && !e && !*pooled; i++) {
		*pooled = backend_pid(&other, &pid) == OK && pid == first;
		e = backend_pid(c, &pid);
		*pooled |= !e && pid != first;
	}
	db_free(other.db);
	return e;
}
