/* Rules and transactions. No HTTP, no SQL. */
#include "api_keys_priv.h"

#include "app/auth_cache.h"
#include "app/clock.h"
#include "app/log.h"
#include "features/audit/audit.h"

enum { TOUCH_EVERY = 60 * 1000000, KEYS_MAX = 100 };

static enum error
check_expiry(struct ctx *c, const char *expires_at)
{
	int64_t moment;

	if (!expires_at || (clock_parse(expires_at, &moment) && moment > clock_now()))
		return OK;
	return fail_field(c, "body", "expires_at", FIELD_TOO_SMALL, "must lie ahead");
}

static enum error
note(struct ctx *c, enum audit_action action, const char *id)
{
	return audit_write(c, &(struct audit_event) { .action = action, .target = id });
}

/* Runs in the transaction that inserted the key. */
static enum error
check_count(struct ctx *c)
{
	int64_t n;
	enum error e;

	e = api_keys_count(c, &n);
	if (e || n <= KEYS_MAX)
		return e;

	return fail(c, E_CONFLICT, "an account has at most %d API keys: delete one first",
		    KEYS_MAX);
}

enum error
api_keys_create(struct ctx *c, const struct api_key *in, struct api_key *out)
{
	const char *prefix, *key;
	enum error e;

	e = check_expiry(c, in->expires_at);
	if (e)
		return e;

	key = api_key_new(c->arena, &prefix);
	e = db_begin(c);
	if (!e)
		e = api_keys_insert(c, in, prefix, key, out);
	if (!e)
		e = check_count(c);
	if (!e)
		e = note(c, AUDIT_API_KEY_CREATED, out->id);
	out->key = key;
	return db_finish(c, e);
}

enum error
api_keys_delete(struct ctx *c, const char *id)
{
	enum error e;

	e = db_begin(c);
	if (!e)
		e = table_delete(c, &api_keys_table, id);
	if (!e)
		e = note(c, AUDIT_API_KEY_DELETED, id);
	cache_invalidate(c, "api_key", id);
	return db_finish(c, e);
}

enum error
api_keys_delete_all(struct ctx *c, const char *user_id, const char *reason)
{
	struct audit_event event = {
		.action = AUDIT_API_KEY_DELETED,
		.actor_id = user_id,
		.detail = audit_detail(c, "reason", reason, NULL),
	};
	const struct api_key *keys;
	struct records removed;
	enum error e;

	e = api_keys_remove_all(c, user_id, &removed);
	if (e)
		return e;

	cache_invalidate(c, "user", user_id);
	keys = removed.rows;
	for (size_t i = 0; i < removed.n && !e; i++) {
		event.target = keys[i].id;
		e = audit_write(c, &event);
	}
	return e;
}

/* Compares digests in constant time. */
static bool
is_right(struct ctx *c, const unsigned char digest[SHA256_SIZE], const struct key_holder *holder)
{
	const char *hex = p_bytes(c, digest, SHA256_SIZE) + strlen("\\x");

	return strlen(holder->key_hash) == 2 * SHA256_SIZE &&
	       secret_equal(hex, holder->key_hash, 2 * SHA256_SIZE);
}

static uint64_t
scope_bits(const char *const *words)
{
	uint64_t bits = 0;

	for (; *words; words++)
		for (unsigned i = 0; api_key_scopes[i]; i++)
			if (strcmp(*words, api_key_scopes[i]) == 0)
				bits |= UINT64_C(1) << i;
	return bits;
}

static const char *const *
scope_words(struct ctx *c, uint64_t bits)
{
	const char **words = arena_array(c->arena, 8 * sizeof(bits) + 1, sizeof(*words));
	size_t n = 0;

	for (unsigned i = 0; api_key_scopes[i]; i++)
		if (bits >> i & 1)
			words[n++] = api_key_scopes[i];
	return words;
}

static enum error
find_key_holder(struct ctx *c, const char *prefix, struct cached_caller *known)
{
	struct key_holder holder;
	enum error e;

	auth_cache_stamp(known);
	e = api_keys_find_holder(c, prefix, &holder);
	if (e && e != E_NOT_FOUND)
		return e;
	if (e || !is_right(c, known->digest, &holder))
		return fail(c, E_INVALID_TOKEN, "there is no such API key");
	if (holder.expires <= clock_now())
		return fail(c, E_INVALID_TOKEN, "the API key has expired");

	memcpy(known->id, holder.id, UUID_TEXT_SIZE);
	memcpy(known->user_id, holder.user_id, UUID_TEXT_SIZE);
	known->role = role_parse(holder.role);
	known->scopes = scope_bits(holder.scopes);
	known->expires = holder.expires / 1000000;
	return OK;
}

/* A valid key works even if last_used_at cannot be updated. */
static void
note_use(struct ctx *c, struct cached_caller *known)
{
	int64_t now = clock_monotonic();

	if (known->touched && now - known->touched < TOUCH_EVERY)
		return;

	known->touched = now;
	if (api_keys_touch(c, known->id))
		log_warn(c, "the use of an API key could not be noted");
	failure_clear(c);
}

enum error
api_keys_identify(struct ctx *c, const char *key)
{
	struct cached_caller known;
	const char *prefix;
	enum error e;

	if (!api_key_parse(c->arena, key, &prefix))
		return fail(c, E_INVALID_TOKEN, "the API key is mistyped");

	auth_cache_find("api_key", key, 0, &known);
	if (!auth_cache_fresh(&known)) {
		e = find_key_holder(c, prefix, &known);
		if (e)
			return e;
	}

	note_use(c, &known);
	auth_cache_put(&known);
	c->caller = (struct caller) {
		.role = known.role,
		.user_id = arena_text(c->arena, known.user_id),
		.api_key_id = arena_text(c->arena, known.id),
		.scopes = scope_words(c, known.scopes),
	};
	return OK;
}
