/* The rate limits of a route (draft-ietf-httpapi-ratelimit-headers). */
#include "http_priv.h"

#include "app/log.h"
#include "app/metrics.h"
#include "app/rate.h"
#include "app/secret.h"

#include <arpa/inet.h>

enum { NETWORK_SIZE = 8 }; /* of an IPv6 client: its /64 */

/* What a limit says of a request. */
struct verdict {
	const struct limit *limit;
	struct rate_state state;
	unsigned char key[HASH_SIZE];
};

/* The client's address as limits count it: an IPv6 client is its network; "-" where the web
 * server names none. */
static const char *
client_of(const struct request *req)
{
	const char *ip = req->ctx->ip;
	struct in6_addr six;
	struct in_addr four;
	struct buf b;

	if (ip && inet_pton(AF_INET, ip, &four) == 1)
		return ip;
	if (!ip || inet_pton(AF_INET6, ip, &six) != 1)
		return "-";
	if (IN6_IS_ADDR_V4MAPPED(&six)) {
		char text[INET_ADDRSTRLEN];

		return arena_text(req->ctx->arena,
				  inet_ntop(AF_INET, &six.s6_addr[12], text, sizeof(text)));
	}

	b = buf_new(req->ctx->arena, 4 * NETWORK_SIZE);
	for (size_t i = 0; i < NETWORK_SIZE; i++)
		buf_printf(&b, "%02x:", six.s6_addr[i]);
	return b.data;
}

const char *
limit_account(struct request *req, const char *email)
{
	return arena_lower(req->ctx->arena, arena_printf(req->ctx->arena, "%s %s", client_of(req),
							 email ? email : ""));
}

static const char *
caller_key(struct request *req)
{
	return req->ctx->caller.user_id;
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
	static bool made;

	if (!made)
		secret_sign("hash", "", 0, secret);
	made = true;
	hash_keyed(secret, b->data, b->len, out);
}

/* A name for the key of which nobody but hosts with the same secret can tell, or foretell,
 * whose it is. */
static void
hash_key(struct request *req, const struct limit *limit, unsigned char out[HASH_SIZE])
{
	const char *key = limit->key ? limit->key(req) : NULL;
	struct buf b = buf_new(req->ctx->arena, 1024);

	buf_text(&b, "limit ");
	buf_text(&b, limit->name);
	buf_char(&b, ' ');
	buf_text(&b, key ? key : client_of(req));
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

/* Whether the same limit refused the same key before, within its window. */
static bool
was_refused(const struct verdict *v)
{
	struct rate once = { 1, v->limit->rate->seconds };
	unsigned char key[HASH_SIZE];
	struct rate_state state;

	for (size_t i = 0; i < HASH_SIZE; i++)
		key[i] = v->key[i] ^ 0xff;
	rate_take(key, once, &state);
	return state.refused;
}

/* "login";q=5;w=60 and "login";r=4;t=12 */
static void
put_headers(struct request *req, const struct verdict *v)
{
	const struct rate *rate = v->limit->rate;
	struct buf policy = buf_new(req->ctx->arena, 256);
	struct buf state = buf_new(req->ctx->arena, 256);

	buf_json(&policy, "%s;q=%jd;w=%jd", v->limit->name, rate->n, rate->seconds);
	buf_json(&state, "%s;r=%jd;t=%jd", v->limit->name, v->state.remaining, v->state.wait);
	reply_header(req, "RateLimit-Policy", policy.data);
	reply_header(req, "RateLimit", state.data);
}

/* Every limit counts the request; the answer tells of the one that is nearest to its end. */
enum error
limit_check(struct request *req)
{
	struct ctx *c = req->ctx;
	struct failure before = c->failure; /* which a key that asks the database may clear */
	struct verdict worst = { .limit = NULL };
	const struct limit *limit;

	for (size_t i = 0; (limit = route_limit(req->route, i)); i++) {
		struct verdict v = { .limit = limit };

		hash_key(req, limit, v.key);
		rate_take(v.key, *limit->rate, &v.state);
		if (!worst.limit || is_tighter(&v.state, &worst.state))
			worst = v;
	}
	c->failure = before;
	if (!worst.limit)
		return OK;

	put_headers(req, &worst);
	if (!worst.state.refused)
		return OK;

	metric_add(&metric_rate_limited, 1, worst.limit->name);
	req->refused_before = was_refused(&worst);
	if (!req->refused_before)
		log_warn(c, "the limit \"%s\" was reached", worst.limit->name);
	fail(c, E_RATE_LIMITED, "too many requests: try again in %" PRId64 " s", worst.state.wait);
	c->failure.retry_after = (unsigned)worst.state.wait;
	return E_RATE_LIMITED;
}
