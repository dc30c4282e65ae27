/* Settings: precedence of sources, every kind of error, and that no secret is printed. */
#include <criterion/criterion.h>

#include "support/test_app.h"

#include "features/auth/auth.h"
#include "features/sessions/sessions.h"

#include "app/command.h"
#include "app/settings.h"

#include <sys/stat.h>

static struct arena *a;
static char folder[] = "/tmp/settings-XXXXXX";

/* Each test has an empty environment and its own working directory, so no other .env is read. */
static void
begin(void)
{
	clearenv();
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	a = arena_new(256 << 20);
}

static void
end(void)
{
	arena_free(a);
	unlink(".env");
	unlink("other.env");
	unlink("secret");
	unlink("JWT_SECRET_KEY");
	cr_assert_eq(chdir("/"), 0);
	cr_expect_eq(rmdir(folder), 0);
}

TestSuite(settings, .init = begin, .fini = end);

#define KEY        "0123456789abcdef0123456789abcdef"
#define RANDOM_KEY "7c1d3f0be28a94665a0fb7c2d9e413886bf25c70a1de4938f6e0257b91c8ad34"

static void
set_required(void)
{
	setenv("DATABASE_URL", "host=/nowhere", 1);
	setenv("JWT_SECRET_KEY", KEY, 1);
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *
load(const char *env_file, bool complete)
{
	return settings_load(a, cli_feature_settings(a, test_app()), env_file, complete);
}

static void
expect_good(void)
{
	const char *err = load(NULL, true);

	cr_assert_null(err, "%s", err);
}

/* Sets one more setting and returns the errors, or NULL. */
static const char *
error_with(const char *name, const char *value)
{
	setenv(name, value, 1);
	return load(NULL, true);
}

static void
expect_part(const char *text, const char *part)
{
	cr_assert_not_null(text, "no error was reported, but %s was expected", part);
	cr_expect_not_null(strstr(text, part), "'%s' is not in: %s", part, text);
}

static size_t
lines_of(const char *text)
{
	size_t n = 0;

	for (; text && *text; text++)
		n += *text == '\n';
	return n;
}

Test(settings, an_earlier_source_of_database_url_replaces_migrate_database_url)
{
	write_file(".env", "DATABASE_URL=host=/a\nMIGRATE_DATABASE_URL=host=/a user=owner\n");
	setenv("JWT_SECRET_KEY", KEY, 1);
	expect_good();
	cr_expect_str_eq(settings.migrate_database_url, "host=/a user=owner");

	setenv("DATABASE_URL", "host=/b", 1);
	expect_good();
	cr_expect_str_eq(settings.database_url, "host=/b");
	cr_expect_str_eq(settings.migrate_database_url, "");

	setenv("MIGRATE_DATABASE_URL", "host=/b user=owner", 1);
	expect_good();
	cr_expect_str_eq(settings.migrate_database_url, "host=/b user=owner");
	unsetenv("MIGRATE_DATABASE_URL");

	unsetenv("DATABASE_URL");
	write_file("secret", "host=/c\n");
	setenv("DATABASE_URL_FILE", "secret", 1);
	expect_good();
	cr_expect_str_eq(settings.database_url, "host=/c");
	cr_expect_str_eq(settings.migrate_database_url, "");
}

Test(settings, a_credential_has_precedence_over_a_file_named_in_env)
{
	set_required();
	unsetenv("JWT_SECRET_KEY");
	write_file(".env", "JWT_SECRET_KEY_FILE=secret\n");
	write_file("secret", KEY "\n");
	expect_good();
	cr_expect_str_eq(settings.jwt_secret_key, KEY);
	write_file("JWT_SECRET_KEY", RANDOM_KEY "\n");
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	expect_good();
	cr_expect_str_eq(settings.jwt_secret_key, RANDOM_KEY);
}

Test(settings, defaults)
{
	set_required();
	expect_good();
	cr_expect_str_eq(settings.app_name, PACKAGE_NAME);
	cr_expect_str_eq(settings.environment, "development");
	cr_expect_str_eq(settings.api_prefix, "/api/v1");
	cr_expect_eq(settings.max_body_bytes, 1048576);
	cr_expect_eq(settings.access_token_expire_minutes, 15);
	cr_expect_eq(sessions_settings.expire_days, 30);
	cr_expect_eq(settings.clock_skew_seconds, 30);
	cr_expect_eq(sessions_settings.reuse_grace_seconds, 10);
	cr_expect_eq(settings.session_cache_seconds, 5);
	cr_expect_eq(settings.password_min_length, 8);
	cr_expect_eq(settings.password_yescrypt_cost, 6);
	cr_expect_str_eq(settings.jwt_algorithm, "HS256");
	cr_expect(settings.db_prepared);
	cr_expect_not(settings_production());
}

Test(settings, the_environment_is_read)
{
	set_required();
	setenv("JWT_SECRET_KEY", RANDOM_KEY, 1);
	setenv("APP_NAME", "Shop", 1);
	setenv("API_PREFIX", "", 1);
	setenv("WORKERS", "3", 1);
	setenv("DB_PREPARED", "No", 1);
	setenv("ENVIRONMENT", "production", 1);
	expect_good();
	cr_expect_str_eq(settings.app_name, "Shop");
	cr_expect_str_eq(settings.api_prefix, "");
	cr_expect_eq(settings.workers, 3);
	cr_expect_not(settings.db_prepared);
	cr_expect(settings_production());
	cr_expect_str_eq(settings.database_url, "host=/nowhere");
	cr_expect_str_eq(settings.jwt_secret_key, RANDOM_KEY);
}

Test(settings, all_errors_are_reported_at_once)
{
	const char *err;

	setenv("DATABASE_URL", "host=/nowhere", 1);
	setenv("JWT_SECRET_KEY", "too short", 1);
	setenv("WORKERS", "many", 1);
	setenv("LOG_LEVEL", "loud", 1);
	setenv("DB_PREPARED", "perhaps", 1);
	setenv("API_PREFIX", "api", 1);
	setenv("PASSWORD_YESCRYPT_COST", "12", 1);
	err = load(NULL, true);
	cr_expect_eq(lines_of(err), 6, "%s", err);
	expect_part(err, "JWT_SECRET_KEY: must have 32 to 1000 bytes\n");
	expect_part(err, "WORKERS=many: must be a whole number from 0 to 1000\n");
	expect_part(err, "LOG_LEVEL=loud: must be one of debug,info,warn,error\n");
	expect_part(err, "DB_PREPARED=perhaps: must be on or off\n");
	expect_part(err, "API_PREFIX=api: must be empty or begin with a slash");
	expect_part(err, "PASSWORD_YESCRYPT_COST=12: must be a whole number from 1 to 11\n");
	cr_expect_null(strstr(err, "too short"), "a secret is shown: %s", err);
}

Test(settings, origins_are_as_browsers_send_them)
{
	static const char *const good[] = {
		"*",
		"",
		"https://app.example.com",
		"http://localhost:3000,https://a.example",
		"[\"https://a.example\", \"http://127.0.0.1:8080\"]",
		"capacitor://localhost",
		"chrome-extension://abcdef",
		"https://xn--bcher-kva.example",
		"https://a.example:65535",
		"https://a.example:8443",
		"https://a.example:1",
	};
	static const char *const bad[] = {
		"https://app.example.com/",
		"https://app.example.com/x",
		"app.example.com",
		"//app.example.com",
		"https://",
		"https://App.example.com",
		"HTTPS://a.example",
		"https://*.example.com",
		"https://a.example:",
		"https://a.example:x",
		"https://a.example:443",
		"http://a.example:80",
		"https://a.example:123456",
		"https://a.example:65536",
		"https://a.example:0",
		"https://a.example:08443",
		"https://u@a.example",
		"https://a.example?x",
		"null",
		"https://a.example,*",
		"*,*",
		"https://b\xc3\xbc.example",
		"http://[::1]:3000",
		"://a",
	};

	set_required();
	for (size_t i = 0; i < COUNT(good); i++) {
		const char *err;

		setenv("CORS_ORIGINS", good[i], 1);
		err = load(NULL, true);
		cr_expect_null(err, "%s: %s", good[i], err);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *err;

		setenv("CORS_ORIGINS", bad[i], 1);
		err = load(NULL, true);
		cr_expect(err && strstr(err, "CORS_ORIGINS="), "%s is accepted", bad[i]);
	}
	setenv("CORS_ORIGINS", "https://a.example,b.example/", 1);
	expect_part(load(NULL, true), "CORS_ORIGINS=b.example/: must be origins");
}

static const char *
origins(const char *environment, const char *value)
{
	set_required();
	setenv("JWT_SECRET_KEY", "7c1d3f0be28a94665a0fb7c2d9e413886bf25c70a1de4938f6e0257b91c8ad3f",
	       1);
	setenv("ENVIRONMENT", environment, 1);
	if (value)
		setenv("CORS_ORIGINS", value, 1);
	else
		unsetenv("CORS_ORIGINS");
	cr_assert_null(load(NULL, true), "%s", environment);
	return settings.cors_origins[0]
		   ? arena_printf(a, "%s %s", settings.cors_origins[0], settings.cors_origins[1])
		   : "";
}

Test(settings, development_allows_the_usual_origins)
{
	cr_expect_str_eq(origins("development", NULL),
			 "http://localhost:3000 http://localhost:5173");
	cr_expect_str_eq(origins("development", ""), "");
	cr_expect_str_eq(origins("test", NULL), "");
	cr_expect_str_eq(origins("production", NULL), "");
}

Test(settings, required_settings_must_be_set)
{
	const char *err = load(NULL, true);

	cr_expect_eq(lines_of(err), 2, "%s", err);
	expect_part(err, "DATABASE_URL: must be set");
	expect_part(err, "JWT_SECRET_KEY: must be set");
}

Test(settings, an_empty_required_setting_is_missing)
{
	setenv("DATABASE_URL", "", 1);
	expect_part(error_with("JWT_SECRET_KEY", KEY), "DATABASE_URL: must be set");
}

Test(settings, required_settings_may_be_missing_for_some_commands)
{
	cr_expect_null(load(NULL, false));
	cr_expect_str_eq(settings.database_url, "");
	cr_expect_str_eq(settings.jwt_secret_key, "");
}

Test(settings, these_commands_report_invalid_settings_too)
{
	setenv("WORKERS", "-1", 1);
	expect_part(load(NULL, false), "WORKERS=-1");
}

Test(settings, numbers)
{
	static const char *const bad[] = {
		"1001", "-1",  "1.5", "1e2", "0x10", "5 ", "five", "99999999999999999999",
		"5\n",  "--5",
	};

	set_required();
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_part(error_with("WORKERS", bad[i]), "WORKERS=");
	cr_expect_null(error_with("WORKERS", "1000"));
	cr_expect_eq(settings.workers, 1000);
	cr_expect_null(error_with("WORKERS", "0"));
	cr_expect_null(error_with("WORKERS", ""), "empty is the default");
	cr_expect_eq(settings.workers, 0);
}

Test(settings, booleans)
{
	static const char *const on[] = { "on", "ON", "yes", "true", "True", "1" };
	static const char *const off[] = { "off", "no", "false", "FALSE", "0" };

	set_required();
	for (size_t i = 0; i < COUNT(on); i++) {
		cr_expect_null(error_with("DB_PREPARED", on[i]));
		cr_expect(settings.db_prepared, "%s", on[i]);
	}
	for (size_t i = 0; i < COUNT(off); i++) {
		cr_expect_null(error_with("DB_PREPARED", off[i]));
		cr_expect_not(settings.db_prepared, "%s", off[i]);
	}
	expect_part(error_with("DB_PREPARED", "2"), "DB_PREPARED=2: must be on or off");
}

Test(settings, choices_must_match_exactly)
{
	static const char *const bad[] = { "warning", "war", "info,warn", ",", "INFO", " info" };

	set_required();
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_part(error_with("LOG_LEVEL", bad[i]), "must be one of");
	cr_expect_null(error_with("LOG_LEVEL", "error"));
	cr_expect_str_eq(settings.log_level, "error");
}

Test(settings, rates)
{
	static const char *const bad[] = { "5",         "5/minutes",
					   "0/minute",  "-1/minute",
					   "5 /minute", "/minute",
					   "5/",        "5/minute ",
					   " 5/minute", "1000001/day",
					   "five",      "5.5/hour",
					   "+5/hour",   "99999999999999999999/hour" };

	set_required();
	expect_good();
	cr_expect_eq(auth_settings.login_rate_limit.n, 5);
	cr_expect_eq(auth_settings.login_rate_limit.seconds, 60);
	cr_expect_eq(settings.rate_limit.n, 600);
	cr_expect_eq(settings.rate_limit.seconds, 60);
	setenv("AUTH_REGISTER_RATE_LIMIT", "3/day", 1);
	setenv("AUTH_REFRESH_RATE_LIMIT", "Off", 1);
	setenv("RATE_LIMIT", "1000000/second", 1);
	expect_good();
	cr_expect_eq(auth_settings.register_rate_limit.n, 3);
	cr_expect_eq(auth_settings.register_rate_limit.seconds, 86400);
	cr_expect_eq(auth_settings.refresh_rate_limit.n, 0);
	cr_expect_str_eq(rate_text(a, settings.rate_limit), "1000000/second");
	cr_expect_str_eq(rate_text(a, auth_settings.refresh_rate_limit), "off");
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *err = error_with("RATE_LIMIT", bad[i]);

		expect_part(err, arena_printf(a, "RATE_LIMIT=%s: must be N/second", bad[i]));
		cr_expect_eq(lines_of(err), 1, "%s", err);
	}
}

