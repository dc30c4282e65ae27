/*
 * Rows of any resource, with values from its schema rows:
 *
 *	struct sample lamp = sample_row(t, &ada, &items_table);
 *	struct test_response a = call(t, "GET", lamp.path, .token = ada.token);
 */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include "call.h"

/* The lowest and highest value of a field. They differ, so one of them is not the default. */
enum bound { LOW, HIGH, BOUNDS };

/* Returns a valid value as JSON, in the form of responses. If the field refers to a row, creates that
 * row. Call it twice for two values of a unique column. */
const char *sample_value(struct test *, const struct account *, const struct field *, enum bound);

/* Returns the body of a POST or PUT with the required members. */
const char *sample_body(struct test *, const struct account *, const struct schema *);

/* Returns the URI of a route; for each {name} in its path, creates a row. */
const char *sample_uri(struct test *, const struct account *, const struct route *);

struct sample {
	const char *list, *path; /* the URIs of POST and of the row */
	const char *body;        /* of the POST */
	struct test_response response;
};

/* Creates a row with the required members by POST, and before it the rows that it refers to. */
struct sample sample_row(struct test *, const struct account *, const struct table *);

#endif
