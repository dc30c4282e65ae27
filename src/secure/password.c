/* Passwords: the schemes of hashes, and the rules for new passwords. */
#include "app/password.h"

#include "password_priv.h"

#include "app/hash_queue.h"
#include "app/log.h"
#include "app/settings.h"
#include "app/utf8.h"

/* ---- schemes */

/* Scheme number `i`; NULL after the last one. */
static const struct scheme *
scheme_at(size_t i)
{
#ifdef HAVE_ARGON2
	if (i == CRYPT_SCHEMES)
		return &argon2_scheme;
#endif
	return i < CRYPT_SCHEMES ? &crypt_schemes[i] : NULL;
}

/* The scheme of the settings, which have been checked. */
static const struct scheme *
current_scheme(void)
{
	const struct scheme *s;

	for (size_t i = 0; (s = scheme_at(i)); i++) {
		if (s->name && strcmp(s->name, settings.password_scheme) == 0)
			return s;
	}
	return crypt_schemes;
}

/* The scheme of a hash. NULL if it is unknown, such as "!", or too expensive: no password matches. */
static const struct scheme *
scheme_of(const char *hash)
{
	const struct scheme *s;

	if (!hash || strnlen(hash, HASH_SIZE) == HASH_SIZE)
		return NULL;

	for (size_t i = 0; (s = scheme_at(i)); i++) {
		if (strncmp(hash, s->prefix, strlen(s->prefix)) == 0)
			return s->bounded(hash) ? s : NULL;
	}
	return NULL;
}

bool
hash_number(const char **p, const char *name, char end, uint64_t *out)
{
	size_t len = strlen(name), digits;

	if (strncmp(*p, name, len) != 0)
		return false;
	digits = strspn(*p + len, "0123456789");
	if (digits == 0 || digits > 9 || (*p)[len + digits] != end)
		return false;
	*out = strtoull(*p + len, NULL, 10);
	*p += len + digits + 1;
	return true;
}

/* ---- hashing: code between hash_begin() and hash_end() must not allocate from the arena, since a
 * failure would skip hash_end() */

static enum error
hash_begin(struct ctx *c)
{
	const struct timespec interval = { .tv_nsec = HASH_POLL_MS * 1000000 };
	enum hash_turn turn = hash_enter(c);

	while (turn == HASH_WAIT && !c->can_park) {
		nanosleep(&interval, NULL);
		turn = hash_turn(&c->hash);
	}
	if (turn == HASH_RUN)
		return OK;

	c->parked = turn == HASH_WAIT;
	return fail_unavailable(c, CAUSE_HASH_QUEUE, NULL);
}

static void
hash_end(struct ctx *c)
{
	if (c->can_park)
		hash_pause(&c->hash);
	else
		hash_leave(&c->hash);
}

static enum error
hash_result(struct ctx *c, const struct scheme *s, int error)
{
	if (!error)
		return OK;
	log_error(c, "cannot hash a password (%s): %s", s->prefix, strerror(error));
	if (error == ENOMEM)
		return fail_unavailable(c, CAUSE_HASH_MEMORY, NULL);
	return fail(c, E_INTERNAL, NULL);
}

static enum error
new_hash(struct ctx *c, const char *password, char out[HASH_SIZE])
{
	const struct scheme *s = current_scheme();
	enum error e = hash_begin(c);
	int error;

	if (e)
		return e;

	error = s->hash(s, password, out);
	hash_end(c);
	return hash_result(c, s, error);
}

enum error
password_hash(struct ctx *c, const char *password, const char **hash)
{
	size_t max = current_scheme()->bytes_max;
	char out[HASH_SIZE];
	enum error e;

	if (max && strlen(password) > max)
		return fail(c, E_INTERNAL, NULL);

	e = new_hash(c, password, out);
	if (e)
		return e;

	*hash = arena_text(c->arena, out);
	return OK;
}

enum error
password_verify(struct ctx *c, const char *password, const char *hash, bool *matches)
{
	const struct scheme *s = scheme_of(hash);
	char unused[HASH_SIZE];
	enum error e;
	int error;

	*matches = false;
	if (strlen(password) > PASSWORD_BYTES_MAX)
		return OK;

	/* Without a usable hash, a new one takes the same time, which does not reveal whether the
	 * account exists. */
	if (!s)
		return new_hash(c, password, unused);
	e = hash_begin(c);
	if (e)
		return e;

	error = s->verify(password, hash, matches);
	hash_end(c);
	return hash_result(c, s, error);
}

bool
password_outdated(const char *hash)
{
	const struct scheme *s = current_scheme();
	char now[PARAMETERS_SIZE];

	return s->parameters(s, now) && strncmp(hash, now, strlen(now)) != 0;
}

/* ---- the rules */

enum error
password_check(struct ctx *c, const char *field, const char *password, const char *email)
{
	size_t length = utf8_length(password), bytes_max = current_scheme()->bytes_max;

	if (!bytes_max)
		bytes_max = PASSWORD_BYTES_MAX;
	if (length < (size_t)settings.password_min_length)
		return fail_field(c, "body", field, FIELD_TOO_SHORT,
				  "must have at least %" PRId64 " characters",
				  settings.password_min_length);
	if (length > PASSWORD_MAX)
		return fail_field(c, "body", field, FIELD_TOO_LONG,
				  "must have at most %d characters", PASSWORD_MAX);
	if (strlen(password) > bytes_max)
		return fail_field(c, "body", field, FIELD_TOO_LONG, "must have at most %zu bytes",
				  bytes_max);
	if (strcasecmp(password, email) == 0)
		return fail_field(c, "body", field, FIELD_INVALID_CHOICE,
				  "must not be the e-mail address");
	if (password_is_common(password))
		return fail_field(c, "body", field, FIELD_INVALID_CHOICE,
				  "is on the list of common passwords");
	return OK;
}
