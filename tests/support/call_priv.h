/* What the files behind call.h share. */
#ifndef TESTS_CALL_PRIV_H
#define TESTS_CALL_PRIV_H

#include "call.h"

/* What was asked, for messages and for what depends on it. */
struct asked {
	const char *method, *uri;
	const struct call_options *call;
	const struct request *req; /* after the pipeline */
};

/* Holds the answer against what the API promises of every answer. */
void response_check(const struct asked *, const struct test_response *);

/* Holds it against the OpenAPI document of this application: NULL, or what differs. */
const char *contract_mismatch(struct arena *, const struct asked *, const struct test_response *);

#endif
