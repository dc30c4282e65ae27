/* The statements of stored responses. */
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
    SCHEMA("StoredResponse", struct stored_response, idempotency_fields);

enum { FIND, STORE, PRUNE };

const struct query idempotency_queries[] = {
	/* The advisory lock shows that no other request with the key is running. It does not
	 * wait, and is released with the transaction. */
	[FIND] = QUERY("idempotency_find", &idempotency_schema,
		       "SELECT free, hash IS NOT NULL AS found,"
		       " coalesce(fingerprint = $4, false) AS same, coalesce(status, 0) AS status, "
		       "body, location, etag"
		       " FROM (SELECT pg_try_advisory_xact_lock($1) AS free) AS lock"
		       " LEFT JOIN idempotency_keys ON user_id = $2 AND hash = $3"
		       " AND created_at > now() - " DAY),
	/* Replaces an expired response. If another transaction has committed one between our
	 * snapshot and our lock, status 0 violates a constraint and rolls this transaction back. */
	[STORE] = QUERY("idempotency_store", NULL,
			"INSERT INTO idempotency_keys"
			" (user_id, hash, fingerprint, status, body, location, etag)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7)"
			" ON CONFLICT (user_id, hash) DO UPDATE SET"
			" fingerprint = excluded.fingerprint,"
			" status = CASE WHEN idempotency_keys.created_at <= now() - " DAY
			" THEN excluded.status ELSE 0 END,"
			" body = excluded.body, location = excluded.location,"
			" etag = excluded.etag, created_at = excluded.created_at"),
	/* ARRAY() is evaluated once. The planner may run an IN (SELECT … LIMIT) again for each
	 * row, and so exceed the limit. */
	[PRUNE] = QUERY(
	    "idempotency_prune", NULL,
	    "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency_keys"
	    " WHERE created_at <= now() - " DAY " LIMIT $1 FOR UPDATE SKIP LOCKED))"),
	{ 0 },
};

/* Returns the first 128 bits of a digest as a uuid. */
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
	return strcmp(db_constraint(c), "idempotency_keys_status_check") == 0;
}

enum error
idempotency_prune(struct ctx *c, int64_t limit, int64_t *removed)
{
	return db_exec(c, &idempotency_queries[PRUNE], removed, p_int(c, limit));
}
