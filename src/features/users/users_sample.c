/* Sample accounts, one for each role except owner, which `seed` creates. */
#include "users_priv.h"

#include "app/print.h"

#define PASSWORD "brass lamp, green shade"

static const struct new_user rows[] = {
	{ "ada@example.com", PASSWORD, "Ada Lovelace", ROLE_ADMIN },
	{ "grace@example.com", PASSWORD, "Grace Hopper", ROLE_MEMBER },
	{ "linus@example.com", PASSWORD, NULL, ROLE_VIEWER },
};

static enum error
make_sample(struct ctx *c, const struct new_user *row, FILE *out)
{
	struct user user;
	enum error e;

	e = users_get_by_email(c, row->email, &user);
	if (e == E_NOT_FOUND) {
		e = users_add(c, row, &user);
		if (!e)
			print(out, "users: created the %s %s, password \"%s\"\n", user.role,
			      user.email, row->password);
	} else if (!e) {
		print(out, "users: %s exists already\n", user.email);
	}
	return e;
}

enum error
users_sample(struct ctx *c, FILE *out)
{
	enum error e = OK;

	for (size_t i = 0; i < COUNT(rows) && !e; i++)
		e = make_sample(c, &rows[i], out);
	return e;
}

static enum error
count_rows(struct ctx *c, const struct table *table, int64_t *n)
{
	struct list_args args;
	struct page page;
	enum error e;

	e = list_read(c, table, NULL, 0, NULL, &args);
	if (e)
		return e;

	e = table_list(c, &args, &page);
	*n = e ? 0 : page.total;
	return e;
}

static enum error
give_rows(struct ctx *c, const struct table *table, const char *samples, size_t n,
	  const char *email, FILE *out)
{
	void *made = arena_alloc(c->arena, table->schema->size);
	int64_t there;
	enum error e;

	e = count_rows(c, table, &there);
	if (e)
		return e;

	if (there > 0) {
		print(out, "%s: %s has %" PRId64 " already\n", table->name, email, there);
		return OK;
	}
	for (size_t i = 0; i < n && !e; i++)
		e = table_insert(c, table, samples + i * table->schema->size, made);
	if (!e)
		print(out, "%s: created %zu for %s\n", table->name, n, email);
	return e;
}

/* Acts as a member, regardless of the account's role, so that it sees only its own rows. */
enum error
users_give_samples(struct ctx *c, const struct table *table, const void *samples, size_t n,
		   FILE *out)
{
	struct caller before = c->caller;
	enum error e = OK;

	for (size_t i = 0; i < COUNT(rows) && !e; i++) {
		struct user user;

		e = users_get_by_email(c, rows[i].email, &user);
		if (e)
			break;
		c->caller = (struct caller) { .user_id = user.id, .role = ROLE_MEMBER };
		e = give_rows(c, table, samples, n, user.email, out);
		c->caller = before;
	}
	return e;
}
