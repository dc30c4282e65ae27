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
	int64_t version; /* incremented by each update */
	int64_t rank;    /* relevance, set only by a search */
};

extern const struct schema item_schema;
extern const struct feature items_feature;

/* Reads items visible to the caller: all for admins, else the caller's own. */
enum error items_get(struct ctx *, const char *id, struct item *out) MUST_CHECK;

/* For fields that refer to an item: E_NOT_FOUND unless it is visible to the caller. */
enum error items_visible(struct ctx *, const char *id) MUST_CHECK;

/* Lists the caller's own items, regardless of role. */
enum error items_list_own(struct ctx *, struct list_args *, struct page *out) MUST_CHECK;

/* Lists the visible items that match the words, best match first. */
enum error items_search(struct ctx *, struct list_args *, struct page *out) MUST_CHECK;

enum error items_create(struct ctx *, const struct item *in, struct item *out) MUST_CHECK;

/* Sets the fields of `in` whose bits are set in `given` (rows of item_schema). */
#define ITEM_WHOLE UINT64_MAX
enum error items_update(struct ctx *, const char *id, const struct item *in, uint64_t given,
			struct item *out) MUST_CHECK;

enum error items_delete(struct ctx *, const char *id) MUST_CHECK;

#endif
