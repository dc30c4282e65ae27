/* The rules of accounts: no HTTP, no SQL. No hash of a password leaves this file but for
 * the database. */
#include "users_priv.h"

#include "app/log.h"
#include "app/password.h"
#include "app/settings.h"

enum error
users_create(struct ctx *c, const struct new_user *in, struct user *out)
{
	const char *hash;
	enum error e;

	e = password_check(c, "password", in->password, in->email);
	if (e)
		return e;

	e = password_hash(c, in->password, &hash);
	if (e)
		return e;

	return users_insert(c, in, hash, out);
}

enum error
users_get(struct ctx *c, const char *id, struct user *out)
{
	return users_find(c, id, out);
}

/* The parameters rose since the hash was made. That it fails is no reason to refuse a
 * right password: the next sign-in tries again. */
static void
renew_hash(struct ctx *c, const struct login *login, const char *password)
{
	const char *hash;
	enum error e;

	e = password_hash(c, password, &hash);
	if (!e)
		e = users_update_hash(c, login, hash);
	if (e)
		log_warn(c, "the hash of a password could not be renewed");
	failure_clear(c);
}

enum error
users_check_password(struct ctx *c, const char *email, const char *password, const char **id)
{
	struct login login = { 0 };
	bool right;
	enum error e;

	e = users_find_login(c, email, &login);
	if (e && e != E_NOT_FOUND)
		return e;

	e = password_verify(c, password, login.password_hash, &right);
	if (e)
		return e;
	if (!right || !login.is_active)
		return fail(c, E_INVALID_CREDENTIALS, NULL);

	if (password_outdated(login.password_hash))
		renew_hash(c, &login, password);
	*id = login.id;
	return OK;
}

enum error
users_signed_in(struct ctx *c, const char *id, struct user *out)
{
	return users_touch_login(c, id, out);
}

/* Settings pass no schema, so the first owner's address and password are held to the same
 * rules here. */
static enum error
check_first(struct ctx *c, struct new_user *first)
{
	const struct field *email = schema_field(&user_schema, "email");

	first->email = field_check(c, "body", email, first->email);
	if (!first->email)
		return fail(c, E_VALIDATION, "FIRST_ADMIN_EMAIL %s", c->failure.fields->message);
	if (password_check(c, "password", first->password, first->email))
		return fail(c, E_VALIDATION, "FIRST_ADMIN_PASSWORD %s", c->failure.fields->message);
	return OK;
}

static enum error
make_first(struct ctx *c, struct new_user *first, FILE *out)
{
	struct user user;
	enum error e;

	e = check_first(c, first);
	if (e)
		return e;

	e = users_create(c, first, &user);
	if (e == E_EMAIL_TAKEN) {
		failure_clear(c);
		fprintf(out, "users: %s has an account that is no owner; left as it is\n",
			first->email);
		return OK;
	}
	if (e)
		return e;

	fprintf(out, "users: made the owner %s\n", user.email);
	return OK;
}

enum error
users_seed(struct ctx *c, FILE *out)
{
	struct new_user first = {
		.email = settings.first_admin_email,
		.password = settings.first_admin_password,
		.role = ROLE_OWNER,
	};
	int64_t owners;
	enum error e;

	e = users_count_owners(c, &owners);
	if (e)
		return e;

	if (owners > 0) {
		fputs("users: there is an owner already, nothing to do\n", out);
		return OK;
	}
	if (!*first.password) {
		fputs("users: FIRST_ADMIN_PASSWORD is empty, so no owner is made\n", out);
		return OK;
	}
	return make_first(c, &first, out);
}
