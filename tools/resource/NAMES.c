/* @Names@: field rows, list, feature row. */
#include "@names@_priv.h"

%for targets
#include "features/@target_names@/@target_names@.h"
%end

%for enums
const char *const @choices_name@[] = { @choices@, NULL };
%end

%for arrays
static const struct field @field@_item = { @item@ };
%end

static const struct field fields[] = {
	{ UUID(struct @name@, id), .flags = F_READ, .summary = "Identifier." },
	{ UUID(struct @name@, owner_id), .flags = F_READ, .summary = "User who owns the @words@." },
%for fields
	{ @macro@, .flags = @flags@, @cells@ .summary = "@text@." },
%end
	{ TIME(struct @name@, created_at), .flags = F_READ, .summary = "Time of creation." },
	{ TIME(struct @name@, updated_at), .flags = F_READ, .summary = "Time of the last change." },
	{ INT(struct @name@, version) },
};

const struct schema @name@_schema = SCHEMA("@Label@", struct @name@, fields);

static const struct list *const lists[] = { &@names@_rows, NULL };

const struct feature @names@_feature = {
	.name = "@path@",
	.tag = "@Names@",
	.summary = "@Names@.",
	.routes = @names@_routes,
	.queries = @names@_queries,
	.lists = lists,
};
