/* Detects a pooler between this process and PostgreSQL. */
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

/* A pooler reports an invented process id at connect. In transaction mode, a second connection
 * gets the session that the first one just used, or makes the first one use another. */
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
