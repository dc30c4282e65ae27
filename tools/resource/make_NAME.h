/* @Names@ for tests, made by the service that the API uses. */
#ifndef TESTS_MAKE_@NAME@_H
#define TESTS_MAKE_@NAME@_H

#include "call.h"

#include "features/@names@/@names@.h"

/* Returns its id. What is required and not said here gets a value that passes. */
#define make_@name@(t, owner, ...) make_@name@_((t), (owner), (struct @name@) { __VA_ARGS__ })
const char *make_@name@_(struct test *, const struct account *owner, struct @name@ in);

#endif
