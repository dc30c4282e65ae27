/* Checks the value of a setting by its kind. */
#include "settings_priv.h"

#include "app/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <sys/stat.h>
#include <sys/un.h>

#define ATOM  "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

/* For lists, the pattern of each element. */
static const struct {
	const char *pattern, *excluded, *expected;
} formats[] = {
	[KIND_PATH] = { "[^/]$", NULL, "must be the path of a file, such as /run/app/file" },
	[KIND_EMAIL] = { "^" ATOM "(\\." ATOM ")*@(" LABEL "\\.)+" LABEL "$", "^[^@]{65}",
			 "must be an e-mail address, such as admin@example.com" },
	[KIND_DOMAIN] = { "^(" LABEL "\\.)+" LABEL "$", NULL,
			  "must be a domain, such as example.com" },
	[KIND_PREFIX] = { "^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$", NULL,
			  "must be empty or begin with a slash and not end with one, such as "
			  "/api/v1" },
	/* Browsers omit the default port and accept no port above 65535. */
	[KIND_ORIGINS] = { "^([a-z][a-z0-9+.-]*://[a-z0-9._-]+(:[0-9]{1,5})?|\\*)$",
			   "^(http://.*:80|https://.*:443)$|"
			   ":(0[0-9]*|6553[6-9]|655[4-9].|65[6-9]..|6[6-9]...|[7-9]....)$",
			   "must be origins as browsers send them, such as https://app.example.com "
			   "or http://localhost:3000 (lower case, no path, no slash at the end), "
			   "or only *" },
	[KIND_QUEUES] = { "^(\\*|[^*:]+(:[1-9][0-9]{0,3})?)$", NULL,
			  "must be * or names of queues with an optional limit, such as "
			  "default,mail:2" },
};

static bool
regex_matches(const char *pattern, const char *text)
{
	return text_matches(pattern, text, NULL, 0);
}

/* ---- URLs */

static const struct url_rule {
	const char *schemes; /* separated by commas; the first one is suggested */
	const char *example;
	bool login, hosts, query; /* allows: a user; no host or several; parameters */
} url_rules[] = {
	[KIND_URL] = { "https,http", "https://app.example.com", false, false, false },
	[KIND_DATABASE] = { "postgresql,postgres", "postgresql://user:password@host:5432/database",
			    true, true, true },
	[KIND_REDIS] = { "redis,unix", "redis://user:password@host:6379/0", true, false, true },
	[KIND_SMTP] = { "smtp,smtps", "smtp://user:password@host:587", true, false, false },
};

static bool
has_scheme(const char *words, const char *word, size_t len)
{
	for (const char *at = words; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (len == strcspn(at, ",") && strncmp(at, word, len) == 0)
			return true;
	}
	return false;
}

/* Checks the characters of a URL. Returns NULL or the error. */
static const char *
check_escapes(const char *text)
{
	for (; *text; text++) {
		if (*text == ' ')
			return "has a space: write %20";
		if (*text != '%')
			continue;
		if (hex_byte(text + 1) < 0)
			return "has a % without two hexadecimal digits after it: write %25";
		if (hex_byte(text + 1) == 0)
			return "has a NUL byte (%00)";
	}
	return NULL;
}

/* host:port or [IPv6]:port; a host may also be the path of a PostgreSQL socket, in %XX. */
static const char *
check_host(struct arena *a, const char *text, size_t len, bool optional)
{
	const char *host = arena_text_n(a, text, len), *port;
	char *bracket = strchr(host, ']');
	struct in6_addr unused;
	long number;

	port = strchr(bracket ? bracket : host, ':');
	if (port) {
		number = strtol(port + 1, NULL, 10);
		if (!port[1] || port[1 + strspn(port + 1, "0123456789")] || number < 1 ||
		    number > UINT16_MAX)
			return "has a port that is not a number from 1 to 65535 (in a password, "
			       "write : as %3A, / as %2F, ? as %3F and # as %23)";
	}
	len = port ? (size_t)(port - host) : strlen(host);
	if (*host == '[')
		return bracket && bracket[1] == (port ? ':' : '\0') &&
			       inet_pton(AF_INET6,
					 arena_text_n(a, host + 1, (size_t)(bracket - host - 1)),
					 &unused) == 1
			   ? NULL
			   : "has an invalid IPv6 address: write it as in [::1]";
	if (len == 0)
		return optional ? NULL : "has no host";
	return regex_matches("^[A-Za-z0-9_%]([A-Za-z0-9._%-]*[A-Za-z0-9_.])?$",
			     arena_text_n(a, host, len))
		   ? NULL
		   : "has an invalid host name";
}

