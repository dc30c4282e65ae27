/* The whole feature: field rows, table row, routes. */
#include "notes.h"

static const struct field fields[] = {
	{ UUID(struct note, id), .flags = F_READ, .summary = "Identifier." },
	{ TEXT(struct note, body), .flags = F_RW | F_REQUIRED, .min = 1, .max = 2000,
	  .summary = "What to remember.", .example = "Water the plants" },
	{ TIME(struct note, created_at), .flags = F_READ, .summary = "When it was made." },
};

static const struct schema note_schema = SCHEMA("Note", struct note, fields);

static const struct list_filter filters[] = {
	{ "after", "Only notes made after that.", "created_at", ">" },
	{ 0 },
};

static const struct list_sort sorts[] = { { "created_at" }, { 0 } };

static const struct table notes = {
	.name = "notes",
	.schema = &note_schema,
	.filters = filters,
	.sorts = sorts,
};

static const struct table *const tables[] = { &notes, NULL };

static const struct route routes[] = {
	{ GET, "/notes", list_rows, ACCESS_PUBLIC, .list = &notes, .response = &note_schema,
	  .id = "notes_list", .summary = "List the notes" },
	{ POST, "/notes", create_row, ACCESS_PUBLIC, .table = &notes, .body = &note_schema,
	  .response = &note_schema, .status = 201, .id = "notes_create",
	  .summary = "Write a note" },
	{ GET, "/notes/{id}", show_row, ACCESS_PUBLIC, .table = &notes, .response = &note_schema,
	  .id = "notes_show", .summary = "Get a note" },
	{ DELETE, "/notes/{id}", delete_row, ACCESS_PUBLIC, .table = &notes, .status = 204,
	  .id = "notes_delete", .summary = "Delete a note" },
	{ 0 },
};

const struct feature notes_feature = {
	.name = "notes",
	.summary = "Texts that anyone can write, read and delete.",
	.routes = routes,
	.tables = tables,
};
