/* Checks by requests to the web server, and whether a URL responds. */
#include "doctor_priv.h"

#include "app/settings.h"

#include <curl/curl.h>

enum { TIMEOUT_MS = 1500, RESPONSE_MAX = 4096 };

struct web_response {
	long status;
	char text[RESPONSE_MAX];
	size_t len;
	const char *err; /* why there is no response, or NULL */
};

static size_t
store_body(char *data, size_t one, size_t n, void *to)
{
	struct web_response *a = to;
	size_t room = sizeof(a->text) - 1 - a->len, len = n < room ? n : room;

	memcpy(a->text + a->len, data, len);
	a->len += len;
	return one * n;
}

static size_t
send_nothing(char *data, size_t one, size_t n, void *from)
{
	(void)data, (void)one, (void)n, (void)from;
	return CURL_READFUNC_ABORT;
}

static CURL *
open_path(const char *path, struct web_response *a)
{
	CURL *curl = curl_easy_init();
	char url[600];

	*a = (struct web_response) { .err = "out of memory" };
	if (!curl)
		return NULL;

	snprintf(url, sizeof(url), "%s%s%s", doctor_plan.url, settings.api_prefix, path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, store_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
	return curl;
}

static void
perform(CURL *curl, struct curl_slist *headers, struct web_response *a)
{
	CURLcode code;

	if (!curl)
		return;

	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
	a->err = code == CURLE_OK || a->status ? NULL : curl_easy_strerror(code);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
}

/* Sends an invalid token: the program rejects it as such only if the web server passes it. */
void
check_web(struct finding *f)
{
	struct web_response a;
	CURL *curl = open_path("/auth/me", &a);

	perform(curl, curl_slist_append(NULL, "Authorization: Bearer doctor"), &a);
	if (a.err)
		finding_set(f, STATE_FAULT, "start the web server, or set its URL with --url",
			    "%s: %s", doctor_plan.url, a.err);
	else if (a.status == 502 || a.status == 503 || a.status == 504)
		finding_set(
		    f, STATE_FAULT,
		    "start the service; the web server's user must have access to its socket",
		    "the web server cannot connect to the service: %ld", a.status);
	else if (strstr(a.text, "\"unauthenticated\""))
		finding_set(f, STATE_FAULT,
			    "Apache: CGIPassAuth On (FcgidPassHeader Authorization); nginx and"
			    " lighttpd pass it by default; a proxy in front must not remove it",
			    "the web server does not pass Authorization: always 401");
	else if (a.status != 401 || !strstr(a.text, "\"invalid_token\""))
		finding_set(f, STATE_FAULT,
			    "enable the shipped site, and check that its prefix is API_PREFIX",
			    "%s%s/auth/me returns %ld, but not from this program", doctor_plan.url,
			    settings.api_prefix, a.status);
	else
		finding_set(f, STATE_OK, NULL, "%s passes requests with Authorization",
			    doctor_plan.url);
}

/* Announces a body of MAX_BODY_BYTES with Expect: 100-continue, and sends none of it. */
void
check_body_limit(struct finding *f)
{
	struct web_response a;
	CURL *curl = open_path("/auth/logout", &a);
	struct curl_slist *headers = curl_slist_append(NULL, "Expect: 100-continue");

	if (curl) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)settings.max_body_bytes);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, send_nothing);
		curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 500L);
	}
	perform(curl, headers, &a);
	if (a.status == 413)
		finding_set(f, STATE_FAULT,
			    "nginx: client_max_body_size; Apache: Content-Length; lighttpd: "
			    "server.max-request-size; or lower MAX_BODY_BYTES",
			    "the web server rejects bodies that MAX_BODY_BYTES=%" PRId64 " allows",
			    settings.max_body_bytes);
	else if (a.err && a.status == 0 && strstr(a.err, "abort") == NULL)
		finding_set(f, STATE_UNKNOWN, NULL, "%s", a.err);
	else
		finding_set(f, STATE_OK, NULL, "the web server accepts %" PRId64 " bytes",
			    settings.max_body_bytes);
}

/* Only connects. The scheme is set to HTTP, in which the client sends first, so that curl does not
 * wait for a greeting. */
bool
url_responds(const char *url, const char *port, char host[256])
{
	CURLU *to = curl_url();
	CURL *curl = curl_easy_init();
	char *name = NULL, *given = NULL;
	bool good;

	curl_url_set(to, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
	curl_url_get(to, CURLUPART_HOST, &name, 0);
	snprintf(host, 256, "%s", name ? name : "");
	if (curl_url_get(to, CURLUPART_PORT, &given, 0) != CURLUE_OK)
		curl_url_set(to, CURLUPART_PORT, port, 0);
	curl_url_set(to, CURLUPART_SCHEME, "http", 0);
	curl_easy_setopt(curl, CURLOPT_CURLU, to);
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	good = name && curl_easy_perform(curl) == CURLE_OK;
	curl_free(name);
	curl_free(given);
	curl_easy_cleanup(curl);
	curl_url_cleanup(to);
	return good;
}
