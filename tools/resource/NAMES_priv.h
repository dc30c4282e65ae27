/* Private to this folder. */
#ifndef @NAMES@_PRIV_H
#define @NAMES@_PRIV_H

#include "@names@.h"

extern const struct route @names@_routes[];
extern const struct query @names@_queries[];
extern const struct list @names@_rows;

%for enums
extern const char *const @choices_name@[];
%end

%if own
/* @names@_repo.c: act on rows that the caller may access. */
%else
/* @names@_repo.c. Functions that change a row act on rows that the caller may access. */
%end
enum error @names@_insert(struct ctx *, const char *owner, const struct @name@ *in,
			struct @name@ *out) MUST_CHECK;
enum error @names@_change(struct ctx *, const char *id, const struct @name@ *in, uint64_t given,
			struct @name@ *out) MUST_CHECK;

#endif
