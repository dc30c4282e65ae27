/* Signing in and out, and who is asking: the only auth header that another feature may
 * include. */
#ifndef APP_AUTH_H
#define APP_AUTH_H

#include "app/feature.h"

extern const struct feature auth_feature;

#endif
