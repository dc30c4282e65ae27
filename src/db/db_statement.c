/* The prepared statements of a connection: a hash table by name. */
#include "db_priv.h"

#include "app/hash.h"

size_t statements_max = STATEMENT_SLOTS / 2;

static size_t
hash(const char *name)
{
	return hash_add(HASH_START, name, strlen(name));
}

/* Returns the slot of `name`, or a free one. There is always a free one. */
static struct statement **
find_slot(struct db *db, const char *name)
{
	size_t at = hash(name) % STATEMENT_SLOTS;

	while (db->slots[at] && strcmp(db->slots[at]->name, name) != 0)
		at = (at + 1) % STATEMENT_SLOTS;
	return &db->slots[at];
}

void
statements_clear(struct db *db)
{
	arena_reset(db->memory);
	memset(db->slots, 0, sizeof(db->slots));
	db->nstatements = 0;
}

static struct statement *
add_statement(struct db *db, const struct query *q)
{
	struct statement *s = ARENA_NEW(db->memory, struct statement);

	s->name = arena_text(db->memory, q->name);
	s->sql = q->sql ? arena_text(db->memory, q->sql) : q->compose(db->memory, q->rows);
	db->nstatements++;
	return s;
}

/* If the text of a name has changed, the statement must be prepared again. */
static void
update_text(struct db *db, struct statement *s, const char *sql)
{
	if (strcmp(s->sql, sql) == 0)
		return;

	s->sql = arena_text(db->memory, sql);
	if (s->state == STATEMENT_PREPARED)
		s->state = STATEMENT_STALE;
}

struct statement *
statement_get(struct db *db, const struct query *q)
{
	struct statement **slot = find_slot(db, q->name);

	if (!*slot && db->nstatements >= statements_max) {
		PQclear(PQexec(db->conn, "DEALLOCATE ALL"));
		statements_clear(db);
		slot = find_slot(db, q->name);
	}
	if (!*slot)
		*slot = add_statement(db, q);
	else if (q->sql)
		update_text(db, *slot, q->sql);
	return *slot;
}