Test(settings, prefixes)
{
	static const char *const bad[] = { "api",  "/api/", "/",    "//api", "/a//b",
					   "/a b", "/a?b",  "/a#b", "/{id}", "/a%20b" };

	set_required();
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_part(error_with("API_PREFIX", bad[i]), "API_PREFIX=");
	cr_expect_null(error_with("API_PREFIX", "/v2"));
	cr_expect_null(error_with("API_PREFIX", "/a/b/c"));
}

Test(settings, a_secret_is_read_from_a_file)
{
	set_required();
	unsetenv("JWT_SECRET_KEY");
	write_file("secret", "from-a-file-0123456789abcdef0123456789 \r\n\n");
	setenv("JWT_SECRET_KEY_FILE", "secret", 1);
	expect_good();
	cr_expect_str_eq(settings.jwt_secret_key, "from-a-file-0123456789abcdef0123456789");
}

Test(settings, the_environment_has_precedence_over_a_file)
{
	set_required();
	write_file("secret", "from-a-file-0123456789abcdef0123456789");
	setenv("JWT_SECRET_KEY_FILE", "secret", 1);
	expect_good();
	cr_expect_str_eq(settings.jwt_secret_key, KEY);
}

Test(settings, an_unreadable_file_is_reported)
{
	set_required();
	unsetenv("JWT_SECRET_KEY");
	expect_part(error_with("JWT_SECRET_KEY_FILE", "nowhere"),
		    "JWT_SECRET_KEY_FILE: cannot read nowhere: No such file or directory\n");
}

