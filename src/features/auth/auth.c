/* Sign-in: field rows of bodies and responses, feature row. */
#include "auth_priv.h"

#include "app/password.h"
#include "app/settings.h"

#define EMAIL_EXAMPLE    "ada@example.com"
#define PASSWORD_EXAMPLE "correct horse battery staple"
#define REFRESH_EXAMPLE  "kJ2nXq0v7yq3mZ0cR8sH5tWbA1dEfGuLp9oIxYzTnVw"

enum { SECRET = F_CREATE | F_REQUIRED | F_SECRET };

static const struct field registration_fields[] = {
	{ EMAIL(struct registration, email), .flags = F_CREATE | F_REQUIRED,
	  .summary = "E-mail address; unique, compared case-insensitively.",
	  .example = EMAIL_EXAMPLE },
	{ TEXT(struct registration, password), .flags = SECRET,
	  .min_setting = &settings.password_min_length, .max = PASSWORD_MAX,
	  .summary =
	      "Password; must not be the e-mail address or a common password. " PASSWORD_LIMITS ".",
	  .example = PASSWORD_EXAMPLE },
	{ TEXT(struct registration, full_name), .flags = F_CREATE | F_NULLABLE, .min = 1,
	  .max = 200, .summary = "Display name.", .example = "Ada Lovelace" },
};
const struct schema registration_schema =
    SCHEMA("Registration", struct registration, registration_fields);

static const struct field credentials_fields[] = {
	{ EMAIL(struct credentials, email), .flags = F_CREATE | F_REQUIRED,
	  .summary = "E-mail address.", .example = EMAIL_EXAMPLE },
	{ TEXT(struct credentials, password), .flags = SECRET, .summary = "Password.",
	  .example = PASSWORD_EXAMPLE },
	{ BOOL(struct credentials, cookie), .flags = F_CREATE, .enabled = &settings.auth_cookie,
	  .default_value = "false",
	  .summary = "`true`: the response is the user and sets a cookie, without tokens.",
	  .example = "false" },
};
const struct schema credentials_schema =
    SCHEMA("Credentials", struct credentials, credentials_fields);

/* The forms of RFC 6749, sections 4.3.2 and 6. */
static const char *const login_grants[] = { "password", NULL };
static const char *const token_grants[] = { "password", "refresh_token", NULL };

bool
grant_is_refresh(const void *credentials)
{
	const struct credentials *in = credentials;

	return in && in->grant_type && strcmp(in->grant_type, "refresh_token") == 0;
}

/* OAuth clients may send parameters of their own, which must be ignored (RFC 6749, 3.2). */
static bool
names_grant(const void *credentials)
{
	return ((const struct credentials *)credentials)->grant_type;
}

static bool
grant_is_password(const void *credentials)
{
	return !grant_is_refresh(credentials);
}

#define USERNAME                                                                                   \
	.name = "username", .type = TYPE_EMAIL, .offset = offsetof(struct credentials, email),     \
	.summary = "E-mail address.", .example = EMAIL_EXAMPLE
#define PASSWORD                                                                                   \
	TEXT(struct credentials, password), .summary = "Password.", .example = PASSWORD_EXAMPLE
#define IGNORED .summary = "Ignored.", .example = ""

static const struct field form_fields[] = {
	{ USERNAME, .flags = F_CREATE | F_REQUIRED },
	{ PASSWORD, .flags = SECRET },
	{ ENUM(struct credentials, grant_type), .flags = F_CREATE, .choices = login_grants,
	  .summary = "Optional." },
	{ TEXT(struct credentials, scope), .flags = F_CREATE, IGNORED },
	{ TEXT(struct credentials, client_id), .flags = F_CREATE, IGNORED },
	{ TEXT(struct credentials, client_secret), .flags = F_CREATE | F_SECRET, IGNORED },
};
const struct schema credentials_form = SCHEMA("CredentialsForm", struct credentials, form_fields);

