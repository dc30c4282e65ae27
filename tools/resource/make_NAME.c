/* Factory of @names@ for tests; uses the service, as the API does. */
#include <criterion/criterion.h>

#include "make_@name@.h"

%for needed_targets
#include "make_@target_name@.h"
%end

const char *
make_@name@_(struct test *t, const struct account *owner, struct @name@ in)
{
%if needs_none
	static const char *const none[] = { NULL };
%end
	struct @name@ made;
	enum error e;

%for fillers
	if (!in.@field@)
		in.@field@ = @filler@;
%end
	t->ctx->caller = (struct caller) { .user_id = owner->id, .role = ROLE_MEMBER };
	e = @names@_create(t->ctx, &in, &made);
	t->ctx->caller = (struct caller) { 0 };
	cr_assert_eq(e, OK, "%s: %s", error_info(e)->code, t->ctx->failure.detail);
	return made.id;
}
