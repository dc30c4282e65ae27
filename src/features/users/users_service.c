/* Rules and transactions of accounts. No HTTP, no SQL. */
#include "users_priv.h"

#include "app/ids.h"
#include "app/password.h"
#include "app/settings.h"
#include "app/print.h"
#include "features/audit/audit.h"
#include "features/recovery/recovery.h"
#include "features/sessions/sessions.h"

/* A command acts with all permissions: the operator can run it only with access to the machine. */
static enum role
rank(const struct ctx *c)
{
	return c->process && !c->caller.user_id ? ROLE_OWNER : c->caller.role;
}

/* Only owners manage owners and admins. */
static enum error
check_rank(struct ctx *c, enum role role)
{
	if (rank(c) == ROLE_OWNER || (rank(c) == ROLE_ADMIN && role < ROLE_ADMIN))
		return OK;
	return fail(c, E_FORBIDDEN, "only an owner may do this to an account of the role %s",
		    role_name(role));
}

static enum error
insert(struct ctx *c, const struct new_user *in, const char *hash, struct user *out)
{
	struct audit_event event = { .action = AUDIT_USER_CREATED };
	enum error e;

	e = users_insert(c, in, hash, out);
	if (e)
		return e;

	event.target = out->id;
	event.detail = audit_detail(c, "role", out->role, NULL);
	e = audit_write(c, &event);
	if (e || !in->created)
		return e;

	return in->created(c, out->id, out->email);
}

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

	e = db_begin(c);
	if (!e)
		e = insert(c, in, hash, out);
	e = db_finish(c, e);
	return e == E_EMAIL_TAKEN && in->taken ? in->taken(c, in, out) : e;
}

enum error
users_pretend(struct ctx *c, const struct new_user *in, struct user *out)
{
	struct new_user decoy = *in;
	char id[UUID_TEXT_SIZE];
	enum error e;

	uuid_new(id);
	decoy.email = arena_printf(c->arena, "%s@invalid", id);
	e = db_begin(c);
	if (!e)
		e = users_insert(c, &decoy, "!", out);
	if (e)
		return db_finish(c, e);

	e = db_finish(c, E_CONFLICT); /* rolls back */
	if (e == E_CONFLICT)
		failure_clear(c);
	out->email = in->email;
	return e == E_CONFLICT ? OK : e;
}

enum error
users_add(struct ctx *c, const struct new_user *in, struct user *out)
{
	struct new_user user = *in;
	enum error e;

	e = check_rank(c, in->role);
	if (e)
		return e;

	user.vouched = true;
	return users_create(c, &user, out);
}

enum error
users_see(struct ctx *c, const char *id, struct user *out)
{
	if (rank(c) < ROLE_ADMIN && strcmp(id, c->caller.user_id) != 0)
		return fail(c, E_NOT_FOUND, NULL);

	return table_find(c, &users_table, id, out);
}

/* A change and its state in the transaction. */
struct change {
	const char *id;
	const struct user_change *in;
	uint64_t which;
	const char *hash;
	struct user was, *out;
};

static bool
is_active_owner(const struct user *user)
{
	return user->is_active && role_parse(user->role) == ROLE_OWNER;
}

/* Locks the account, and before it the owners, because the last one must not be removed. */
static enum error
lock(struct ctx *c, const char *id, struct user *user, bool *last_owner)
{
	int64_t owners;
	enum error e;

	e = users_lock_owners(c, &owners);
	if (e)
		return e;

	e = table_lock(c, &users_table, id, user);
	if (e)
		return e;

	*last_owner = is_active_owner(user) && owners <= 1;
	return OK;
}

static enum error
check_change(struct ctx *c, const struct change *change)
{
	enum error e;

	e = check_rank(c, role_parse(change->was.role));
	if (e)
		return e;

	if (!(change->which & USER_CHANGE(role)))
		return OK;
	return check_rank(c, role_parse(change->in->role));
}

static enum error
write_change(struct ctx *c, const struct change *change)
{
	const struct user *was = &change->was, *is = change->out;
	struct audit_event event = { .target = change->id };
	enum error e = OK;

	if (strcmp(was->role, is->role) != 0 || was->is_active != is->is_active) {
		event.action = AUDIT_AUTHZ_CHANGE;
		event.detail =
		    audit_detail(c, "role_from", was->role, "role_to", is->role, "active_from",
				 p_bool(was->is_active), "active_to", p_bool(is->is_active), NULL);
		e = audit_write(c, &event);
		event.detail = NULL;
	}
	if (!e && change->hash) {
		event.action = AUDIT_PASSWORD_CHANGE;
		e = audit_write(c, &event);
	}
	if (!e && change->which & USER_CHANGE(full_name)) {
		event.action = AUDIT_USER_UPDATED;
		e = audit_write(c, &event);
	}
	return e;
}

/* Whether the change ends all sessions, and why. */
static bool
ends_sessions(const struct change *change, enum sessions_end_reason *reason)
{
	const struct user *was = &change->was, *is = change->out;

	if (change->hash)
		*reason = SESSIONS_PASSWORD_SET;
	else if (was->is_active && !is->is_active)
		*reason = SESSIONS_DEACTIVATION;
	else if (strcmp(was->role, is->role) != 0)
		*reason = SESSIONS_ROLE_CHANGE;
	else
		return false;
	return true;
}

