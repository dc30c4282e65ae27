/* The public keys of the access tokens (RFC 7517), for services that verify tokens themselves. */
#ifndef APP_JWKS_H
#define APP_JWKS_H

#include "app/feature.h"

extern const struct feature jwks_feature;

#endif
