/* Maps errors of PostgreSQL to ours. */
#include "db_priv.h"

#include "app/log.h"
#include "app/metrics.h"

enum session { KEEP, RENEW };

static const struct sqlstate {
	const char *code;
	enum error error; /* OK: the error of the cause */
	enum cause cause;
	enum log_level level;
	bool message;
	enum session session;
	const char *detail;
} sqlstates[] = {
#define SQLSTATE(code, error, level, message, session, detail)                                     \
	{ code, error, CAUSE_NONE, level, message, session, detail },
#define SQLSTATE_503(code, cause, level, message, session, detail)                                 \
	{ code, OK, cause, level, message, session, detail },
#include "sqlstate.def"
#undef SQLSTATE
#undef SQLSTATE_503
};

/* A bug, or a session with the wrong role or search path. */
static const struct sqlstate unexpected = {
	"", E_INTERNAL, CAUSE_NONE, LOG_ERROR, true, RENEW, NULL
};

bool
result_is_error(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK &&
	       status != PGRES_EMPTY_QUERY;
}

bool
sqlstate_is(const PGresult *result, const char *code)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state && strncmp(state, code, strlen(code)) == 0;
}

bool
result_is_fatal(const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	return severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

static const struct sqlstate *
find_row(const PGresult *result)
{
	for (size_t i = 0; i < COUNT(sqlstates); i++)
		if (sqlstate_is(result, sqlstates[i].code))
			return &sqlstates[i];
	return &unexpected;
}

enum error
db_fail_result(struct ctx *c, const char *name, const PGresult *result)
{
	const struct sqlstate *row = find_row(result);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char class[3] = { state ? state[0] : '?', state && state[0] ? state[1] : '\0' };
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	struct db *db = c->db;
	struct log_field fields[] = {
		{ .name = "query", .text = name },
		{ .name = "sqlstate", .text = state },
		{ .name = "constraint", .text = constraint },
		{ 0 },
	};

	metric_add(&metric_db_errors, 1, class);
	snprintf(db->constraint, sizeof(db->constraint), "%s", constraint ? constraint : "");
	log_write(row->level, c, fields, "statement %s failed%s%s", name,
		  row->message && message ? ": " : "", row->message && message ? message : "");
	db_note_reason(db, row->message && message ? message : "");
	if (row->session == RENEW)
		db->renew = true;
	if (sqlstate_is(result, "40001") || sqlstate_is(result, "40P01"))
		db->retry = true;

	if (row->cause)
		fail_unavailable(c, row->cause, NULL);
	else
		fail(c, row->error, NULL);
	c->failure.detail = row->detail;
	if (db->depth > 0)
		db_abort(db, c->failure.error, c->failure.cause);
	return c->failure.error;
}

const char *
db_constraint(const struct ctx *c)
{
	return c->db ? c->db->constraint : "";
}