static const char *
check_authority(struct arena *a, const struct url_rule *rule, const char *text, size_t len)
{
	const char *at = memrchr(text, '@', len), *err = NULL;

	if (at && !rule->login)
		return "must have no user or password";
	if (at && memchr(text, '@', (size_t)(at - text)))
		return "has an @ in the user name or password: write %40";
	if (at) {
		len -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (!rule->hosts)
		return check_host(a, text, len, false);
	for (;;) {
		size_t n = 0;

		while (n < len && text[n] != ',')
			n++;
		err = check_host(a, text, n, true);
		if (err || n == len)
			return err;
		text += n + 1, len -= n + 1;
	}
}

/* Returns NULL or the error. */
static const char *
check_setting_url(struct arena *a, enum setting_kind kind, const char *url)
{
	const struct url_rule *rule = &url_rules[kind];
	const char *at = strstr(url, "://"), *err;
	size_t len = at ? (size_t)(at - url) : 0;

	if (!at)
		return arena_printf(a, "must be a URL, such as %s", rule->example);
	if (!has_scheme(rule->schemes, url, len)) {
		const char *scheme = arena_text_n(a, url, len);

		return arena_printf(
		    a, "has the unknown scheme %s: write %.*s://",
		    regex_matches("^[A-Za-z][A-Za-z0-9+.-]{0,30}$", scheme) ? scheme : "before ://",
		    (int)strcspn(rule->schemes, ","), rule->schemes);
	}
	at += 3;
	err = check_escapes(at);
	if (err)
		return err;
	if (strncmp(url, "unix:", 5) == 0) /* a path; src/shared/redis.c checks it */
		return NULL;

	len = strcspn(at, "/?#");
	err = check_authority(a, rule, at, len);
	if (err)
		return err;
	if (strchr(at + len, '#'))
		return "has a #: write %23";
	if (!rule->query && strchr(at + len, '?'))
		return "must have no parameters";
	return kind == KIND_URL && regex_matches("/$", url) ? "must not end with a slash" : NULL;
}

static const char *
check_database_url(struct arena *a, const char *text)
{
	const char *equals = strchr(text, '='), *scheme = strstr(text, "://");

	if (scheme && (!equals || scheme < equals))
		return check_setting_url(a, KIND_DATABASE, text);
	return equals
		   ? NULL
		   : arena_printf(a, "must be a URL, such as %s, or words such as host=… dbname=…",
				  url_rules[KIND_DATABASE].example);
}

/* ---- others */

static const char *
check_folder(const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0) /* the service may have access even if this user has none */
		return errno == EACCES ? NULL : "must be an existing folder: mkdir -p creates it";
	return S_ISDIR(info.st_mode) ? NULL : "must be a folder";
}

/* Requires the form that inet_ntop() writes, because addresses are compared as text. */
static const char *
check_address(struct arena *a, const char *text)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	char bytes[16], plain[INET6_ADDRSTRLEN];

	if (strcmp(text, "*") == 0)
		return NULL;
	if (inet_pton(family, text, bytes) != 1)
		return "must be IP addresses, such as 127.0.0.1 or ::1, or *";
	inet_ntop(family, bytes, plain, sizeof(plain));
	return strcmp(plain, text) == 0 ? NULL : arena_printf(a, "must be written %s", plain);
}

