/* Per-worker cache of authenticated callers, keyed by credential. */
#include "app/auth_cache.h"

#include "app/clock.h"
#include "app/settings.h"
#include "app/shared.h"

enum { ENTRIES = 2048 };

/* Direct-mapped: the digest of a credential determines its entry; a later one replaces it. */
static struct cached_caller entries[ENTRIES];

static struct cached_caller *
entry_of(const unsigned char digest[SHA256_SIZE])
{
	return &entries[(digest[0] | digest[1] << 8) % ENTRIES];
}

void
auth_cache_find(const char *kind, const char *credential, int64_t skew, struct cached_caller *out)
{
	unsigned char digest[SHA256_SIZE];

	sha256(credential, strlen(credential), digest);
	*out = *entry_of(digest);
	if (memcmp(out->digest, digest, SHA256_SIZE) == 0 && strcmp(out->kind, kind) == 0 &&
	    clock_now() / 1000000 < out->expires + skew)
		return;

	*out = (struct cached_caller) { .kind = kind };
	memcpy(out->digest, digest, SHA256_SIZE);
}

void
auth_cache_stamp(struct cached_caller *entry)
{
	entry->stamped = *entry->id;
	entry->read_at = clock_monotonic();
	entry->user_epoch = epoch_get("user", entry->user_id);
	entry->epoch = epoch_get(entry->kind, entry->id);
}

bool
auth_cache_fresh(const struct cached_caller *entry)
{
	int64_t age = clock_monotonic() - entry->read_at;

	return entry->stamped && age < settings.session_cache_seconds * 1000000 &&
	       entry->user_epoch == epoch_get("user", entry->user_id) &&
	       entry->epoch == epoch_get(entry->kind, entry->id);
}

void
auth_cache_put(const struct cached_caller *entry)
{
	*entry_of(entry->digest) = *entry;
}
