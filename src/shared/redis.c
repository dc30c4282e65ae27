/* Redis, by hiredis: one connection for each process, opened on demand. Only this file uses the
 * library. */
#include "app/redis.h"

#include "app/clock.h"
#include "app/log.h"
#include "app/settings.h"
#include "app/text.h"
#include "shared/shared_priv.h"

#include <hiredis/hiredis.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>

enum { MICROS = 1000000, CALL_MS = 100, PORT = 6379, PART_MAX = 512, LOG_INTERVAL_SECONDS = 60 };

/* The parts of REDIS_URL. */
struct redis_address {
	char path[PART_MAX]; /* of a Unix socket; "": host and port */
	char host[PART_MAX], user[PART_MAX], password[PART_MAX];
	int port, database;
};

static struct connection {
	redisContext *c; /* NULL: none */
	pid_t owner;
} conn;

/* ---- REDIS_URL */

#define LOGIN "((([^:/?]*):)?([^/?]*)@)?"

static bool
copy_part(char out[PART_MAX], regmatch_t part)
{
	size_t len = (size_t)(part.rm_eo - part.rm_so);

	if (len >= PART_MAX)
		return false;

	if (len)
		memcpy(out, settings.redis_url + part.rm_so, len);
	out[len] = '\0';
	return true;
}

/* The same with %XX decoded. */
static bool
copy_unescaped(char out[PART_MAX], regmatch_t part)
{
	if (!copy_part(out, part))
		return false;

	for (char *at = out; (at = strchr(at, '%')); at++) {
		int byte = hex_byte(at + 1);

		if (byte <= 0)
			return false;
		*at = (char)byte;
		memmove(at + 1, at + 3, strlen(at + 3) + 1);
	}
	return true;
}

/* Reads a number up to `max`. An empty part leaves *out unchanged. */
static bool
read_url_number(int *out, regmatch_t part, long max)
{
	if (part.rm_eo > part.rm_so) {
		long number = strtol(settings.redis_url + part.rm_so, NULL, 10);

		*out = number <= max ? (int)number : -1;
	}
	return *out >= 0;
}

static bool
read_redis_url(struct redis_address *p)
{
	static const char tcp[] =
	    "^redis://" LOGIN "(\\[([^]/]*)]|([^]:/[]+))(:([0-9]*))?(/([0-9]*))?$";
	static const char local[] = "^unix://" LOGIN "(/[^?]*)(\\?db=([0-9]*))?$";
	regmatch_t parts[12];
	bool good;

	*p = (struct redis_address) { .port = PORT };
	if (text_matches(tcp, settings.redis_url, parts, COUNT(parts)))
		good = copy_part(p->host, parts[parts[7].rm_so < 0 ? 6 : 7]) && *p->host &&
		       read_url_number(&p->port, parts[9], 65535) &&
		       read_url_number(&p->database, parts[11], 9999);
	else if (text_matches(local, settings.redis_url, parts, COUNT(parts)))
		good =
		    copy_part(p->path, parts[5]) && read_url_number(&p->database, parts[7], 9999);
	else
		return false;
	return good && copy_unescaped(p->user, parts[3]) && copy_unescaped(p->password, parts[4]);
}

bool
redis_enabled(void)
{
	return settings.redis_url && *settings.redis_url &&
	       strcmp(settings.redis_url, "memory://") != 0;
}

const char *
redis_check(struct arena *a)
{
	struct redis_address address;

	if (!redis_enabled() || read_redis_url(&address))
		return NULL;

	return arena_printf(a, "REDIS_URL: must be memory://, redis://[user:password@]host[:port]"
			       "[/database] or unix:///path[?db=database]\n");
}

/* ---- the connection */

static void
disconnect(void)
{
	if (conn.c)
		redisFree(conn.c);
	conn = (struct connection) { .c = NULL };
}

static struct timeval
time_left(int64_t until)
{
	int64_t left = until - clock_monotonic();

	if (left < 1000)
		left = 1000;
	return (struct timeval) { .tv_sec = left / MICROS, .tv_usec = left % MICROS };
}

