/* The application under test. */
#ifndef TESTS_TEST_APP_H
#define TESTS_TEST_APP_H

#include "app/feature.h"

/* The application of src/main.c, with the test resource (gizmos.h) as an additional feature. A test
 * program for other features defines this function itself. */
const struct app *test_app(void);

#endif
