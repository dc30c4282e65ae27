/* Sessions of web pages, in a cookie that scripts cannot read. The public header of this feature. */
#ifndef APP_BROWSER_SESSIONS_H
#define APP_BROWSER_SESSIONS_H

#include "app/feature.h"
#include "app/settings.h"

extern const struct feature browser_sessions_feature;

struct browser_sessions_settings {
#define SETTING SETTING_MEMBER
#include "features/browser_sessions/browser_sessions_settings.def"
#undef SETTING
};
extern struct browser_sessions_settings browser_sessions_settings;

#endif
