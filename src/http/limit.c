/* The rate limits of a route (draft-ietf-httpapi-ratelimit-headers). */
#include "http_priv.h"

#include "app/log.h"
#include "app/metrics.h"
#include "app/rate.h"
#include "app/secret.h"
#include "app/text.h"

#include <arpa/inet.h>

enum {
	NETWORK_SIZE = 8, /* bytes: an IPv6 client is its /64 */
	REFUSAL_SECONDS = 60,
};

const char *
limit_client(struct request *req)
{
	const char *ip = req->ctx->ip;
	struct in6_addr six;
	struct in_addr four;
	char network[2 * NETWORK_SIZE + 1] = "";

	if (ip && inet_pton(AF_INET, ip, &four) == 1)
		return ip;
	if (!ip || inet_pton(AF_INET6, ip, &six) != 1)
		return "-";
	if (IN6_IS_ADDR_V4MAPPED(&six)) {
		char text[INET_ADDRSTRLEN];

		return arena_text(req->ctx->arena,
				  inet_ntop(AF_INET, &six.s6_addr[12], text, sizeof(text)));
	}

	hex_write(network, &six, NETWORK_SIZE);
	return arena_text(req->ctx->arena, network);
}

const char *
limit_account(struct request *req, const char *email)
{
	return arena_lower(req->ctx->arena, arena_printf(req->ctx->arena, "%s %s",
							 limit_client(req), email ? email : ""));
}

static const char *
caller_key(struct request *req)
{
	return req->ctx->caller.user_id ? req->ctx->caller.user_id : limit_client(req);
}

const struct limit *
route_limit(const struct route *route, size_t i)
{
	static const struct limit general = { "default", &settings.rate_limit, caller_key };

	for (size_t k = 0; k < LIMITS_MAX && route->limits[k]; k++) {
		if (route->limits[k]->rate->n && i-- == 0)
			return route->limits[k];
	}
	return i == 0 && !route->root && settings.rate_limit.n ? &general : NULL;
}

void
hash_secretly(const struct buf *b, unsigned char out[HASH_SIZE])
{
	static unsigned char secret[SHA256_SIZE];
	static bool created;

	if (!created)
		secret_sign("hash", "", 0, secret);
	created = true;
	hash_keyed(secret, b->data, b->len, out);
}

static void
hash_key(struct request *req, const char *kind, const char *name, const char *key,
	 unsigned char out[HASH_SIZE])
{
	struct buf b = buf_new(req->ctx->arena, 1024);

	buf_printf(&b, "%s %s ", kind, name);
	buf_text(&b, key);
	hash_secretly(&b, out);
}

static bool
is_tighter(const struct rate_state *a, const struct rate_state *b)
{
	if (a->refused != b->refused)
		return a->refused;
	if (a->remaining != b->remaining)
		return a->remaining < b->remaining;
	return a->wait > b->wait;
}

static void
note_state(struct limit_tally *t, const struct limit *limit, const struct rate_state *state)
{
	if (t->tightest && !is_tighter(state, &t->tightest_state))
		return;

	t->tightest = limit;
	t->tightest_state = *state;
}

/* Counts the request for one limit. Returns whether it is allowed. */
static bool
count_request(struct request *req, const struct limit *limit)
{
	const char *key = limit->key ? limit->key(req) : limit_client(req);
	struct limit_tally *t = &req->limits;
	struct limit_count *counted = &t->counts[t->n];
	struct rate_state state;

	if (!key)
		return true;

	counted->limit = limit;
	hash_key(req, "limit", limit->name, key, counted->key);
	rate_take(counted->key, *limit->rate, &state);
	note_state(t, limit, &state);
	t->n += !state.refused;
	return !state.refused;
}

void
limit_give_back(struct request *req)
{
	struct limit_tally *t = &req->limits;
	struct rate_state state;

	t->tightest = NULL;
	for (size_t i = 0; i < t->n; i++) {
		rate_undo(t->counts[i].key, *t->counts[i].limit->rate, &state);
		note_state(t, t->counts[i].limit, &state);
	}
	t->n = 0;
}

enum error
limit_check(struct request *req, enum limit_stage stage)
{
	struct ctx *c = req->ctx;
	struct failure before = c->failure; /* a key function may query the database */
	const struct limit *limit;
	bool passed = true;

	if (req->resumed)
		return OK;

	for (size_t i = 0; passed && (limit = route_limit(req->route, i)); i++) {
		if (limit->needs_body == (stage == LIMITS_AFTER_BODY))
			passed = count_request(req, limit);
	}
	c->failure = before;
	if (passed)
		return OK;

	metric_add(&metric_rate_limited, 1, req->limits.tightest->name);
	fail(c, E_RATE_LIMITED, "too many requests: try again in %" PRId64 " s",
	     req->limits.tightest_state.wait);
	c->failure.retry_after = (unsigned)req->limits.tightest_state.wait;
	return E_RATE_LIMITED;
}

/* "login";q=5;w=60 and "login";r=4;t=12 */
void
limit_headers(struct request *req)
{
	const struct limit *limit = req->limits.tightest;
	struct buf policy, state;

	if (!limit)
		return;

	policy = buf_new(req->ctx->arena, 256);
	state = buf_new(req->ctx->arena, 256);
	buf_json(&policy, "%s;q=%jd;w=%jd", limit->name, limit->rate->n, limit->rate->seconds);
	buf_json(&state, "%s;r=%jd;t=%jd", limit->name, req->limits.tightest_state.remaining,
		 req->limits.tightest_state.wait);
	response_header(req, "RateLimit-Policy", policy.data);
	response_header(req, "RateLimit", state.data);
}

bool
limit_first_refusal(struct request *req, enum error e)
{
	const struct limit *limit = e == E_RATE_LIMITED ? req->limits.tightest : NULL;
	struct rate window = { 1, REFUSAL_SECONDS };
	const char *name = req->ctx->route;
	unsigned char hash[HASH_SIZE];
	struct rate_state state;

	if (limit && req->limits.tightest_state.refused) {
		name = limit->name;
		window.seconds = limit->rate->seconds;
	}
	hash_key(req, error_info(e)->code, name, caller_key(req), hash);
	rate_take(hash, window, &state);
	if (!state.refused && e == E_RATE_LIMITED)
		log_warn(req->ctx, "the limit \"%s\" was reached", name);
	return !state.refused;
}
