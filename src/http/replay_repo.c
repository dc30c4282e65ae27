/* The statements on kept answers. */
#include "replay_priv.h"

#define DAY "interval '24 hours'"

static const struct field replay_fields[] = {
	{ BOOL(struct replay, free) },
	{ BOOL(struct replay, found) },
	{ BOOL(struct replay, same) },
	{ INT(struct replay, status) },
	{ TEXT(struct replay, body), .flags = F_NULLABLE },
	{ TEXT(struct replay, location), .flags = F_NULLABLE },
	{ TEXT(struct replay, etag), .flags = F_NULLABLE },
};
static const struct schema replay_schema = SCHEMA("Replay", struct replay, replay_fields);

enum { FIND, KEEP, CLEAN };

const struct query replay_queries[] = {
	/* The lock says that nobody else is at it; it never waits, and goes with the
	 * transaction. */
	[FIND] = QUERY("replay_find", &replay_schema,
		       "SELECT free, hash IS NOT NULL AS found,"
		       " coalesce(fingerprint = $4, false) AS same, coalesce(status, 0) AS status, "
		       "body, location, etag"
		       " FROM (SELECT pg_try_advisory_xact_lock($1) AS free) AS lock"
		       " LEFT JOIN replays ON user_id = $2 AND hash = $3"
		       " AND created_at > now() - " DAY),
	/* Past its day it gives way. One that is there by now, because it was committed between
	 * our look at the table and our lock, must not: a status of 0 is refused, and with it all
	 * that this transaction did. */
	[KEEP] = QUERY("replay_keep", NULL,
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
	[CLEAN] = QUERY("replay_clean", NULL,
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
replay_find(struct ctx *c, const struct replay_key *key, struct replay *out)
{
	int64_t lock;

	memcpy(&lock, key->hash, sizeof(lock));
	return db_one(c, &replay_queries[FIND], out, p_int(c, lock), key->user_id,
		      p_uuid(c, key->hash), p_uuid(c, key->fingerprint));
}

void
replay_keep(struct ctx *c, const struct replay_key *key, const struct replay *answer)
{
	db_last(c, &replay_queries[KEEP], key->user_id, p_uuid(c, key->hash),
		p_uuid(c, key->fingerprint), p_int(c, answer->status), answer->body,
		answer->location, answer->etag);
}

bool
replay_was_kept(struct ctx *c)
{
	return strcmp(db_constraint(c), "replays_status_check") == 0;
}

enum error
replay_clean(struct ctx *c, int64_t limit, int64_t *removed)
{
	return db_run(c, &replay_queries[CLEAN], removed, p_int(c, limit));
}
