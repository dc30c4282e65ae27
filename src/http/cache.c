/* Cached responses: in each worker's memory, or in Redis for all hosts. A response is stored with
 * the epoch under which it was computed. A request that may change the data starts a new epoch
 * before its response is sent. */
#include "http_priv.h"

#include "app/clock.h"
#include "app/ids.h"
#include "app/metrics.h"
#include "app/redis.h"
#include "app/shared.h"
#include "app/text.h"

enum {
	CACHED_MAX = 512,
	MEMORY_MAX = 1024 * 1024, /* of a worker */
	RESPONSE_MAX = 128 * 1024,
	INVALIDATED_BY_MAX = REDIS_ARGS_MAX - 2,
	NAME_SIZE = 100,
	EPOCH_SECONDS = 86400,
};

/* A serialized response: its epoch, NUL-terminated strings (media type, names and values of
 * headers, an empty string), then the body. */
struct cached_response {
	unsigned char key[HASH_SIZE];
	int64_t until;
	char *data; /* NULL: unused */
	size_t len;
};

static struct cached_response cached[CACHED_MAX];
static size_t memory, next_evicted;

struct lookup {
	unsigned char key[HASH_SIZE];
	bool shared; /* in Redis */
	bool known;  /* `epoch` is known, so the response can be stored */
	uint64_t epoch;
};

static int64_t
cache_seconds(const struct route *route)
{
	int64_t most = settings.cache_ttl_seconds;

	return route->cache_seconds < most ? route->cache_seconds : most;
}

bool
cache_wanted(const struct request *req)
{
	return (req->method == GET || req->method == HEAD) && cache_seconds(req->route) > 0;
}

/* The caller is part of the key, unless the route is public. */
static void
make_cache_key(struct request *req, unsigned char key[HASH_SIZE])
{
	const struct caller *caller = &req->ctx->caller;
	struct buf b = buf_new(req->ctx->arena, SIZE_MAX / 2);

	buf_text(&b, "cache ");
	if (req->route->access != ACCESS_PUBLIC) {
		buf_text(&b, caller->user_id);
		buf_char(&b, ' ');
		buf_text(&b, role_name(caller->role));
		buf_char(&b, ' ');
		buf_text(&b, caller->api_key_id ? caller->api_key_id : "");
	}
	buf_char(&b, ' ');
	buf_text(&b, req->uri);
	hash_secretly(&b, key);
}

static const char *
epoch_name(char out[NAME_SIZE], const char *feature)
{
	snprintf(out, NAME_SIZE, PACKAGE ":epoch:%s", feature);
	return out;
}

static const char *
response_name(char out[NAME_SIZE], const unsigned char key[HASH_SIZE])
{
	*hex_write(stpcpy(out, PACKAGE ":response:"), key, HASH_SIZE) = '\0';
	return out;
}

/* ---- in memory */

static void
drop_cached(struct cached_response *entry)
{
	memory -= entry->len;
	free(entry->data);
	*entry = (struct cached_response) { .data = NULL };
}

static struct cached_response *
cached_slot(const unsigned char key[HASH_SIZE])
{
	return &cached[(key[0] | key[1] << 8) % CACHED_MAX];
}

/* Epochs only grow, so an unchanged sum means that none has changed. */
static uint64_t
local_epoch(const struct feature *feature)
{
	uint64_t sum = epoch_get("cache", feature->name);

	for (const char *const *name = feature->invalidated_by; name && *name; name++)
		sum += epoch_get("cache", *name);
	return sum;
}

static void
find_in_memory(struct lookup *lookup, const struct feature *feature, struct redis_bytes *out)
{
	const struct cached_response *entry = cached_slot(lookup->key);

	lookup->shared = false;
	lookup->known = true;
	lookup->epoch = local_epoch(feature);
	*out = (struct redis_bytes) { 0 };
	if (memcmp(entry->key, lookup->key, HASH_SIZE) == 0 && clock_monotonic() < entry->until)
		*out = (struct redis_bytes) { entry->data, entry->len };
}

static void
store_in_memory(const struct lookup *lookup, const struct buf *b, int64_t seconds)
{
	struct cached_response *entry = cached_slot(lookup->key);
	char *data = malloc(b->len);

	if (!data)
		return;

	drop_cached(entry);
	while (memory + b->len > MEMORY_MAX)
		drop_cached(&cached[next_evicted++ % CACHED_MAX]);
	memcpy(data, b->data, b->len);
	*entry = (struct cached_response) { .until = clock_monotonic() + seconds * 1000000,
					    .data = data,
					    .len = b->len };
	memcpy(entry->key, lookup->key, HASH_SIZE);
	memory += b->len;
}

/* ---- in Redis, where an epoch is a random number */

static bool
new_epoch(const char *feature)
{
	char name[NAME_SIZE];
	uint64_t number;

	random_bytes(&number, sizeof(number));
	return redis_set(epoch_name(name, feature), &number, sizeof(number), EPOCH_SECONDS);
}