Test(settings, a_short_secret_in_a_file_is_not_shown)
{
	const char *err;

	set_required();
	unsetenv("JWT_SECRET_KEY");
	write_file("secret", "hush\n");
	err = error_with("JWT_SECRET_KEY_FILE", "secret");
	expect_part(err, "JWT_SECRET_KEY: must have");
	cr_expect_null(strstr(err, "hush"));
}

Test(settings, a_systemd_credential)
{
	set_required();
	unsetenv("JWT_SECRET_KEY");
	write_file("JWT_SECRET_KEY", "from-a-credential-0123456789abcdef\n");
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	expect_good();
	cr_expect_str_eq(settings.jwt_secret_key, "from-a-credential-0123456789abcdef");
	cr_expect_eq(settings.workers, 0, "a setting without a credential has its default");
}

Test(settings, an_env_file)
{
	write_file(".env", "# a comment\n"
			   "DATABASE_URL=host=/run/x dbname=y\n"
			   "\n"
			   "export JWT_SECRET_KEY='" KEY " #$\"'\n"
			   "  APP_NAME=\"My 'shop'\"\r\n"
			   "WORKERS=1\n"
			   "WORKERS=2\n"
			   "XLOG_LEVEL=error\n"
			   "LOG_LEVELX=error\n"
			   "#LOG_FORMAT=text\n"
			   "LISTEN=\n"
			   "JWT_ISSUER=\"\n"
			   "JWT_AUDIENCE=a=b");
	expect_good();
	cr_expect_str_eq(settings.database_url, "host=/run/x dbname=y");
	cr_expect_str_eq(settings.jwt_secret_key, KEY " #$\"");
	cr_expect_str_eq(settings.app_name, "My 'shop'");
	cr_expect_eq(settings.workers, 2, "the last one counts");
	cr_expect_str_eq(settings.log_level, "info");
	cr_expect_str_eq(settings.log_format, "auto");
	cr_expect_str_eq(settings.listen, "");
	cr_expect_str_eq(settings.jwt_issuer, "\"");
	cr_expect_str_eq(settings.jwt_audience, "a=b");
}

