/* Whose password is it? No hash of one leaves this file but for the database. */
#include "users_priv.h"

#include "app/log.h"
#include "app/password.h"

/* The parameters rose since the hash was made. That it fails is no reason to refuse a
 * right password: the next sign-in tries again. */
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

/* `found` says whether there is such an account: for one that is not there, a hash is made
 * all the same, so that the time tells nothing. */
static enum error
check(struct ctx *c, enum error found, struct login *login, const char *password,
      const struct login **out)
{
	bool right;
	enum error e;

	if (found && found != E_NOT_FOUND)
		return found;

	e = password_verify(c, password, login->password_hash, &right);
	if (e)
		return e;
	if (!right || !login->may_sign_in)
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

	return check(c, users_find_login(c, email, login), login, password, out);
}

enum error
users_check_own_password(struct ctx *c, const char *id, const char *password,
			 const struct login **out)
{
	struct login *login = ARENA_NEW(c->arena, struct login);

	return check(c, users_find_own_login(c, id, login), login, password, out);
}
