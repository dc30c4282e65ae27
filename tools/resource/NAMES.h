/* @Names@. The only header of theirs that another feature may include. */
#ifndef @NAMES@_H
#define @NAMES@_H

#include "app/feature.h"

struct @name@ {
	const char *id, *owner_id;
%for fields
	@c@@field@;@remark@
%end
	const char *created_at, *updated_at;
	int64_t version; /* counts the updates */
};

extern const struct schema @name@_schema;
extern const struct feature @names@_feature;

%if own
/* What the caller may see: his own, for admins everybody's. */
%else
/* Everybody sees all of them. */
%end
enum error @names@_get(struct ctx *, const char *id, struct @name@ *out) MUST_CHECK;

/* For fields that refer to one: E_NOT_FOUND unless the caller may see it. */
enum error @names@_visible(struct ctx *, const char *id) MUST_CHECK;

enum error @names@_create(struct ctx *, const struct @name@ *in, struct @name@ *out) MUST_CHECK;

/* Sets the rows of `in` that are named in `given` (bits of @name@_schema). Like deleting, it
 * is for the owner and for admins. */
#define @NAME@_WHOLE UINT64_MAX
enum error @names@_update(struct ctx *, const char *id, const struct @name@ *in, uint64_t given,
			struct @name@ *out) MUST_CHECK;

enum error @names@_delete(struct ctx *, const char *id) MUST_CHECK;

#endif
