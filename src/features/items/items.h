/* Items: what a person keeps. The only items header another feature may include. */
#ifndef ITEMS_H
#define ITEMS_H

#include "app/feature.h"

struct item {
	const char *id, *owner_id;
	const char *title;
	const char *description; /* or NULL */
	const char *status;      /* draft, active, archived */
	const char *created_at, *updated_at;
	int64_t version; /* counts the updates */
	int64_t rank;    /* of what a search found: how well it matches */
};

extern const struct schema item_schema;
extern const struct feature items_feature;

/* What the caller may see: his own, for admins everybody's. */
enum error items_get(struct ctx *, const char *id, struct item *out) MUST_CHECK;

/* For fields that refer to one: E_NOT_FOUND unless the caller may see it. */
enum error items_visible(struct ctx *, const char *id) MUST_CHECK;

/* Only the caller's own, whatever his role. */
enum error items_list_own(struct ctx *, struct list_args *, struct page *out) MUST_CHECK;

/* Of what the caller may see, the items that match the words, the best first. */
enum error items_search(struct ctx *, struct list_args *, struct page *out) MUST_CHECK;

enum error items_create(struct ctx *, const struct item *in, struct item *out) MUST_CHECK;

/* Sets the rows of `in` that are named in `given` (bits of item_schema). */
#define ITEM_WHOLE UINT64_MAX
enum error items_update(struct ctx *, const char *id, const struct item *in, uint64_t given,
			struct item *out) MUST_CHECK;

enum error items_delete(struct ctx *, const char *id) MUST_CHECK;

#endif