/* False: use the memory of this worker instead. */
static bool
find_in_redis(struct request *req, struct lookup *lookup, struct redis_bytes *out)
{
	const struct feature *feature = req->feature;
	const char *features_of[INVALIDATED_BY_MAX + 1] = { feature->name },
						     *names[INVALIDATED_BY_MAX + 2];
	char texts[INVALIDATED_BY_MAX + 2][NAME_SIZE];
	struct redis_bytes values[INVALIDATED_BY_MAX + 2];
	uint64_t number;
	size_t n = 1;

	if (!redis_enabled() || shared_cache_suspended())
		return false;

	for (size_t i = 0;
	     feature->invalidated_by && feature->invalidated_by[i] && n <= INVALIDATED_BY_MAX; i++)
		features_of[n++] = feature->invalidated_by[i];
	for (size_t i = 0; i < n; i++)
		names[i] = epoch_name(texts[i], features_of[i]);
	names[n] = response_name(texts[n], lookup->key);
	if (!redis_get(req->ctx->arena, names, n + 1, values))
		return false;

	lookup->shared = lookup->known = true;
	for (size_t i = 0; i < n; i++) {
		if (values[i].len != sizeof(number)) {
			lookup->known = false;
			if (!new_epoch(features_of[i]))
				return false;
			continue;
		}
		memcpy(&number, values[i].data, sizeof(number));
		lookup->epoch = hash_add(lookup->epoch, &number, sizeof(number));
	}
	*out = values[n];
	return true;
}

/* ---- both */

static bool
cache_find(struct request *req, struct lookup *lookup, struct redis_bytes *out)
{
	uint64_t epoch;

	if (!find_in_redis(req, lookup, out))
		find_in_memory(lookup, req->feature, out);
	if (!lookup->known || out->len <= sizeof(epoch))
		return false;

	memcpy(&epoch, out->data, sizeof(epoch));
	out->data += sizeof(epoch);
	out->len -= sizeof(epoch);
	return epoch == lookup->epoch;
}

static void
cache_store(struct request *req, const struct lookup *lookup, size_t first_header)
{
	const struct response *response = &req->response;
	struct buf b = buf_new(req->ctx->arena, RESPONSE_MAX);
	char name[NAME_SIZE];

	if (!lookup->known || response->status != 200 || !response->media_type)
		return;

	buf_put(&b, &lookup->epoch, sizeof(lookup->epoch));
	buf_put(&b, response->media_type, strlen(response->media_type) + 1);
	for (size_t i = first_header; i < response->nheaders; i++) {
		buf_put(&b, response->headers[i].name, strlen(response->headers[i].name) + 1);
		buf_put(&b, response->headers[i].value, strlen(response->headers[i].value) + 1);
	}
	buf_char(&b, '\0');
	buf_put(&b, response->body, response->len);
	if (!buf_done(&b))
		return;
	if (!lookup->shared)
		store_in_memory(lookup, &b, cache_seconds(req->route));
	else if (!redis_set(response_name(name, lookup->key), b.data, b.len,
			    cache_seconds(req->route)))
		return; /* the next request computes it again */
}

/* Another version of the program may have stored these bytes, so they are validated. */
static bool
respond_cached(struct request *req, const struct redis_bytes *bytes)
{
	const char *at = bytes->data, *end = at + bytes->len, *media_type = at;
	const char *texts[2 * RESPONSE_HEADERS_MAX];
	size_t n = 0;

	at += strnlen(at, (size_t)(end - at)) + 1;
	while (at < end && *at && n < COUNT(texts)) {
		texts[n++] = at;
		at += strnlen(at, (size_t)(end - at)) + 1;
	}
	if (at >= end || *at || n % 2)
		return false;

	for (size_t i = 0; i < n; i += 2)
		response_header(req, texts[i], texts[i + 1]);
	at++;
	return respond_body(req, 200, media_type, at, (size_t)(end - at)) == OK;
}

enum error
cache_handle(struct request *req)
{
	size_t first_header = req->response.nheaders;
	struct redis_bytes bytes;
	struct lookup lookup = { .shared = false };
	enum error e;

	make_cache_key(req, lookup.key);
	if (cache_find(req, &lookup, &bytes) && respond_cached(req, &bytes)) {
		metric_add(&metric_cache_hits, 1);
		return OK;
	}

	metric_add(&metric_cache_misses, 1);
	e = req->route->handle(req);
	if (!e)
		cache_store(req, &lookup, first_header);
	return e;
}

static bool
depends_on(const struct feature *feature, const struct feature *other)
{
	for (const char *const *name = feature->invalidated_by; name && *name; name++) {
		if (strcmp(*name, other->name) == 0)
			return true;
	}
	return feature == other;
}

/* Whether a change of the feature invalidates the responses of any route. */
static bool
is_cached(const struct app *app, const struct feature *feature)
{
	for (const struct feature *const *f = app->features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->method; r++) {
			if (r->cache_seconds && depends_on(*f, feature))
				return true;
		}
	}
	return false;
}

/* Any status except 4xx may mean a change. If Redis is unreachable, this host uses only its own
 * memory until all cached responses have expired. */
void
cache_invalidate_feature(const struct request *req)
{
	unsigned status = req->response.status;

	if (!req->feature || req->method == GET || req->method == HEAD ||
	    (status >= 400 && status < 500) || settings.cache_ttl_seconds == 0 ||
	    !is_cached(req->ctx->app, req->feature))
		return;

	epoch_bump("cache", req->feature->name);
	if (redis_enabled() && !new_epoch(req->feature->name))
		shared_suspend_cache(settings.cache_ttl_seconds);
}
