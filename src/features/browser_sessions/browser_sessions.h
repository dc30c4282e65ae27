/* Sessions of web pages, in a cookie that scripts cannot read. The public header of this feature. */
#ifndef APP_BROWSER_SESSIONS_H
#define APP_BROWSER_SESSIONS_H

#include "app/feature.h"

extern const struct feature browser_sessions_feature;

#endif
