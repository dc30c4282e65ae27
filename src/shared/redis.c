/* Redis by hiredis: one connection a process, opened when it is needed. The only file that
 * knows the library. */
#include "app/redis.h"

#include "app/clock.h"
#include "app/log.h"
#include "app/settings.h"
#include "shared/shared_priv.h"

#include <hiredis/hiredis.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <regex.h>

enum { MICROS = 1000000, CALL_MS = 100, PORT = 6379, PART_MAX = 512, COMPLAIN_SECONDS = 60 };

/* Where REDIS_URL points. */
struct place {
	char path[PART_MAX]; /* of a unix socket; "": host and port */
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
matches(const char *pattern, regmatch_t *parts, size_t n)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
		return false;

	found = regexec(&regex, settings.redis_url, n, parts, 0) == 0;
	regfree(&regex);
	return found;
}

static bool
take_text(char out[PART_MAX], regmatch_t part)
{
	size_t len = (size_t)(part.rm_eo - part.rm_so);

	if (len >= PART_MAX)
		return false;

	if (len)
		memcpy(out, settings.redis_url + part.rm_so, len);
	out[len] = '\0';
	return true;
}

/* The same with %XX decoded: passwords have everything. */
static bool
take_escaped(char out[PART_MAX], regmatch_t part)
{
	if (!take_text(out, part))
		return false;

	for (char *at = out; (at = strchr(at, '%')); at++) {
		unsigned byte;

		if (strlen(at) < 3 || sscanf(at + 1, "%2x", &byte) != 1 || !byte)
			return false;
		*at = (char)byte;
		memmove(at + 1, at + 3, strlen(at + 3) + 1);
	}
	return true;
}

/* A number up to `max`; nothing leaves what is there. */
static bool
take_number(int *out, regmatch_t part, long max)
{
	if (part.rm_eo > part.rm_so) {
		long number = strtol(settings.redis_url + part.rm_so, NULL, 10);

		*out = number <= max ? (int)number : -1;
	}
	return *out >= 0;
}

static bool
read_url(struct place *p)
{
	static const char tcp[] =
	    "^redis://" LOGIN "(\\[([^]/]*)]|([^]:/[]+))(:([0-9]*))?(/([0-9]*))?$";
	static const char local[] = "^unix://" LOGIN "(/[^?]*)(\\?db=([0-9]*))?$";
	regmatch_t parts[12];
	bool good;

	*p = (struct place) { .port = PORT };
	if (matches(tcp, parts, COUNT(parts)))
		good = take_text(p->host, parts[parts[7].rm_so < 0 ? 6 : 7]) && *p->host &&
		       take_number(&p->port, parts[9], 65535) &&
		       take_number(&p->database, parts[11], 9999);
	else if (matches(local, parts, COUNT(parts)))
		good = take_text(p->path, parts[5]) && take_number(&p->database, parts[7], 9999);
	else
		return false;
	return good && take_escaped(p->user, parts[3]) && take_escaped(p->password, parts[4]);
}

bool
redis_wanted(void)
{
	return settings.redis_url && *settings.redis_url &&
	       strcmp(settings.redis_url, "memory://") != 0;
}

const char *
redis_check(struct arena *a)
{
	struct place place;

	if (!redis_wanted() || read_url(&place))
		return NULL;

	return arena_printf(a, "REDIS_URL: must be memory://, redis://[user:password@]host[:port]"
			       "[/database] or unix:///path[?db=database]\n");
}

/* ---- one call */

static void
hang_up(void)
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

/* The reply, or NULL where the connection is of no more use. */
static redisReply *
call(int64_t until, int argc, const char **argv, const size_t *lens)
{
	redisReply *reply = NULL;

	if (clock_monotonic() < until && redisSetTimeout(conn.c, time_left(until)) == REDIS_OK)
		reply = redisCommandArgv(conn.c, argc, argv, lens);
	if (!reply)
		hang_up();
	return reply;
}

/* Once a minute in each process: what Redis refuses (it is full, or a replica), it refuses to
 * each request. */
static void
complain(const char *what, const redisReply *reply)
{
	static int64_t next;
	int64_t now = clock_monotonic();

	if (now < next)
		return;

	next = now + COMPLAIN_SECONDS * (int64_t)MICROS;
	log_warn(NULL,
		 "Redis did not do %s: %s; meanwhile this host counts and remembers by itself",
		 what, reply->type == REDIS_REPLY_ERROR ? reply->str : "an unexpected answer");
}

/* A command of which only matters that it was not refused. */
static bool
tell(int64_t until, int argc, const char **argv)
{
	redisReply *reply = call(until, argc, argv, NULL);
	bool good = reply && reply->type != REDIS_REPLY_ERROR;

	if (reply && !good) {
		complain(argv[0], reply);
		hang_up();
	}
	if (reply)
		freeReplyObject(reply);
	return good;
}

static bool
introduce(const struct place *p, int64_t until)
{
	char database[16];

	snprintf(database, sizeof(database), "%d", p->database);
	if (*p->user && !tell(until, 3, (const char *[]) { "AUTH", p->user, p->password }))
		return false;
	if (!*p->user && *p->password && !tell(until, 2, (const char *[]) { "AUTH", p->password }))
		return false;
	return p->database == 0 || tell(until, 2, (const char *[]) { "SELECT", database });
}