Test(settings, the_environment_has_precedence_over_the_env_file)
{
	set_required();
	write_file(".env", "WORKERS=2\nLOG_LEVEL=warn\n");
	setenv("WORKERS", "7", 1);
	expect_good();
	cr_expect_eq(settings.workers, 7);
	cr_expect_str_eq(settings.log_level, "warn");
}

Test(settings, an_env_file_may_name_a_secret_file)
{
	set_required();
	unsetenv("JWT_SECRET_KEY");
	write_file("secret", KEY "-file\n");
	write_file(".env", "JWT_SECRET_KEY_FILE=secret\n");
	expect_good();
	cr_expect_str_eq(settings.jwt_secret_key, KEY "-file");
}

Test(settings, an_env_file_with_another_name)
{
	set_required();
	write_file(".env", "WORKERS=2\n");
	write_file("other.env", "WORKERS=3\n");
	setenv("ENV_FILE", "other.env", 1);
	expect_good();
	cr_expect_eq(settings.workers, 3);
	cr_expect_null(load(".env", true));
	cr_expect_eq(settings.workers, 2);
}

Test(settings, a_named_env_file_must_exist)
{
	set_required();
	expect_part(error_with("ENV_FILE", "nowhere.env"), "cannot read nowhere.env");
}

Test(settings, an_env_file_that_is_too_long_is_not_read_in_part)
{
	FILE *f = fopen(".env", "w");

	set_required();
	for (int i = 0; i < 20000; i++)
		fputs("# much\n", f);
	fputs("WORKERS=5\n", f);
	fclose(f);
	expect_part(load(NULL, true), "cannot read .env: File too large");
}

