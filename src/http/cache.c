/* Answers that are kept: in each worker's own memory, or in Redis for all hosts. An answer
 * carries the generation of what it was made from; a request that may have changed that makes
 * a new one, before its own answer leaves. */
#include "http_priv.h"

#include "app/clock.h"
#include "app/ids.h"
#include "app/metrics.h"
#include "app/redis.h"
#include "app/shared.h"

enum {
	SLOTS = 512,
	MEMORY_MAX = 1024 * 1024, /* of a worker */
	RESPONSE_MAX = 128 * 1024,
	FOLLOWS_MAX = REDIS_ARGS_MAX - 2,
	NAME_SIZE = 100,
	GENERATION_SECONDS = 86400,
};

/* An answer in one piece: its generation, texts that end with a NUL (media type, names and
 * values of headers, an empty one), then the body. */
struct kept {
	unsigned char key[HASH_SIZE];
	int64_t until;
	char *data; /* NULL: nothing */
	size_t len;
};

static struct kept slots[SLOTS];
static size_t memory, next_out;

/* Where an answer would be, and what it was made from. */
struct place {
	unsigned char key[HASH_SIZE];
	bool shared; /* in Redis */
	bool known;  /* its generation is: it can be kept */
	uint64_t epoch;
};

static int64_t
life(const struct route *route)
{
	int64_t most = settings.cache_ttl_seconds;

	return route->cache_seconds < most ? route->cache_seconds : most;
}

bool
cache_wanted(const struct request *req)
{
	return (req->method == GET || req->method == HEAD) && life(req->route) > 0;
}

/* Who asks is a part of it, unless that makes no difference. */
static void
make_key(struct request *req, unsigned char key[HASH_SIZE])
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
	snprintf(out, NAME_SIZE, PACKAGE ":generation:%s", feature);
	return out;
}

static const char *
response_name(char out[NAME_SIZE], const unsigned char key[HASH_SIZE])
{
	int len = snprintf(out, NAME_SIZE, PACKAGE ":answer:");

	for (size_t i = 0; i < HASH_SIZE; i++)
		len += snprintf(out + len, NAME_SIZE - (size_t)len, "%02x", key[i]);
	return out;
}

/* ---- in this worker */

static void
drop(struct kept *slot)
{
	memory -= slot->len;
	free(slot->data);
	*slot = (struct kept) { .data = NULL };
}

static struct kept *
slot_of(const unsigned char key[HASH_SIZE])
{
	return &slots[(key[0] | key[1] << 8) % SLOTS];
}

/* Counters only grow, so their sum is the same only while each of them is. */
static uint64_t
local_epoch(const struct feature *feature)
{
	uint64_t sum = epoch_get("cache", feature->name);

	for (const char *const *name = feature->invalidated_by; name && *name; name++)
		sum += epoch_get("cache", *name);
	return sum;
}

static void
find_here(struct place *place, const struct feature *feature, struct redis_bytes *out)
{
	const struct kept *slot = slot_of(place->key);

	place->shared = false;
	place->known = true;
	place->epoch = local_epoch(feature);
	*out = (struct redis_bytes) { 0 };
	if (memcmp(slot->key, place->key, HASH_SIZE) == 0 && clock_monotonic() < slot->until)
		*out = (struct redis_bytes) { slot->data, slot->len };
}

static void
keep_here(const struct place *place, const struct buf *b, int64_t seconds)
{
	struct kept *slot = slot_of(place->key);
	char *data = malloc(b->len);

	if (!data)
		return;

	drop(slot);
	while (memory + b->len > MEMORY_MAX)
		drop(&slots[next_out++ % SLOTS]);
	memcpy(data, b->data, b->len);
	*slot = (struct kept) { .until = clock_monotonic() + seconds * 1000000,
				.data = data,
				.len = b->len };
	memcpy(slot->key, place->key, HASH_SIZE);
	memory += b->len;
}

/* ---- in Redis, where a generation is a random number */

static bool
new_epoch(const char *feature)
{
	char name[NAME_SIZE];
	uint64_t number;

	random_bytes(&number, sizeof(number));
	return redis_put(epoch_name(name, feature), &number, sizeof(number), GENERATION_SECONDS);
}

