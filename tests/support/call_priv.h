/* Shared by the files behind call.h. */
#ifndef TESTS_CALL_PRIV_H
#define TESTS_CALL_PRIV_H

#include "call.h"

/* The request of a response. */
struct asked {
	const char *method, *uri;
	const struct call_options *call;
	const struct request *req; /* after the pipeline */
};

/* Checks the conventions that apply to every response of the API. */
void response_check(const struct asked *, const struct test_response *);

/* Compares the response with the OpenAPI document of this application. Returns NULL or the
 * difference. */
const char *contract_mismatch(struct arena *, const struct asked *, const struct test_response *);

#endif