/* Writes all fields, so that a new password alone increments the version too. The row is locked. */
static enum error
update_account(struct ctx *c, const struct change *change)
{
	const uint64_t fields = GIVEN(&user_schema, struct user, full_name) |
				GIVEN(&user_schema, struct user, role) |
				GIVEN(&user_schema, struct user, is_active);
	struct user user = change->was;
	enum error e = OK;

	if (change->which & USER_CHANGE(full_name))
		user.full_name = change->in->full_name;
	if (change->which & USER_CHANGE(role))
		user.role = change->in->role;
	if (change->which & USER_CHANGE(is_active))
		user.is_active = change->in->is_active;
	if (change->hash)
		e = users_replace_hash(c, change->id, change->hash);
	return e ? e : table_update(c, &users_table, change->id, &user, fields, change->out);
}

static enum error
apply_change(struct ctx *c, void *arg)
{
	struct change *change = arg;
	struct user *was = &change->was;
	enum sessions_end_reason reason;
	bool last_owner;
	enum error e;

	e = lock(c, change->id, was, &last_owner);
	if (e)
		return e;

	e = check_change(c, change);
	if (e)
		return e;

	e = update_account(c, change);
	if (e)
		return e;
	if (last_owner && !is_active_owner(change->out))
		return fail(c, E_LAST_OWNER, NULL);

	if (ends_sessions(change, &reason)) {
		e = sessions_end_all(c, change->id, NULL, reason);
		if (e)
			return e;
	}
	if (change->hash) {
		e = recovery_password_changed(c, change->id);
		if (e)
			return e;
	}
	return write_change(c, change);
}

/* Checks permissions first, so that a refused caller does not wait for a hash. */
static enum error
hash_new_password(struct ctx *c, struct change *change)
{
	enum error e;

	e = table_find(c, &users_table, change->id, &change->was);
	if (e)
		return e;

	e = check_change(c, change);
	if (e)
		return e;

	e = password_check(c, "password", change->in->password, change->was.email);
	if (e)
		return e;

	return password_hash(c, change->in->password, &change->hash);
}

enum error
users_change(struct ctx *c, const char *id, const struct user_change *in, uint64_t which,
	     struct user *out)
{
	struct change change = { .id = id, .in = in, .which = which, .out = out };
	enum error e;

	if (!which) {
		e = table_find(c, &users_table, id, out);
		if (!e)
			e = check_rank(c, role_parse(out->role));
		return e ? e : table_check_version(c, &user_schema, out);
	}
	if (which & USER_CHANGE(password)) {
		e = hash_new_password(c, &change);
		if (e)
			return e;
	}
	return db_transaction(c, apply_change, &change);
}

struct removal {
	const char *id;
	bool own;
};

static enum error
apply_removal(struct ctx *c, void *arg)
{
	const struct removal *removal = arg;
	struct audit_event event = { .action = AUDIT_USER_DELETED, .target = removal->id };
	struct user was;
	bool last_owner;
	enum error e;

	e = lock(c, removal->id, &was, &last_owner);
	if (e)
		return e;

	if (!removal->own) {
		e = check_rank(c, role_parse(was.role));
		if (e)
			return e;
	}
	if (last_owner)
		return fail(c, E_LAST_OWNER, NULL);

	e = users_delete(c, removal->id);
	if (e)
		return e;

	cache_invalidate(c, "user", removal->id); /* its sessions were deleted with it */
	event.detail = audit_detail(c, "role", was.role, NULL);
	return audit_write(c, &event);
}

enum error
users_remove(struct ctx *c, const char *id)
{
	return db_transaction(c, apply_removal, &(struct removal) { .id = id });
}

enum error
users_remove_own(struct ctx *c)
{
	return db_transaction(c, apply_removal,
			      &(struct removal) { .id = c->caller.user_id, .own = true });
}

/* Settings are not validated by a schema, so the first owner's address and password are checked
 * here. */
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
		print(out,
		      "users: %s has an account that is not an active owner, and there is no"
		      " owner; `%s user set-role %s owner` and `user activate` make it one\n",
		      first->email, PACKAGE, first->email);
		return OK;
	}
	if (e)
		return e;

	print(out, "users: created the owner %s\n", user.email);
	return OK;
}

enum error
users_find_owner(struct ctx *c, struct user *out)
{
	const struct param params[] = {
		{ "role", "owner" },
		{ "is_active", "true" },
		{ "sort", "created_at" },
		{ "limit", "1" },
	};
	struct list_args args;
	struct page page;
	enum error e;

	e = users_get_by_email(c, settings.first_admin_email, out);
	if (e != E_NOT_FOUND && (e || is_active_owner(out)))
		return e;
	failure_clear(c);

	e = list_read(c, &users_table, params, COUNT(params), NULL, &args);
	if (!e)
		e = table_list(c, &args, &page);
	if (!e && page.items.n == 0)
		e = fail(c, E_NOT_FOUND, NULL);
	if (!e)
		*out = *(const struct user *)page.items.rows;
	return e;
}

enum error
users_seed(struct ctx *c, FILE *out)
{
	struct new_user first = {
		.email = settings.first_admin_email,
		.password = settings.first_admin_password,
		.role = ROLE_OWNER,
		.vouched = true,
	};
	struct user owner;
	enum error e;

	e = users_find_owner(c, &owner);
	if (!e)
		print(out, "users: the owner %s exists already\n", owner.email);
	if (e != E_NOT_FOUND)
		return e;

	failure_clear(c);
	if (!*first.password) {
		print(out, "users: there is no owner; set FIRST_ADMIN_PASSWORD to create one\n");
		return OK;
	}
	return make_first(c, &first, out);
}