/* False: Redis is not to be asked. */
static bool
find_there(struct request *req, struct place *place, struct redis_bytes *out)
{
	const struct feature *feature = req->feature;
	const char *features_of[FOLLOWS_MAX + 1] = { feature->name }, *names[FOLLOWS_MAX + 2];
	char texts[FOLLOWS_MAX + 2][NAME_SIZE];
	struct redis_bytes values[FOLLOWS_MAX + 2];
	uint64_t number;
	size_t n = 1;

	if (!redis_wanted() || shared_alone())
		return false;

	for (size_t i = 0;
	     feature->invalidated_by && feature->invalidated_by[i] && n <= FOLLOWS_MAX; i++)
		features_of[n++] = feature->invalidated_by[i];
	for (size_t i = 0; i < n; i++)
		names[i] = epoch_name(texts[i], features_of[i]);
	names[n] = response_name(texts[n], place->key);
	if (!redis_get(req->ctx->arena, names, n + 1, values))
		return false;

	place->shared = place->known = true;
	for (size_t i = 0; i < n; i++) {
		if (values[i].len != sizeof(number)) {
			place->known = false;
			if (!new_epoch(features_of[i]))
				return false;
			continue;
		}
		memcpy(&number, values[i].data, sizeof(number));
		place->epoch = place->epoch * UINT64_C(0x100000001b3) ^ number;
	}
	*out = values[n];
	return true;
}

/* ---- either way */

static bool
find(struct request *req, struct place *place, struct redis_bytes *out)
{
	uint64_t made_from;

	if (!find_there(req, place, out))
		find_here(place, req->feature, out);
	if (!place->known || out->len <= sizeof(made_from))
		return false;

	memcpy(&made_from, out->data, sizeof(made_from));
	out->data += sizeof(made_from);
	out->len -= sizeof(made_from);
	return made_from == place->epoch;
}

static void
keep(struct request *req, const struct place *place, size_t first_header)
{
	const struct response *response = &req->response;
	struct buf b = buf_new(req->ctx->arena, RESPONSE_MAX);
	char name[NAME_SIZE];

	if (!place->known || response->status != 200 || !response->media_type)
		return;

	buf_put(&b, &place->epoch, sizeof(place->epoch));
	buf_put(&b, response->media_type, strlen(response->media_type) + 1);
	for (size_t i = first_header; i < response->nheaders; i++) {
		buf_put(&b, response->headers[i].name, strlen(response->headers[i].name) + 1);
		buf_put(&b, response->headers[i].value, strlen(response->headers[i].value) + 1);
	}
	buf_char(&b, '\0');
	buf_put(&b, response->body, response->len);
	if (!buf_done(&b))
		return;
	if (!place->shared)
		keep_here(place, &b, life(req->route));
	else if (!redis_put(response_name(name, place->key), b.data, b.len, life(req->route)))
		return; /* the next one who asks makes it again */
}

/* Of what one worker or host kept, another one may be of an older edition: so it is not
 * trusted to be whole. */
static bool
give(struct request *req, const struct redis_bytes *bytes)
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
	struct place place = { .shared = false };
	enum error e;

	make_key(req, place.key);
	if (find(req, &place, &bytes) && give(req, &bytes)) {
		metric_add(&metric_cache_hits, 1);
		return OK;
	}

	metric_add(&metric_cache_misses, 1);
	e = req->route->handle(req);
	if (!e)
		keep(req, &place, first_header);
	return e;
}

static bool
follows(const struct feature *feature, const struct feature *other)
{
	for (const char *const *name = feature->invalidated_by; name && *name; name++) {
		if (strcmp(*name, other->name) == 0)
			return true;
	}
	return feature == other;
}

/* Whether any answer is kept that a change of the feature makes old. */
static bool
is_kept(const struct feature *feature)
{
	for (const struct feature *const *f = features; *f; f++) {
		for (const struct route *r = (*f)->routes; r && r->method; r++) {
			if (r->cache_seconds && follows(*f, feature))
				return true;
		}
	}
	return false;
}

/* Whatever a request answers but a refusal, it may have changed something. Where Redis cannot
 * be told, this host keeps to itself until what is there is old. */
void
cache_forget(const struct request *req)
{
	unsigned status = req->response.status;

	if (!req->feature || req->method == GET || req->method == HEAD ||
	    (status >= 400 && status < 500) || settings.cache_ttl_seconds == 0 ||
	    !is_kept(req->feature))
		return;

	epoch_bump("cache", req->feature->name);
	if (redis_wanted() && !new_epoch(req->feature->name))
		shared_be_alone(settings.cache_ttl_seconds);
}
