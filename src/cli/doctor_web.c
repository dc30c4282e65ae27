/* Checks by requests to the web server, and whether a URL responds. */
#include "doctor_priv.h"

#include "app/settings.h"

#include <curl/curl.h>

enum { TIMEOUT_MS = 1500, RESPONSE_MAX = 4096 };

struct web_response {
	long status; /* 0: none */
	char text[RESPONSE_MAX];
	size_t len;
	const char *err; /* why there is no response, or NULL */
};

static size_t
store_body(char *data, size_t one, size_t n, void *to)
{
	struct web_response *out = to;
	size_t room = sizeof(out->text) - 1 - out->len, len = n < room ? n : room;

	memcpy(out->text + out->len, data, len);
	out->len += len;
	return one * n;
}

static void
web_get(const char *url, const char *header, struct web_response *out)
{
	struct curl_slist *headers = curl_slist_append(NULL, header);
	CURL *curl = curl_easy_init();
	CURLcode code;

	*out = (struct web_response) { 0 };
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, store_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
	out->err = out->status ? NULL : curl_easy_strerror(code);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
}

/* Sends an invalid token: the program rejects it as such only if the web server passes it. */
void
check_web(struct doctor *d)
{
	const char *server = d->url ? d->url : settings.app_url;
	struct web_response x;
	char url[600];

	snprintf(url, sizeof(url), "%s%s/auth/me", server, settings.api_prefix);
	web_get(url, "Authorization: Bearer doctor", &x);
	if (x.err)
		report(d, STATE_FAULT, "start the web server, or set its URL with --url", "%s: %s",
		       server, x.err);
	else if (x.status == 502 || x.status == 503 || x.status == 504)
		report(d, STATE_FAULT,
		       "start the service; the web server's user must have access to its socket",
		       "the web server cannot connect to the service: %ld", x.status);
	else if (strstr(x.text, "\"unauthenticated\""))
		report(d, STATE_FAULT,
		       "Apache: CGIPassAuth On (FcgidPassHeader Authorization); nginx and"
		       " lighttpd pass it by default; a proxy in front must not remove it",
		       "the web server does not pass Authorization: always 401");
	else if (x.status != 401 || !strstr(x.text, "\"invalid_token\""))
		report(d, STATE_FAULT,
		       "enable the shipped site, and check that its prefix is API_PREFIX",
		       "%s returns %ld, but not from this program", url, x.status);
	else
		report(d, STATE_OK, NULL, "%s passes requests with Authorization", server);
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
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	good = name && curl_easy_perform(curl) == CURLE_OK;
	curl_free(name);
	curl_free(given);
	curl_easy_cleanup(curl);
	curl_url_cleanup(to);
	return good;
}