/* The addresses of a name, or NULL. The C library's look-up knows no time limit, so a thread of
 * it waits; what comes too late is there for the next try. */
static struct addrinfo *
look_up(const char *host, int64_t until)
{
	static char name[PART_MAX]; /* the thread reads it */
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	static struct gaicb question;
	static pid_t asked_by;
	struct gaicb *questions[] = { &question };
	struct timeval left = time_left(until);
	struct timespec patience = { left.tv_sec, left.tv_usec * 1000 };

	if (asked_by != getpid()) {
		snprintf(name, sizeof(name), "%s", host);
		question = (struct gaicb) { .ar_name = name, .ar_request = &hints };
		if (getaddrinfo_a(GAI_NOWAIT, questions, 1, NULL) != 0)
			return NULL;
		asked_by = getpid();
	}
	gai_suspend((const struct gaicb *const *)questions, 1, &patience);
	if (gai_error(&question) == EAI_INPROGRESS)
		return NULL;

	asked_by = 0;
	return gai_error(&question) == 0 ? question.ar_result : NULL;
}

static redisContext *
connect_tcp(const struct place *p, int64_t until)
{
	struct addrinfo *found = look_up(p->host, until);
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
dial(int64_t until)
{
	struct place p;

	if (!read_url(&p))
		return false;

	conn.owner = getpid();
	conn.c = *p.path ? redisConnectUnixWithTimeout(p.path, time_left(until))
			 : connect_tcp(&p, until);
	if (!conn.c || conn.c->err) {
		hang_up();
		return false;
	}
	return introduce(&p, until);
}

/* Of a connection that was good the last time the other side may have gone since: that takes
 * no time to find out, and once is tried again. */
static redisReply *
try(int argc, const char **argv, const size_t *lens)
{
	int64_t until = clock_monotonic() + CALL_MS * 1000;
	redisReply *reply = NULL;

	if (conn.c && conn.owner != getpid()) /* our parent's */
		hang_up();
	if (conn.c)
		reply = call(until, argc, argv, lens);
	if (!reply && dial(until))
		reply = call(until, argc, argv, lens);
	return reply;
}

/* Whether this process may ask now; one that may while others may not finds out whether it
 * is back. */
static bool
may_ask(int64_t *paused)
{
	_Atomic int64_t *pause = &shared->redis_pause;
	int64_t now = clock_monotonic();

	*paused = *pause;
	if (!redis_wanted())
		return false;
	if (*paused == 0)
		return true;
	if (now < *paused && *paused <= now + (int64_t)REDIS_PAUSE * MICROS)
		return false;
	return atomic_compare_exchange_strong(pause, paused, now + (int64_t)REDIS_PAUSE * MICROS);
}

static redisReply *
ask(int argc, const char **argv, const size_t *lens)
{
	redisReply *reply;
	int64_t paused;

	if (!may_ask(&paused))
		return NULL;

	reply = try(argc, argv, lens);
	if (!reply) {
		shared->redis_pause = clock_monotonic() + (int64_t)REDIS_PAUSE * MICROS;
		if (!paused)
			log_warn(NULL, "Redis is away: this host counts and remembers by itself");
	} else if (paused) {
		shared->redis_pause = 0;
		log_info(NULL, "Redis is back");
	}
	return reply;
}

/* ---- what is asked */

/* Frees it, and says whether it is what was wanted. */
static bool
done(redisReply *reply, bool good)
{
	if (reply && !good)
		complain("what was asked", reply);
	if (reply)
		freeReplyObject(reply);
	return good;
}

bool
redis_ping(void)
{
	redisReply *reply = ask(1, (const char *[]) { "PING" }, NULL);

	return done(reply, reply && reply->type == REDIS_REPLY_STATUS);
}

bool
redis_run(const char *script, const char *key, const char *const *args, int64_t *numbers, size_t n)
{
	const char *argv[4 + REDIS_ARGS_MAX] = { "EVAL", script, "1", key };
	redisReply *reply;
	int argc = 4;
	bool good;

	while (argc < 4 + REDIS_ARGS_MAX && *args)
		argv[argc++] = *args++;
	reply = ask(argc, argv, NULL);
	good = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == n;
	for (size_t i = 0; i < n && good; i++) {
		good = reply->element[i]->type == REDIS_REPLY_INTEGER;
		numbers[i] = reply->element[i]->integer;
	}
	return done(reply, good);
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
	reply = ask((int)n + 1, argv, NULL);
	good = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == n;
	if (!good)
		return done(reply, false);

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
redis_put(const char *key, const void *data, size_t len, int64_t seconds)
{
	char life[24];
	const char *argv[] = { "SET", key, data, "EX", life };
	size_t lens[] = { 3, strlen(key), len, 2, 0 };
	redisReply *reply;

	lens[4] = (size_t)snprintf(life, sizeof(life), "%" PRId64, seconds);
	reply = ask(COUNT(argv), argv, lens);
	return done(reply, reply && reply->type == REDIS_REPLY_STATUS);
}