/* Returns the reply, or closes the connection and returns NULL. */
static redisReply *
call_redis(int64_t until, int argc, const char **argv, const size_t *lens)
{
	redisReply *reply = NULL;

	if (clock_monotonic() < until && redisSetTimeout(conn.c, time_left(until)) == REDIS_OK)
		reply = redisCommandArgv(conn.c, argc, argv, lens);
	if (!reply)
		disconnect();
	return reply;
}

/* Logs at most once a minute in each process, since the reason (no memory, a read-only replica)
 * applies to all requests. */
static void
log_rejection(const char *what, const redisReply *reply)
{
	static int64_t next;
	int64_t now = clock_monotonic();

	if (now < next)
		return;

	next = now + LOG_INTERVAL_SECONDS * (int64_t)MICROS;
	log_warn(NULL,
		 "Redis rejected %s: %s; until it works, this host uses its own counters and cache",
		 what, reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected type of reply");
}

/* Runs a command whose result is not needed. */
static bool
redis_accepts(int64_t until, int argc, const char **argv)
{
	redisReply *reply = call_redis(until, argc, argv, NULL);
	bool good = reply && reply->type != REDIS_REPLY_ERROR;

	if (reply && !good) {
		log_rejection(argv[0], reply);
		disconnect();
	}
	if (reply)
		freeReplyObject(reply);
	return good;
}

static bool
redis_authenticate(const struct redis_address *p, int64_t until)
{
	char database[16];

	snprintf(database, sizeof(database), "%d", p->database);
	if (*p->user && !redis_accepts(until, 3, (const char *[]) { "AUTH", p->user, p->password }))
		return false;
	if (!*p->user && *p->password &&
	    !redis_accepts(until, 2, (const char *[]) { "AUTH", p->password }))
		return false;
	return p->database == 0 || redis_accepts(until, 2, (const char *[]) { "SELECT", database });
}

/* The addresses of a host, or NULL. getaddrinfo() has no timeout, so getaddrinfo_a() runs it in a
 * thread; a result that arrives too late is used by the next call. */
static struct addrinfo *
resolve_host(const char *host, int64_t until)
{
	static char name[PART_MAX]; /* the thread reads it */
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	static struct gaicb question;
	static pid_t resolving;
	struct gaicb *questions[] = { &question };
	struct timeval left = time_left(until);
	struct timespec patience = { left.tv_sec, left.tv_usec * 1000 };

	if (resolving != getpid()) {
		snprintf(name, sizeof(name), "%s", host);
		question = (struct gaicb) { .ar_name = name, .ar_request = &hints };
		if (getaddrinfo_a(GAI_NOWAIT, questions, 1, NULL) != 0)
			return NULL;
		resolving = getpid();
	}
	gai_suspend((const struct gaicb *const *)questions, 1, &patience);
	if (gai_error(&question) == EAI_INPROGRESS)
		return NULL;

	resolving = 0;
	return gai_error(&question) == 0 ? question.ar_result : NULL;
}

static redisContext *
connect_tcp(const struct redis_address *p, int64_t until)
{
	struct addrinfo *found = resolve_host(p->host, until);
	redisContext *c = NULL;

	for (struct addrinfo *at = found; at && (!c || c->err); at = at->ai_next) {
		char address[INET6_ADDRSTRLEN + IF_NAMESIZE];

		if (c)
			redisFree(c);
		c = NULL;
		if (getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof(address), NULL, 0,
				NI_NUMERICHOST) == 0)
			c = redisConnectWithTimeout(address, p->port, time_left(until));
	}
	if (found)
		freeaddrinfo(found);
	return c;
}

static bool
connect_redis(int64_t until)
{
	struct redis_address p;

	if (!read_redis_url(&p))
		return false;

	conn.owner = getpid();
	conn.c = *p.path ? redisConnectUnixWithTimeout(p.path, time_left(until))
			 : connect_tcp(&p, until);
	if (!conn.c || conn.c->err) {
		disconnect();
		return false;
	}
	return redis_authenticate(&p, until);
}

/* An existing connection may have been closed by the server, which is detected at once; then it
 * reconnects and tries once more. */
