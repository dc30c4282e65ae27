/* Factory of @names@ for tests; uses the service, as the API does. */
#ifndef TESTS_MAKE_@NAME@_H
#define TESTS_MAKE_@NAME@_H

#include "call.h"

#include "features/@names@/@names@.h"

/* Creates a row and returns its id. Required fields that are not given get a valid value. */
#define make_@name@(t_, owner_, ...) make_@name@_((t_), (owner_), (struct @name@) { __VA_ARGS__ })
const char *make_@name@_(struct test *, const struct account *owner, struct @name@ in);

#endif