Test(settings, production_accepts_only_random_keys)
{
	static const char *const good[] = {
		RANDOM_KEY,
		"7C1D3F0BE28A94665A0FB7C2D9E413886BF25C70A1DE4938F6E0257B91C8AD34",
		"fMu0Wm2gYkq7Qe0T9r1XcZ5hN3vJpL8sUdBaKxEoRw4=",
		"fMu0Wm2gYkq7Qe0T9r1XcZ5hN3vJpL8sUdBaKxEoRw4",
		"fMu0Wm2_Ykq7Qe0T9r1XcZ5hN3vJ-L8sUdBaKxEoRw4",
		RANDOM_KEY RANDOM_KEY,
	};
	static const char *const bad[] = {
		KEY KEY,
		"change-me-change-me-change-me-change-me-change-me",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"abababababababababababababababababababababababababababababababab",
		"deadbeefcafebabedeadbeefcafebabedeadbeefcafebabedeadbeefcafebabe",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
		"correcthorsebatterystaplecorrecthorsebatterystaple",
		"CorrectHorseBatteryStapleSummerWinterAutumnSpring",
		"thequickbrownfoxjumpsoverthelazydogandrunsawayagain",
		"correct-horse-battery-staple-summer-winter-autumn",
		"correct horse battery staple summer winter autumn",
		/* Base64 of text. */
		"dGhpc2lzYXNlY3JldHRoYXRpc3Zlcnlsb25naW5kZWVk",
		"ZmFzdGFwaSBzZWNyZXQga2V5IGNoYW5nZSBtZSBub3c=",
		"5f2c9a7e1b8d4036",
		"7c1d3f0be28a94665a0fb7c2d9e413886bf25c70a1de4938f6e0257b91c8ad3",
	};

	set_required();
	setenv("ENVIRONMENT", "production", 1);
	for (size_t i = 0; i < COUNT(good); i++) {
		const char *err = error_with("JWT_SECRET_KEY", good[i]);

		cr_expect_null(err, "%s: %s", good[i], err);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_part(error_with("JWT_SECRET_KEY", bad[i]), "JWT_SECRET_KEY: ");
	expect_part(error_with("JWT_SECRET_KEY", KEY),
		    "JWT_SECRET_KEY: production needs a random key of 32 bytes or more, in hex or "
		    "base64: openssl rand -hex 32\n");
	setenv("JWT_SECRET_KEY", RANDOM_KEY, 1);
	expect_part(error_with("JWT_PREVIOUS_SECRET_KEY", KEY), "JWT_PREVIOUS_SECRET_KEY: prod");
}

/* Not only the fixed ones. */
Test(settings, production_accepts_every_random_key)
{
	set_required();
	setenv("ENVIRONMENT", "production", 1);
	for (int i = 0; i < 1000; i++) {
		unsigned char bytes[32];
		char hex[65];

		cr_assert_eq(getentropy(bytes, sizeof(bytes)), 0);
		for (size_t j = 0; j < sizeof(bytes); j++)
			snprintf(hex + 2 * j, 3, "%02x", bytes[j]);
		setenv("JWT_SECRET_KEY", hex, 1);
		cr_assert_null(load(NULL, true), "%s", hex);
	}
}

static const char *
error_in_production(const char *env_file)
{
	write_file(".env", arena_printf(a, "ENVIRONMENT=production\n%s", env_file));
	chmod(".env", 0600);
	return load(NULL, true);
}

/* Each line that sets nothing is reported by its number, and production does not start. */
Test(settings, lines_without_effect_are_reported)
{
	static const struct {
		const char *line, *warning;
	} rows[] = {
		{ "JWT_SECRETKEY=x", "unknown setting JWT_SECRETKEY in .env line 2 (did you mean "
				     "JWT_SECRET_KEY?)\n" },
		{ "WORKER=1", "unknown setting WORKER in .env line 2 (did you mean WORKERS?)\n" },
		{ "log_level=warn", "unknown setting in .env line 2 (did you mean LOG_LEVEL?)\n" },
		{ "JWT_SECRETKEY_FILE=x",
		  "unknown setting JWT_SECRETKEY_FILE in .env line 2 (did you mean "
		  "JWT_SECRET_KEY_FILE?)\n" },
		{ "JWT_PREVIOUS_ALGORITHM=same",
		  "unknown setting JWT_PREVIOUS_ALGORITHM in .env line 2" },
		{ "COLOUR=red", "unknown setting COLOUR in .env line 2\n" },
		{ "q83vEjRWabcdef==", "unknown setting in .env line 2\n" },
		{ "WORKERS = 3", ".env line 2 has no effect: write NAME=value, without spaces" },
		{ "WORKERS: 3", ".env line 2 has no effect: write NAME=value" },
		{ "WORKERS 3", ".env line 2 has no effect: write NAME=value" },
		{ "export WORKERS", ".env line 2 has no effect: write NAME=value" },
		{ "= 3", ".env line 2 has no effect: write NAME=value" },
		{ "WORKERS=3\nWORKERS=4",
		  "WORKERS in .env line 2 has no effect: line 3 sets it again\n" },
	};

	set_required();
	setenv("JWT_SECRET_KEY", RANDOM_KEY, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_file(".env", arena_printf(a, "LOG_LEVEL=info\n%s\n", rows[i].line));
		expect_good();
		expect_part(settings_warnings(), rows[i].warning);
		cr_expect_eq(lines_of(settings_warnings()), 1, "%s", settings_warnings());
		expect_part(error_in_production(rows[i].line), rows[i].warning);
		cr_expect_null(load(NULL, false), "commands that need no complete settings");
	}
}

Test(settings, lines_with_an_effect_are_not_reported)
{
	set_required();
	setenv("JWT_SECRET_KEY", RANDOM_KEY, 1);
	cr_expect_null(error_in_production("# a comment\n \t\n\t# another = one\r\n"
					   "export WORKERS=3\r\nexport\tLOG_LEVEL=warn\n"
					   "DATABASE_URL_FILE=/dev/null\nJOB_QUEUES=\nAPP_NAME=\n"
					   "JWT_ISSUER='a #b'\nPORT=1\nSERVER=apache\n"
					   "POSTGRES_PASSWORD=x\nCOMPOSE_PROJECT_NAME=y\n"));
	cr_expect_str_eq(settings_warnings(), "");
	cr_expect_str_eq(settings.jwt_issuer, "a #b");
	cr_expect_eq(settings.workers, 3);
	cr_expect_str_eq(settings.log_level, "warn");
}

Test(settings, a_misspelt_name_is_reported_with_the_missing_one)
{
	const char *err;

	write_file(".env", "JWT_SECRETKEY=" KEY "\nDATABASE_URL=host=x\n");
	err = load(NULL, true);
	expect_part(err, "JWT_SECRET_KEY: must be set");
	expect_part(err,
		    "unknown setting JWT_SECRETKEY in .env line 1 (did you mean JWT_SECRET_KEY?)");
}

Test(settings, comments_after_a_value_and_open_quotes_are_reported)
{
	set_required();
	setenv("JWT_SECRET_KEY", RANDOM_KEY, 1);
	cr_expect_null(error_in_production("APP_NAME=shop # live\nJWT_ISSUER=\"x"));
	cr_expect_str_eq(settings_warnings(),
			 "APP_NAME in .env line 2 has a # in its value: put the comment on a "
			 "separate line, or the value in quotes\n"
			 "JWT_ISSUER in .env line 3 begins with a quote that is not closed\n");
	cr_expect_str_eq(settings.app_name, "shop # live");
}

Test(settings, a_byte_order_mark_is_skipped)
{
	write_file(".env", "\xef\xbb\xbf"
			   "APP_NAME=shop\nDATABASE_URL=host=x\n"
			   "JWT_SECRET_KEY=" KEY);
	expect_good();
	cr_expect_str_eq(settings.app_name, "shop");
	cr_expect_str_eq(settings_warnings(), "");
}

Test(settings, utf16_is_rejected)
{
	FILE *f = fopen(".env", "w");

	set_required();
	fwrite("\xff\xfeW\0=\0", 1, 6, f);
	fclose(f);
	expect_part(load(NULL, true), "cannot read .env: it is not UTF-8 text\n");
}

Test(settings, a_similar_name_in_the_environment_is_reported)
{
	set_required();
	setenv("ENVIRONMENT", "production", 1);
	setenv("JWT_SECRET_KEY", RANDOM_KEY, 1);
	setenv("DATABASE_URI", "x", 1);
	setenv("HOSTNAME", "x", 1);
	setenv("MAILDIR", "x", 1);
	setenv("LISTEN_PID", "1", 1);
	expect_good();
	cr_expect_str_eq(
	    settings_warnings(),
	    "unknown setting DATABASE_URI in the environment (did you mean DATABASE_URL?)\n");
}

Test(settings, production_rejects_a_world_readable_file_with_secrets)
{
	static const char fault[] =
	    ".env: every user of this host can read its secrets: chmod 600 .env\n";

	set_required();
	setenv("JWT_SECRET_KEY", RANDOM_KEY, 1);
	cr_expect_null(error_in_production("DATABASE_URL=host=x"));
	chmod(".env", 0640);
	cr_expect_null(load(NULL, true), "readable by a group");
	chmod(".env", 0644);
	expect_part(load(NULL, true), fault);
	cr_expect_null(load(NULL, false));
	setenv("ENVIRONMENT", "development", 1);
	cr_expect_null(load(NULL, true));
	unsetenv("ENVIRONMENT");
	cr_expect_null(error_in_production("WORKERS=3\nDATABASE_URL=\n"));
	chmod(".env", 0644);
	cr_expect_null(load(NULL, true), "the file has no secret");
}

/* Invalid values for each kind, and the message about them. A kind without one fails the test. */
static const struct {
	enum setting_kind kind;
	const char *value, *message;
} invalid_values[] = {
	{ KIND_INT, "-1", "must be " },
	{ KIND_INT, "12x", "must be " },
	{ KIND_BOOL, "maybe", "must be on or off" },
	{ KIND_CHOICE, "neither", "must be one of " },
	{ KIND_RATE, "5 a minute", "must be N/second" },
	{ KIND_TEXT, "a\nb", "must be one line of UTF-8" },
	{ KIND_TEXT, "a\xff", "must be one line of UTF-8" },
	{ KIND_KEY, "short", "must have 32 to 1000 bytes" },
	{ KIND_PATH, "/run/", "must be the path of a file" },
	{ KIND_FOLDER, "/nowhere/at/all", "must be an existing folder" },
	{ KIND_FOLDER, "/dev/null", "must be a folder" },
	{ KIND_DOMAIN, ".example.com", "must be a domain, such as" },
	{ KIND_DOMAIN, "example.com; Path=/x", "must be a domain, such as" },
	{ KIND_DOMAIN, "https://example.com", "must be a domain, such as" },
	{ KIND_EMAIL, "not-an-email", "must be an e-mail address, such as" },
	{ KIND_EMAIL, "a@b", "must be an e-mail address, such as" },
	{ KIND_EMAIL, "Shop <a@example.com>", "must be an e-mail address, such as" },
	{ KIND_PREFIX, "api/", "must be empty or begin with a slash" },
	{ KIND_PREFIX, "/api/..", "must be empty or begin with a slash" },
	{ KIND_URL, "app.example.com", "must be a URL, such as https://app.example.com" },
	{ KIND_URL, "ftp://app.example.com", "has the unknown scheme ftp: write https://" },
	{ KIND_URL, "https://app.example.com/", "must not end with a slash" },
	{ KIND_URL, "https://app.example.com:web", "has a port that is not a number" },
	{ KIND_URL, "https://a b", "has a space" },
	{ KIND_URL, "https://", "has no host" },
	{ KIND_URL, "https://-a", "has an invalid host name" },
	{ KIND_URL, "https://a?x", "must have no parameters" },
	{ KIND_URL, "https://a#x", "has a #" },
	{ KIND_URL, "https://u@a", "must have no user" },
	{ KIND_DATABASE, "localhost", "must be a URL, such as postgresql://" },
	{ KIND_DATABASE, "postgresql+asyncpg://hush@h/d",
	  "has the unknown scheme postgresql+asyncpg: write postgresql://" },
	{ KIND_DATABASE, "mysql://hush@h/d", "has the unknown scheme mysql: write postgresql://" },
	{ KIND_DATABASE, "postgresql://u:hush@x@h/d", "has an @ in the user name or password" },
	{ KIND_DATABASE, "postgresql://u:hush%@h/d", "has a % without two hexadecimal digits" },
	{ KIND_DATABASE, "postgresql://u:hush%zz@h/d", "has a % without two hexadecimal digits" },
	{ KIND_DATABASE, "postgresql://u:hush/x@h/d", "has a port that is not a number" },
	{ KIND_DATABASE, "postgresql://u:hush@h:99999/d", "has a port that is not a number" },
	{ KIND_DATABASE, "postgresql://u:hush@h/d?schema=public",
	  "has the unknown parameter schema: set DB_SCHEMA" },
	{ KIND_DATABASE, "postgresql://u:hush@h/d?sslmode=require&pgbouncer=true",
	  "has the unknown parameter pgbouncer: set DB_PREPARED=off" },
	{ KIND_DATABASE, "postgresql://u:hush@h/d?hush%20hush=1", "has an unknown parameter" },
	{ KIND_DATABASE, "host=h pasword=hush", "has the unknown parameter pasword" },
	{ KIND_DATABASE, "postgresql://u:hush@h/d?sslmode=hush",
	  "has an sslmode that is not one of disable,allow,prefer,require,verify-ca,verify-full" },
	{ KIND_DATABASE, "host=h password=hush target_session_attrs=hush",
	  "has a target_session_attrs that is not one of any,read-write," },
	{ KIND_DATABASE, "host=h password=hush connect_timeout=hush",
	  "has a connect_timeout that is not a whole number" },
	{ KIND_DATABASE, "host=h hush hush", "is not a connection string: write postgresql://" },
	{ KIND_REDIS, "localhost:6379", "must be a URL, such as redis://" },
	{ KIND_REDIS, "rediss://h", "has the unknown scheme rediss: write redis://" },
	{ KIND_REDIS, "redis://u:hush@x@h", "has an @ in the user name or password" },
	{ KIND_REDIS, "redis://u:hush%@h", "has a % without two" },
	{ KIND_REDIS, "redis://h:x", "has a port" },
	{ KIND_REDIS, "redis://h/x", "must be memory://, redis://" },
	{ KIND_SMTP, "mail.example.com:587", "must be a URL, such as smtp://" },
	{ KIND_SMTP, "http://mail.example.com", "has the unknown scheme http: write smtp://" },
	{ KIND_SMTP, "smtp://u:hush@x@h", "has an @ in the user name or password" },
	{ KIND_SMTP, "smtp://u:hush%@h", "has a % without two" },
	{ KIND_SMTP, "smtp://h:0", "has a port" },
	{ KIND_SMTP, "smtp://u:hush@h?starttls=off", "must have no parameters" },
	{ KIND_SOCKET, "localhost:http", "must be unix:/path, or a numeric address and a port" },
	{ KIND_SOCKET, "unix:api.sock", "must have an absolute path" },
	{ KIND_SOCKET, "127.0.0.1:70000", "must be unix:/path, or a numeric address and a port" },
	{ KIND_SOCKET, "127.0.0.1:0", "must be unix:/path, or a numeric address and a port" },
	{ KIND_SOCKET, "::1:9000", "must be unix:/path, or a numeric address and a port" },
	{ KIND_LIST, "a\nb", "must be one line of UTF-8" },
	{ KIND_ORIGINS, "https://app.example.com/", "must be origins as browsers send them" },
	{ KIND_ADDRESSES, "10.0.0.0/8", "must be IP addresses, such as 127.0.0.1 or ::1" },
	{ KIND_ADDRESSES, "localhost", "must be IP addresses, such as 127.0.0.1 or ::1" },
	{ KIND_ADDRESSES, "::0001", "must be written ::1" },
	{ KIND_QUEUES, "mail:x", "must be * or names of queues" },
	{ KIND_QUEUES, "*:2", "must be * or names of queues" },
};

static void
expect_rejected(const char *name, enum setting_kind kind)
{
	bool found = false;

	for (size_t i = 0; i < COUNT(invalid_values); i++) {
		const char *err;

		if (invalid_values[i].kind != kind)
			continue;

		found = true;
		set_required();
		setenv(name, invalid_values[i].value, 1);
		err = cli_settings(a, test_app(), NULL, true);
		unsetenv(name);
		cr_expect(err && strncmp(err, name, strlen(name)) == 0 &&
			      strstr(err, invalid_values[i].message),
			  "%s=%s: %s", name, invalid_values[i].value, err);
		cr_expect(!err || !strstr(err, "hush"), "a secret is shown: %s", err);
	}
	cr_expect(found, "no value in invalid_values for the kind %d of %s", (int)kind, name);
}

Test(settings, each_setting_rejects_invalid_values)
{
#define SETTING(kind, member, name, default_value, min, max, flags, text)                          \
	expect_rejected(name, KIND_##kind);
#include "app/settings.def"
#undef SETTING
	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct setting *row = (*f)->settings; row && row->name; row++)
			expect_rejected(row->name, row->kind);
}

Test(settings, valid_connection_strings)
{
	static const char *const good[] = {
		"host=/run/postgresql dbname=app",
		"postgresql://",
		"postgres://app@/app?host=/run/postgresql",
		"postgresql://app:p%40ss%2F@db.example.com:5432/app?sslmode=verify-full",
		"postgresql://app@%2Frun%2Fpostgresql/app",
		"postgresql://app@[::1]:5432,host_2:5433/app?target_session_attrs=read-write",
		"postgresql://app:a:b@127.0.0.1/app?options=-c%20geqo%3Doff",
		"host=h sslmode=verify-ca connect_timeout=5 gssencmode=disable",
		"postgresql://h/app?keepalives_idle=30&channel_binding=require&sslmode=",
	};

	set_required();
	for (size_t i = 0; i < COUNT(good); i++) {
		const char *err;

		setenv("DATABASE_URL", good[i], 1);
		err = cli_settings(a, test_app(), NULL, true);
		cr_expect_null(err, "%s: %s", good[i], err);
	}
}

Test(settings, values_cannot_forge_a_line_of_a_message)
{
	set_required();
	expect_part(error_with("LOG_LEVEL", "\x1b[2J\n"), "LOG_LEVEL=\\u001b[2J\\u000a: must");
}

Test(settings, a_first_password_that_seed_would_reject)
{
	set_required();
	expect_part(
	    error_with("FIRST_ADMIN_PASSWORD", "hush"),
	    "FIRST_ADMIN_PASSWORD: must have at least 8 characters (PASSWORD_MIN_LENGTH)\n");
}

Test(settings, a_retention_is_at_least_30_days_or_unlimited)
{
	set_required();
	expect_part(error_with("AUDIT_RETENTION_DAYS", "29"),
		    "must be 0 or a whole number from 30 to 36500");
	cr_expect_null(error_with("AUDIT_RETENTION_DAYS", "0"));
	cr_expect_null(error_with("AUDIT_RETENTION_DAYS", "30"));
}

Test(settings, production_rejects_a_short_first_password)
{
	const char *err;

	set_required();
	setenv("ENVIRONMENT", "production", 1);
	setenv("JWT_SECRET_KEY", RANDOM_KEY, 1);
	err = error_with("FIRST_ADMIN_PASSWORD", "hush-hush");
	expect_part(err, "FIRST_ADMIN_PASSWORD: production needs");
	cr_expect_null(strstr(err, "hush"));
	cr_expect_null(error_with("FIRST_ADMIN_PASSWORD", "correct horse battery"));
	cr_expect_null(error_with("FIRST_ADMIN_PASSWORD", ""));
}

Test(settings, hash_costs_are_limited)
{
	static const struct {
		const char *name, *low, *high, *good;
	} rows[] = {
		{ "PASSWORD_BCRYPT_COST", "9", "16", "10" },
		{ "PASSWORD_ARGON2_MEMORY_KIB", "7167", "262145", "7168" },
		{ "PASSWORD_ARGON2_TIME", "0", "11", "5" },
		{ "PASSWORD_ARGON2_PARALLELISM", "0", "17", "4" },
	};

	set_required();
	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_part(error_with(rows[i].name, rows[i].low), "must be a whole number from");
		expect_part(error_with(rows[i].name, rows[i].high), "must be a whole number from");
		cr_expect_null(error_with(rows[i].name, rows[i].good));
	}
	expect_part(error_with("PASSWORD_SCHEME", "md5"),
		    "must be one of yescrypt,bcrypt,argon2id");
#ifdef HAVE_ARGON2
	cr_expect_null(error_with("PASSWORD_SCHEME", "argon2id"));
#else
	expect_part(error_with("PASSWORD_SCHEME", "argon2id"), "built without Argon2");
#endif
}

