/* The access tokens that this worker has seen lately: the same bytes need neither their
 * signature checked nor, for a few seconds, the database asked. */
#include "auth_priv.h"

#include "app/clock.h"
#include "app/settings.h"
#include "app/shared.h"

enum { SLOTS = 2048 };

/* Each token has one slot, by its digest; a later token of that slot takes it over. */
static struct known_token slots[SLOTS];

static struct known_token *
slot_of(const unsigned char digest[SHA256_SIZE])
{
	return &slots[(digest[0] | digest[1] << 8) % SLOTS];
}

bool
auth_cache_get(const unsigned char digest[SHA256_SIZE], struct known_token *out)
{
	*out = *slot_of(digest);
	return memcmp(out->digest, digest, SHA256_SIZE) == 0 &&
	       clock_now() / 1000000 < out->expires + settings.clock_skew_seconds;
}

void
auth_cache_put(const struct known_token *known)
{
	*slot_of(known->digest) = *known;
}

void
auth_cache_stamp(struct known_token *known)
{
	known->read_at = clock_monotonic();
	known->user_generation = generation_get("user", known->user_id);
	known->session_generation = generation_get("session", known->session_id);
}

bool
auth_cache_fresh(const struct known_token *known)
{
	int64_t age = clock_monotonic() - known->read_at;

	return known->role != ROLE_NONE && age < settings.session_cache_seconds * 1000000 &&
	       known->user_generation == generation_get("user", known->user_id) &&
	       known->session_generation == generation_get("session", known->session_id);
}