static const char *
check_socket_address(const char *text)
{
	static const char expected[] =
	    "must be unix:/path, or a numeric address and a port, such as 127.0.0.1:9000 or "
	    "[::1]:9000";
	enum { PATH_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) };
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN] = "", bytes[16];
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool ipv6 = *text == '[' && len > 2 && text[len - 1] == ']';

	if (strncmp(text, "unix:", 5) == 0) {
		if (text[5] != '/')
			return "must have an absolute path, such as unix:/run/app/api.sock";
		return strlen(text + 5) < PATH_BYTES ? NULL : "has a path longer than 107 bytes";
	}
	if (len >= sizeof(host) || !regex_matches(":[0-9]{1,5}$", text) ||
	    strtol(colon + 1, NULL, 10) < 1 || strtol(colon + 1, NULL, 10) > UINT16_MAX)
		return expected;
	snprintf(host, sizeof(host), "%.*s", (int)len - 2 * ipv6, text + ipv6);
	return inet_pton(ipv6 ? AF_INET6 : AF_INET, host, bytes) == 1 ? NULL : expected;
}

static const char *
check_pattern(enum setting_kind kind, const char *value)
{
	if (kind >= COUNT(formats) || !formats[kind].pattern)
		return NULL;
	if (formats[kind].excluded && regex_matches(formats[kind].excluded, value))
		return formats[kind].expected;
	return regex_matches(formats[kind].pattern, value) ? NULL : formats[kind].expected;
}

const char *
format_check(struct arena *a, enum setting_kind kind, const char *value)
{
	switch (kind) {
	case KIND_URL:
	case KIND_SMTP:
		return check_setting_url(a, kind, value);
	case KIND_REDIS:
		return strcmp(value, "memory://") == 0 ? NULL : check_setting_url(a, kind, value);
	case KIND_DATABASE:
		return check_database_url(a, value);
	case KIND_FOLDER:
		return check_folder(value);
	case KIND_SOCKET:
		return check_socket_address(value);
	case KIND_ADDRESSES:
		return check_address(a, value);
	default:
		return check_pattern(kind, value);
	}
}

/* ---- keys */

/* Whether more than three times as many pairs are equal as in random numbers below 64: a repeated
 * pattern, a sequence or words. None of 200,000 random keys was rejected. */
static bool
repeats(const unsigned char *values, size_t n)
{
	size_t equal = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			equal += values[i] == values[j];
	return equal * 2 * 64 > n * (n - 1) * 3;
}

/* Whether the key is base64 of printable text. One in 10^13 random keys is. */
static bool
encodes_text(const char *key)
{
	char text[512], bytes[512];
	size_t len = strcspn(key, "="), n;

	if (len > sizeof(text))
		len = sizeof(text);
	for (size_t i = 0; i < len; i++)
		text[i] = key[i] == '+' ? '-' : key[i] == '/' ? '_' : key[i];
	if (!base64url_read(text, len, bytes, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isprint((unsigned char)bytes[i]) && !isspace((unsigned char)bytes[i]))
			return false;
	return true;
}

bool
key_is_random(const char *key)
{
	enum { HEX = 64 };
	unsigned char values[512], steps[512];
	size_t n = 0, len = strspn(key, "0123456789abcdefABCDEF");

	if (key[len] == '\0' && len >= HEX) {
		for (; key[0] && key[1] && n < COUNT(values); key += 2)
			sscanf(key, "%2hhx", &values[n++]);
	} else if (regex_matches("^[A-Za-z0-9+/_-]{43,}={0,2}$", key) &&
		   regex_matches("[A-Z]", key) && regex_matches("[a-z]", key) &&
		   !encodes_text(key)) {
		for (; *key && *key != '=' && n < COUNT(values); key++)
			values[n++] = (unsigned char)*key;
	} else {
		return false;
	}
	for (size_t i = 1; i < n; i++)
		steps[i - 1] = (unsigned char)(values[i] - values[i - 1]);
	return !repeats(values, n) && !repeats(steps, n - 1);
}