Test(settings, development_accepts_a_short_first_password)
{
	set_required();
	cr_expect_null(error_with("FIRST_ADMIN_PASSWORD", "not long"));
}

/* The output of a print function. */
static const char *
printed(void (*print)(FILE *))
{
	static char text[65536];
	FILE *f = fmemopen(text, sizeof(text), "w");

	print(f);
	fclose(f);
	return text;
}

static void
print_text(FILE *f)
{
	settings_print(f, false);
}

static void
print_json(FILE *f)
{
	settings_print(f, true);
}

Test(settings, printing_shows_values_but_no_secret)
{
	const char *text;

	set_required();
	setenv("WORKERS", "77", 1);
	setenv("FIRST_ADMIN_PASSWORD", "correct horse", 1);
	expect_good();
	text = printed(print_text);
	expect_part(text, "WORKERS=77\n");
	expect_part(text, "JWT_SECRET_KEY=***\n");
	expect_part(text, "DATABASE_URL=***\n");
	expect_part(text, "FIRST_ADMIN_PASSWORD=***\n");
	cr_expect_null(strstr(text, KEY));
	cr_expect_null(strstr(text, "nowhere"));
	cr_expect_null(strstr(text, "horse"));

	text = printed(print_json);
	expect_part(text, "{\"name\":\"WORKERS\",\"value\":\"77\",\"default\":\"0\"");
	cr_expect_null(strstr(text, KEY));
	cr_expect_null(strstr(text, "horse"));
}

Test(settings, the_printed_example_is_read_again)
{
	write_file(".env", printed(settings_print_example));
	set_required();
	expect_good();
	cr_expect_eq(settings.max_body_bytes, 1048576);
}