static const struct field token_form_fields[] = {
	{ ENUM(struct credentials, grant_type), .flags = F_CREATE, .choices = token_grants,
	  .summary = "Grant type; `password` if omitted." },
	{ USERNAME, .flags = F_CREATE, .required_if = grant_is_password },
	{ PASSWORD, .flags = F_CREATE | F_SECRET, .required_if = grant_is_password },
	{ TEXT(struct credentials, refresh_token), .flags = F_CREATE | F_SECRET,
	  .required_if = grant_is_refresh,
	  .summary = "Refresh token of the last response, for grant type `refresh_token`.",
	  .example = REFRESH_EXAMPLE },
	{ TEXT(struct credentials, scope), .flags = F_CREATE, IGNORED },
	{ TEXT(struct credentials, client_id), .flags = F_CREATE, IGNORED },
	{ TEXT(struct credentials, client_secret), .flags = F_CREATE | F_SECRET, IGNORED },
};
const struct schema token_form = {
	.name = "TokenForm",
	.size = sizeof(struct credentials),
	.fields = token_form_fields,
	.nfields = COUNT(token_form_fields),
	.ignores_unknown = names_grant,
};

static const struct field refresh_fields[] = {
	{ TEXT(struct refresh, refresh_token), .flags = SECRET,
	  .summary = "Refresh token of the last response.", .example = REFRESH_EXAMPLE },
};
const struct schema refresh_schema = SCHEMA("Refresh", struct refresh, refresh_fields);

static const struct field confirmation_fields[] = {
	{ TEXT(struct confirmation, password), .flags = SECRET, .summary = "Current password.",
	  .example = PASSWORD_EXAMPLE },
};
const struct schema confirmation_schema =
    SCHEMA("Confirmation", struct confirmation, confirmation_fields);

static const struct field tokens_fields[] = {
	{ TEXT(struct tokens, access_token), .flags = F_READ,
	  .summary = "Access token, sent as `Authorization: Bearer …`.",
	  .example = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTkzIn0.c2lnbmF0dXJl" },
	{ TEXT(struct tokens, refresh_token), .flags = F_READ,
	  .summary = "Refresh token, for a single use.", .example = REFRESH_EXAMPLE },
	{ TEXT(struct tokens, token_type), .flags = F_READ, .summary = "Always `bearer`.",
	  .example = "bearer" },
	{ INT(struct tokens, expires_in), .flags = F_READ,
	  .summary = "Seconds until the access token expires.", .example = "900" },
	{ INT(struct tokens, refresh_expires_in), .flags = F_READ,
	  .summary = "Seconds until the refresh token expires.", .example = "2592000" },
};
const struct schema tokens_schema = SCHEMA("Tokens", struct tokens, tokens_fields);

static const struct field refresh_state_fields[] = {
	{ UUID(struct refresh_state, session_id) }, { UUID(struct refresh_state, user_id) },
	{ TEXT(struct refresh_state, role) },       { BOOL(struct refresh_state, live) },
	{ BOOL(struct refresh_state, revoked) },    { BOOL(struct refresh_state, spent) },
	{ BOOL(struct refresh_state, in_grace) },
};
const struct schema refresh_state_schema =
    SCHEMA("RefreshState", struct refresh_state, refresh_state_fields);

static const struct field session_life_fields[] = {
	{ UUID(struct session_life, session_id) },
	{ INT(struct session_life, expires_in) },
};
const struct schema session_life_schema =
    SCHEMA("SessionLife", struct session_life, session_life_fields);

static const struct field session_ref_fields[] = {
	{ UUID(struct session_ref, session_id) },
	{ UUID(struct session_ref, user_id) },
};
const struct schema session_ref_schema =
    SCHEMA("SessionRef", struct session_ref, session_ref_fields);

static const struct field session_access_fields[] = {
	{ TEXT(struct session_access, role) },
	{ INT(struct session_access, confirmed) },
};
const struct schema session_access_schema =
    SCHEMA("SessionAccess", struct session_access, session_access_fields);

struct auth_settings auth_settings;

static const struct setting settings_rows[] = {
#define SETTING(...) SETTING_ROW(auth_settings, __VA_ARGS__)
#include "features/auth/auth_settings.def"
#undef SETTING
	{ 0 },
};

const struct feature auth_feature = {
	.name = "auth",
	.tag = "Sign-in",
	.summary = "Registration, sign-in, sessions and passwords.",
	.routes = auth_routes,
	.commands = auth_commands,
	.queries = auth_queries,
	.authenticate = auth_authenticate,
	.settings = settings_rows,
};
