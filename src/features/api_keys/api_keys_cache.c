/* The keys that this worker has seen lately: the same bytes need, for a few seconds, no
 * question to the database. */
#include "api_keys_priv.h"

#include "app/clock.h"
#include "app/settings.h"
#include "app/shared.h"

enum { SLOTS = 512 };

/* Each key has one slot, by its digest; a later key of that slot takes it over. */
static struct known_key slots[SLOTS];

static struct known_key *
slot_of(const unsigned char digest[SHA256_SIZE])
{
	return &slots[(digest[0] | digest[1] << 8) % SLOTS];
}

void
api_keys_cache_get(const unsigned char digest[SHA256_SIZE], struct known_key *out)
{
	*out = *slot_of(digest);
	if (memcmp(out->digest, digest, SHA256_SIZE) == 0)
		return;

	memset(out, 0, sizeof(*out));
	memcpy(out->digest, digest, SHA256_SIZE);
}

void
api_keys_cache_put(const struct known_key *known)
{
	*slot_of(known->digest) = *known;
}

/* Whose key it is, only the database can say; so the first answer is good for one request,
 * and the second, read under generations that were noted before, is kept. */
void
api_keys_cache_stamp(struct known_key *known)
{
	known->stamped = known->id[0] != '\0';
	known->read_at = clock_monotonic();
	if (!known->stamped)
		return;

	known->user_generation = generation_get("user", known->user_id);
	known->key_generation = generation_get("api_key", known->id);
}

bool
api_keys_cache_fresh(const struct known_key *known)
{
	int64_t age = clock_monotonic() - known->read_at;

	return known->stamped && age < settings.session_cache_seconds * 1000000 &&
	       clock_now() < known->expires &&
	       known->user_generation == generation_get("user", known->user_id) &&
	       known->key_generation == generation_get("api_key", known->id);
}
