/* Checks passwords. Hashes go only to the database. */
#include "users_priv.h"

#include "app/log.h"
#include "app/password.h"

/* Renews a hash that was made with lower parameters. A failure does not fail the sign-in; the next
 * one tries again. */
static void
renew_hash(struct ctx *c, struct login *login, const char *password)
{
	bool renewed = false;
	const char *hash;
	enum error e;

	e = password_hash(c, password, &hash);
	if (!e)
		e = users_renew_hash(c, login, hash, &renewed);
	if (e)
		log_warn(c, "the hash of a password could not be renewed");
	if (renewed)
		login->password_hash = hash;
	failure_clear(c);
}

/* Asks the features, for every way to sign in. */
static bool
may_sign_in(struct ctx *c, const struct login *login)
{
	struct sign_in account = { login->id, login->email_verified };

	for (const struct feature *const *f = c->app->features; *f; f++)
		if ((*f)->may_sign_in && !(*f)->may_sign_in(&account))
			return false;
	return true;
}

/* `found`: whether the account exists. If not, a hash is computed anyway, so that the time reveals
 * nothing. */
static enum error
check(struct ctx *c, enum error found, struct login *login, const char *password, bool signing_in,
      const struct login **out)
{
	bool right;
	enum error e;

	if (found && found != E_NOT_FOUND)
		return found;

	e = password_verify(c, password, login->password_hash, &right);
	if (e)
		return e;
	if (!right || !login->is_active || (signing_in && !may_sign_in(c, login)))
		return fail(c, E_INVALID_CREDENTIALS, NULL);

	if (password_outdated(login->password_hash))
		renew_hash(c, login, password);
	*out = login;
	return OK;
}

enum error
users_check_password(struct ctx *c, const char *email, const char *password,
		     const struct login **out)
{
	struct login *login = ARENA_NEW(c->arena, struct login);

	return check(c, users_find_login(c, email, login), login, password, true, out);
}

enum error
users_check_own_password(struct ctx *c, const char *id, const char *password,
			 const struct login **out)
{
	struct login *login = ARENA_NEW(c->arena, struct login);

	return check(c, users_find_own_login(c, id, login), login, password, false, out);
}
