/* The statements that a connection has prepared: a hash table by name. */
#include "db_priv.h"

#include "app/log.h"

/* Each costs memory in the server, too. */
enum { STATEMENTS_MAX = STATEMENT_SLOTS / 2 };

static size_t
hash(const char *name)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211u;
	return (size_t)h;
}

/* The slot where `name` is, or belongs. There is always a free one. */
static struct statement **
find_slot(struct db *db, const char *name)
{
	size_t at = hash(name) % STATEMENT_SLOTS;

	while (db->slots[at] && strcmp(db->slots[at]->name, name) != 0)
		at = (at + 1) % STATEMENT_SLOTS;
	return &db->slots[at];
}

void
statements_forget(struct db *db)
{
	arena_reset(db->memory);
	memset(db->slots, 0, sizeof(db->slots));
	db->nstatements = 0;
}

static struct statement *
add(struct db *db, const struct query *q)
{
	struct statement *s = ARENA_NEW(db->memory, struct statement);

	s->name = arena_text(db->memory, q->name);
	s->sql = arena_text(db->memory, q->sql);
	s->seen = q->sql;
	db->nstatements++;
	return s;
}

/* A name that came with another text: the server must forget the old one. */
static void
take_text(struct db *db, struct statement *s, const char *sql)
{
	if (strcmp(s->sql, sql) != 0) {
		s->sql = arena_text(db->memory, sql);
		s->fields = NULL;
		if (s->state == STATEMENT_PREPARED)
			s->state = STATEMENT_STALE;
	}
	s->seen = sql;
}

struct statement *
statement_get(struct db *db, const struct query *q)
{
	struct statement **slot = find_slot(db, q->name);

	if (!*slot && db->nstatements == STATEMENTS_MAX) {
		PQclear(PQexec(db->conn, "DEALLOCATE ALL"));
		statements_forget(db);
		slot = find_slot(db, q->name);
	}
	if (!*slot)
		*slot = add(db, q);
	else if ((*slot)->seen != q->sql)
		take_text(db, *slot, q->sql);
	return *slot;
}

/* A column that belongs to the list machinery, which reads it by itself, has no field. */
enum error
statement_fields(struct ctx *c, const struct query *q, struct statement *s, const PGresult *result)
{
	int n = PQnfields(result);
	const struct field **fields;

	if (s->fields && s->row == q->row && s->nfields == n)
		return OK;

	fields = arena_array(c->db->memory, (size_t)n + 1, sizeof(*fields));
	for (int i = 0; i < n; i++) {
		const char *column = PQfname(result, i);

		fields[i] = schema_field(q->row, column);
		if (!fields[i] && strcmp(column, LIST_TOTAL) != 0) {
			log_error(c, "statement %s: schema %s has no field for the column \"%s\"",
				  q->name, q->row->name, column);
			return fail(c, E_INTERNAL, NULL);
		}
	}
	s->fields = fields;
	s->nfields = n;
	s->row = q->row;
	return OK;
}
