/* Checks by requests to the web server, and whether a URL responds. */
#include "doctor_priv.h"

#include "app/settings.h"

#include <curl/curl.h>

enum { TIMEOUT_MS = 1500, RESPONSE_MAX = 4096, ORIGIN_MAX = 256 };

#define TOO_LARGE ((curl_off_t)1 << 40) /* more than any web server accepts */

/* A request to the web server, and its response. */
struct web_exchange {
	const char *path, *header; /* the header to send, or NULL */
	curl_off_t announced;      /* length of a body that is announced but not sent; 0: none */

	long status; /* 0: no response */
	char text[RESPONSE_MAX];
	size_t len;
	char allow_origin[ORIGIN_MAX]; /* Access-Control-Allow-Origin, or "" */
	const char *err;               /* why there is no response, or NULL */
};

static size_t
store_body(char *data, size_t one, size_t n, void *to)
{
	struct web_exchange *x = to;
	size_t room = sizeof(x->text) - 1 - x->len, len = n < room ? n : room;

	memcpy(x->text + x->len, data, len);
	x->len += len;
	return one * n;
}

static size_t
send_nothing(char *data, size_t one, size_t n, void *from)
{
	(void)data, (void)one, (void)n, (void)from;
	return CURL_READFUNC_ABORT;
}

/* Announces the body with Expect: 100-continue, so that the server can reject it first. */
static struct curl_slist *
announce_body(CURL *curl, curl_off_t length, struct curl_slist *headers)
{
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, length);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, send_nothing);
	curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 500L);
	return curl_slist_append(headers, "Expect: 100-continue");
}

static void
web_perform(struct web_exchange *x)
{
	struct curl_slist *headers = x->header ? curl_slist_append(NULL, x->header) : NULL;
	CURL *curl = curl_easy_init();
	struct curl_header *allow;
	CURLcode code;
	char url[600];

	snprintf(url, sizeof(url), "%s%s%s", doctor_plan.url, settings.api_prefix, x->path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, store_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
	if (x->announced)
		headers = announce_body(curl, x->announced, headers);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &x->status);
	x->err = x->status ? NULL : curl_easy_strerror(code);
	if (curl_easy_header(curl, "Access-Control-Allow-Origin", 0, CURLH_HEADER, -1, &allow) ==
	    CURLHE_OK)
		snprintf(x->allow_origin, sizeof(x->allow_origin), "%s", allow->value);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
}

/* Sends an invalid token: the program rejects it as such only if the web server passes it. */
void
check_web(struct finding *f)
{
	struct web_exchange x = { .path = "/auth/me", .header = "Authorization: Bearer doctor" };

	web_perform(&x);
	if (x.err)
		finding_set(f, STATE_FAULT, "start the web server, or set its URL with --url",
			    "%s: %s", doctor_plan.url, x.err);
	else if (x.status == 502 || x.status == 503 || x.status == 504)
		finding_set(
		    f, STATE_FAULT,
		    "start the service; the web server's user must have access to its socket",
		    "the web server cannot connect to the service: %ld", x.status);
	else if (strstr(x.text, "\"unauthenticated\""))
		finding_set(f, STATE_FAULT,
			    "Apache: CGIPassAuth On (FcgidPassHeader Authorization); nginx and"
			    " lighttpd pass it by default; a proxy in front must not remove it",
			    "the web server does not pass Authorization: always 401");
	else if (x.status != 401 || !strstr(x.text, "\"invalid_token\""))
		finding_set(f, STATE_FAULT,
			    "enable the shipped site, and check that its prefix is API_PREFIX",
			    "%s%s/auth/me returns %ld, but not from this program", doctor_plan.url,
			    settings.api_prefix, x.status);
	else
		finding_set(f, STATE_OK, NULL, "%s passes requests with Authorization",
			    doctor_plan.url);
}

void
check_body_limit(struct finding *f)
{
	struct web_exchange x = { .path = "/auth/logout", .announced = settings.max_body_bytes };

	web_perform(&x);
	if (x.status == 413)
		finding_set(f, STATE_FAULT,
			    "nginx: client_max_body_size; Apache: Content-Length; lighttpd: "
			    "server.max-request-size; or lower MAX_BODY_BYTES",
			    "the web server rejects bodies that MAX_BODY_BYTES=%" PRId64 " allows",
			    settings.max_body_bytes);
	else if (x.err && !strstr(x.err, "abort"))
		finding_set(f, STATE_UNKNOWN, NULL, "%s", x.err);
	else
		finding_set(f, STATE_OK, NULL, "the web server accepts %" PRId64 " bytes",
			    settings.max_body_bytes);
}

/* Provokes an error of the web server itself, which lists the origins of CORS_ORIGINS again. If one
 * is missing there, its pages cannot read such errors. */
void
check_origins(struct finding *f)
{
	finding_set(f, STATE_OK, NULL, "the web server's own errors allow those of CORS_ORIGINS");
	for (const char *const *origin = settings.cors_origins; origin && *origin; origin++) {
		struct web_exchange x = { .path = "/auth/logout", .announced = TOO_LARGE };
		char header[ORIGIN_MAX + 16];

		snprintf(header, sizeof(header), "Origin: %s", *origin);
		x.header = header;
		web_perform(&x);
		if (x.status != 413) {
			finding_set(f, STATE_UNKNOWN, NULL, "the web server returns no 413");
			return;
		}
		if (strcmp(x.allow_origin, *origin) != 0) {
			finding_set(f, STATE_FAULT,
				    "list the origins of CORS_ORIGINS in its site file, separated "
				    "by commas (nginx: $api_origins; Apache and lighttpd: "
				    "API_ORIGINS)",
				    "the web server's own errors do not allow the origin %s",
				    *origin);
			return;
		}
	}
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
