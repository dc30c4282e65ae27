/* @Names@. The public header of this feature. */
#ifndef @NAMES@_H
#define @NAMES@_H

#include "app/feature.h"

struct @name@ {
	const char *id, *owner_id;
%for fields
	@c@@field@;@remark@
%end
	const char *created_at, *updated_at;
	int64_t version; /* incremented by each update */
};

extern const struct schema @name@_schema;
extern const struct feature @names@_feature;

%if own
/* Reads @names@ visible to the caller: all for admins, else the caller's own. */
%else
/* Reads @names@; all are visible to every caller. */
%end
enum error @names@_get(struct ctx *, const char *id, struct @name@ *out) MUST_CHECK;

/* For fields that refer to @a_name@: E_NOT_FOUND unless it is visible to the caller. */
enum error @names@_visible(struct ctx *, const char *id) MUST_CHECK;

enum error @names@_create(struct ctx *, const struct @name@ *in, struct @name@ *out) MUST_CHECK;

/* Sets the fields of `in` whose bits are set in `given` (rows of @name@_schema). Like deleting, it
 * is for the owner and for admins. */
#define @NAME@_WHOLE UINT64_MAX
enum error @names@_update(struct ctx *, const char *id, const struct @name@ *in, uint64_t given,
			struct @name@ *out) MUST_CHECK;

enum error @names@_delete(struct ctx *, const char *id) MUST_CHECK;

#endif
