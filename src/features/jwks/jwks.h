/* The public keys of the access tokens, for services that check them themselves. */
#ifndef APP_JWKS_H
#define APP_JWKS_H

#include "app/feature.h"

extern const struct feature jwks_feature;

#endif
