/* The whole feature: field rows, statements, handlers, routes. */
#include "notes.h"

/* Fields. */

static const struct field fields[] = {
	{ UUID(struct note, id), .flags = F_READ, .summary = "Identifier." },
	{ TEXT(struct note, body), .flags = F_RW | F_REQUIRED, .min = 1, .max = 2000,
	  .summary = "What to remember.", .example = "Water the plants" },
	{ TIME(struct note, created_at), .flags = F_READ, .summary = "When it was made." },
};

static const struct schema note_schema = SCHEMA("Note", struct note, fields);

/* Statements. */

#define COLUMNS "id, body, created_at"

enum { INSERT, FIND, DELETE_ONE };

static const struct query queries[] = {
	[INSERT] = QUERY("notes_insert", &note_schema,
			 "INSERT INTO notes (body) VALUES ($1) RETURNING " COLUMNS),
	[FIND] =
	    QUERY_READ("notes_find", &note_schema, "SELECT " COLUMNS " FROM notes WHERE id = $1"),
	[DELETE_ONE] = QUERY("notes_delete", NULL, "DELETE FROM notes WHERE id = $1"),
	{ 0 },
};

static const struct list_filter filters[] = {
	{ .sql = "created_at > $",
	  .field = { .name = "after", .type = TYPE_TIME, .summary = "Only notes made after that." } },
	{ 0 },
};

static const struct list_sort sorts[] = { { "created_at", TYPE_TIME }, { 0 } };

static const struct list all_notes = {
	.name = "notes",
	.row = &note_schema,
	.columns = COLUMNS,
	.from = "notes",
	.filters = filters,
	.sorts = sorts,
};

static const struct list *const lists[] = { &all_notes, NULL };

/* Routes. */

static enum error
create_note(struct request *req)
{
	const struct note *in = req->in;
	struct note note;
	enum error e = db_one(req->ctx, &queries[INSERT], &note, in->body);

	return respond_record(req, e, &note);
}

static enum error
show_note(struct request *req)
{
	struct note note;
	enum error e = db_one(req->ctx, &queries[FIND], &note, request_path(req, "id"));

	return respond_record(req, e, &note);
}

static enum error
delete_note(struct request *req)
{
	enum error e = db_exec_one(req->ctx, &queries[DELETE_ONE], request_path(req, "id"));

	return respond_empty(req, e);
}

static const struct route routes[] = {
	{ GET, "/notes", respond_list, ACCESS_PUBLIC, .list = &all_notes, .response = &note_schema,
	  .id = "notes_list", .summary = "List the notes" },
	{ POST, "/notes", create_note, ACCESS_PUBLIC, .body = &note_schema, .response = &note_schema,
	  .status = 201, .id = "notes_create", .summary = "Write a note" },
	{ GET, "/notes/{id}", show_note, ACCESS_PUBLIC, .response = &note_schema, .id = "notes_show",
	  .summary = "Get a note" },
	{ DELETE, "/notes/{id}", delete_note, ACCESS_PUBLIC, .status = 204, .id = "notes_delete",
	  .summary = "Delete a note" },
	{ 0 },
};

const struct feature notes_feature = {
	.name = "notes",
	.summary = "Texts that anyone can write, read and delete.",
	.routes = routes,
	.queries = queries,
	.lists = lists,
};
