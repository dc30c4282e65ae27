/* The callers that this worker has seen lately. */
#include "app/auth_cache.h"

#include "app/clock.h"
#include "app/settings.h"
#include "app/shared.h"

enum { SLOTS = 2048 };

/* Each text has one slot, by its digest; a later one of that slot takes it over. */
static struct cached_caller slots[SLOTS];

static struct cached_caller *
slot_of(const unsigned char digest[SHA256_SIZE])
{
	return &slots[(digest[0] | digest[1] << 8) % SLOTS];
}

void
auth_cache_find(const char *kind, const char *shown, int64_t skew, struct cached_caller *out)
{
	unsigned char digest[SHA256_SIZE];

	sha256(shown, strlen(shown), digest);
	*out = *slot_of(digest);
	if (memcmp(out->digest, digest, SHA256_SIZE) == 0 && strcmp(out->kind, kind) == 0 &&
	    clock_now() / 1000000 < out->expires + skew)
		return;

	*out = (struct cached_caller) { .kind = kind };
	memcpy(out->digest, digest, SHA256_SIZE);
}

void
auth_cache_stamp(struct cached_caller *known)
{
	known->stamped = *known->id;
	known->read_at = clock_monotonic();
	known->user_epoch = epoch_get("user", known->user_id);
	known->epoch = epoch_get(known->kind, known->id);
}

bool
auth_cache_fresh(const struct cached_caller *known)
{
	int64_t age = clock_monotonic() - known->read_at;

	return known->stamped && age < settings.session_cache_seconds * 1000000 &&
	       known->user_epoch == epoch_get("user", known->user_id) &&
	       known->epoch == epoch_get(known->kind, known->id);
}

void
auth_cache_put(const struct cached_caller *known)
{
	*slot_of(known->digest) = *known;
}
