/* The statements on kept answers. */
#include "idempotency_priv.h"

#define DAY "interval '24 hours'"

static const struct field idempotency_fields[] = {
	{ BOOL(struct stored_response, free) },
	{ BOOL(struct stored_response, found) },
	{ BOOL(struct stored_response, same) },
	{ INT(struct stored_response, status) },
	{ TEXT(struct stored_response, body), .flags = F_NULLABLE },
	{ TEXT(struct stored_response, location), .flags = F_NULLABLE },
	{ TEXT(struct stored_response, etag), .flags = F_NULLABLE },
};
static const struct schema idempotency_schema =
    SCHEMA("Replay", struct stored_response, idempotency_fields);

enum { FIND, STORE, PRUNE };

const struct query idempotency_queries[] = {
	/* The lock says that nobody else is at it; it never waits, and goes with the
	 * transaction. */
	[FIND] = QUERY("idempotency_find", &idempotency_schema,
		       "SELECT free, hash IS NOT NULL AS found,"
		       " coalesce(fingerprint = $4, false) AS same, coalesce(status, 0) AS status, "
		       "body, location, etag"
		       " FROM (SELECT pg_try_advisory_xact_lock($1) AS free) AS lock"
		       " LEFT JOIN replays ON user_id = $2 AND hash = $3"
		       " AND created_at > now() - " DAY),
	/* Past its day it gives way. One that is there by now, because it was committed between
	 * our look at the table and our lock, must not: a status of 0 is refused, and with it all
	 * that this transaction did. */
	[STORE] = QUERY("idempotency_store", NULL,
			"INSERT INTO replays"
			" (user_id, hash, fingerprint, status, body, location, etag)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7)"
			" ON CONFLICT (user_id, hash) DO UPDATE SET"
			" fingerprint = excluded.fingerprint,"
			" status = CASE WHEN replays.created_at <= now() - " DAY
			" THEN excluded.status ELSE 0 END,"
			" body = excluded.body, location = excluded.location,"
			" etag = excluded.etag, created_at = excluded.created_at"),
	/* The array is made once; a list of rows the planner may select anew for each row, past
	 * the limit. */
	[PRUNE] = QUERY("idempotency_prune", NULL,
			"DELETE FROM replays WHERE ctid = ANY (ARRAY(SELECT ctid FROM replays"
			" WHERE created_at <= now() - " DAY " LIMIT $1 FOR UPDATE SKIP LOCKED))"),
	{ 0 },
};

/* The first half of a digest, as the 128 bits of a uuid. */
static const char *
p_uuid(struct ctx *c, const unsigned char digest[SHA256_SIZE])
{
	return p_bytes(c, digest, SHA256_SIZE / 2) + strlen("\\x");
}

enum error
idempotency_find(struct ctx *c, const struct idempotency_key *key, struct stored_response *out)
{
	int64_t lock;

	memcpy(&lock, key->hash, sizeof(lock));
	return db_one(c, &idempotency_queries[FIND], out, p_int(c, lock), key->user_id,
		      p_uuid(c, key->hash), p_uuid(c, key->fingerprint));
}

void
idempotency_store(struct ctx *c, const struct idempotency_key *key,
		  const struct stored_response *response)
{
	db_exec_and_commit(c, &idempotency_queries[STORE], key->user_id, p_uuid(c, key->hash),
			   p_uuid(c, key->fingerprint), p_int(c, response->status), response->body,
			   response->location, response->etag);
}

bool
idempotency_already_stored(struct ctx *c)
{
	return strcmp(db_constraint(c), "replays_status_check") == 0;
}

enum error
idempotency_prune(struct ctx *c, int64_t limit, int64_t *removed)
{
	return db_exec(c, &idempotency_queries[PRUNE], removed, p_int(c, limit));
}
