/* Browser sessions: field rows, feature row. */
#include "browser_sessions_priv.h"

#include "app/settings.h"

static const struct field fields[] = {
	{ UUID(struct cookie_session, id) },       { UUID(struct cookie_session, user_id) },
	{ TEXT(struct cookie_session, role) },     { INT(struct cookie_session, expires) },
	{ INT(struct cookie_session, confirmed) }, { BOOL(struct cookie_session, current) },
};
const struct schema cookie_session_schema = SCHEMA("CookieSession", struct cookie_session, fields);

static const char *
name(void)
{
	bool https = settings_production() || strncmp(settings.app_url, "https:", 6) == 0;

	return settings.auth_cookie ? cookie_name(https) : NULL;
}

static const struct cookie_sessions cookies = {
	.name = name,
	.sent = cookie_is_credential,
	.check = csrf_check,
	.issue = browser_sessions_issue,
	.log_out = cookie_log_out,
};

struct browser_sessions_settings browser_sessions_settings;

static const struct setting settings_rows[] = {
#define SETTING(...) SETTING_ROW(browser_sessions_settings, __VA_ARGS__)
#include "features/browser_sessions/browser_sessions_settings.def"
#undef SETTING
	{ 0 },
};

const struct feature browser_sessions_feature = {
	.name = "browser_sessions",
	.tag = "Sign-in",
	.queries = browser_sessions_queries,
	.authenticate = cookie_authenticate,
	.cookies = &cookies,
	.settings = settings_rows,
};
