/* The application under test: all features, and the test resource. */
#include <criterion/criterion.h>

#include "support/test_app.h"

#include "app_features.h"
#include "features/api_keys/api_keys.h"
#include "support/gizmos.h"

const struct app *
test_app(void)
{
	static const struct feature *features[100];
	static const struct app app = { .name = PACKAGE, .features = features };
	size_t n = 0;

	cr_assert_str_eq(api_key_scopes[0], "gizmos:read"); /* links those of support.am */
	while (app_features[n]) {
		features[n] = app_features[n];
		n++;
	}
	cr_assert_lt(n + 1, COUNT(features));
	features[n] = &gizmos_feature;
	return &app;
}