static redisReply *
call_with_retry(int argc, const char **argv, const size_t *lens)
{
	int64_t until = clock_monotonic() + CALL_MS * 1000;
	redisReply *reply = NULL;

	if (conn.c && conn.owner != getpid()) /* inherited by fork() */
		disconnect();
	if (conn.c)
		reply = call_redis(until, argc, argv, lens);
	if (!reply && connect_redis(until))
		reply = call_redis(until, argc, argv, lens);
	return reply;
}

/* Whether this process may call Redis now. After a pause, one process may, to test whether Redis is
 * available again; then *paused is not 0. */
static bool
may_call(int64_t *paused)
{
	_Atomic int64_t *pause = &shared->redis_pause;
	int64_t now = clock_monotonic();

	*paused = *pause;
	if (!redis_enabled())
		return false;
	if (*paused == 0)
		return true;
	if (now < *paused && *paused <= now + (int64_t)REDIS_PAUSE * MICROS)
		return false;
	return atomic_compare_exchange_strong(pause, paused, now + (int64_t)REDIS_PAUSE * MICROS);
}

static redisReply *
call_unless_paused(int argc, const char **argv, const size_t *lens)
{
	redisReply *reply;
	int64_t paused;

	if (!may_call(&paused))
		return NULL;

	reply = call_with_retry(argc, argv, lens);
	if (!reply) {
		shared->redis_pause = clock_monotonic() + (int64_t)REDIS_PAUSE * MICROS;
		if (!paused)
			log_warn(NULL, "Redis is unavailable: this host uses its own counters and "
				       "cache");
	} else if (paused) {
		shared->redis_pause = 0;
		log_info(NULL, "Redis is available again");
	}
	return reply;
}

/* ---- commands */

/* Frees the reply; logs it unless it has the expected type. */
static bool
finish_reply(redisReply *reply, bool good)
{
	if (reply && !good)
		log_rejection("a command", reply);
	if (reply)
		freeReplyObject(reply);
	return good;
}

bool
redis_ping(void)
{
	redisReply *reply = call_unless_paused(1, (const char *[]) { "PING" }, NULL);

	return finish_reply(reply, reply && reply->type == REDIS_REPLY_STATUS);
}

bool
redis_eval(const char *script, const char *key, const char *const *args, int64_t *numbers, size_t n)
{
	const char *argv[4 + REDIS_ARGS_MAX] = { "EVAL", script, "1", key };
	redisReply *reply;
	int argc = 4;
	bool good;

	while (argc < 4 + REDIS_ARGS_MAX && *args)
		argv[argc++] = *args++;
	reply = call_unless_paused(argc, argv, NULL);
	good = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == n;
	for (size_t i = 0; i < n && good; i++) {
		good = reply->element[i]->type == REDIS_REPLY_INTEGER;
		numbers[i] = reply->element[i]->integer;
	}
	return finish_reply(reply, good);
}

static void
release_reply(void *reply)
{
	freeReplyObject(reply);
}

bool
redis_get(struct arena *a, const char *const *keys, size_t n, struct redis_bytes *out)
{
	const char *argv[1 + REDIS_ARGS_MAX] = { "MGET" };
	redisReply *reply;
	bool good;

	for (size_t i = 0; i < n && i < REDIS_ARGS_MAX; i++)
		argv[1 + i] = keys[i];
	reply = call_unless_paused((int)n + 1, argv, NULL);
	good = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == n;
	if (!good)
		return finish_reply(reply, false);

	arena_defer(a, release_reply, reply);
	for (size_t i = 0; i < n; i++) {
		const redisReply *item = reply->element[i];

		out[i] = (struct redis_bytes) { 0 };
		if (item->type == REDIS_REPLY_STRING)
			out[i] = (struct redis_bytes) { item->str, (size_t)item->len };
	}
	return true;
}

bool
redis_set(const char *key, const void *data, size_t len, int64_t seconds)
{
	char life[24];
	const char *argv[] = { "SET", key, data, "EX", life };
	size_t lens[] = { 3, strlen(key), len, 2, 0 };
	redisReply *reply;

	lens[4] = (size_t)snprintf(life, sizeof(life), "%" PRId64, seconds);
	reply = call_unless_paused(COUNT(argv), argv, lens);
	return finish_reply(reply, reply && reply->type == REDIS_REPLY_STATUS);
}
