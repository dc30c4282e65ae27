/* Items: the example resource, with search. The public header of this feature. */
#ifndef ITEMS_H
#define ITEMS_H

#include "app/feature.h"

struct item {
	const char *id, *owner_id;
	const char *title;
	const char *description; /* or NULL */
	const char *status;      /* draft, active, archived */
	const char *created_at, *updated_at;
	int64_t version;
	int64_t rank; /* relevance, set only by a search */
};

extern const struct schema item_schema;
extern const struct table items_table;
extern const struct feature items_feature;

/* Lists the visible items that match the words, best match first. */
enum error items_search(struct ctx *, struct list_args *, struct page *out) MUST_CHECK;

#endif
