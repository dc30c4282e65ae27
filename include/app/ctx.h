/*
 * What one unit of work has at hand: a request, a job, a command. The first parameter
 * of nearly every function; lives in its arena.
 */
#ifndef APP_CTX_H
#define APP_CTX_H

#include "app/arena.h"
#include "app/error.h"

struct db;

/* In order of rank: a higher number may all that a lower one may. */
enum role { ROLE_NONE, ROLE_VIEWER, ROLE_MEMBER, ROLE_ADMIN, ROLE_OWNER };

extern const char *const role_names[]; /* "viewer" … "owner", NULL: choices of a field */

/* Other names that clients may send: .aliases of a field (app/schema.h). */
extern const char *const role_aliases[];

/* "admin" for ROLE_ADMIN; "none" for what is no role. */
const char *role_name(enum role);

/* ROLE_NONE if it is none of the names. */
enum role role_parse(const char *name);

/* Who asks. All empty: a stranger. */
struct caller {
	enum role role;
	const char *user_id;       /* UUID; NULL for a stranger */
	const char *session_id;    /* UUID; NULL where there is no session (API key, command) */
	const char *api_key_id;    /* UUID; set for an API key alone */
	const char *const *scopes; /* of the API key, NULL-terminated */
};

/* A place in the queue for password hashing (app/hash_queue.h). */
struct hash_ticket {
	uint64_t number; /* 0: none */
	unsigned place;
	int64_t since; /* clock_monotonic() */
	bool ran;      /* its turn has come, and lasts until hash_leave() */
	bool refused;  /* its turn did not come in time: it gets no second place */
};

struct ctx {
	struct arena *arena;
	struct db *db; /* NULL where the work has no database */
	struct caller caller;
	const char *request_id;  /* never NULL */
	const char *traceparent; /* valid W3C traceparent, or NULL */
	const char *ip;          /* of the client as the web server tells it, or NULL */
	const char *user_agent;  /* or NULL */
	const char *route;       /* pattern of the route for the logs, or NULL */
	const char *process;     /* who acts where nobody asks: "cli", "system"; else NULL */
	struct failure failure;
	struct hash_ticket hash;
	bool can_park; /* the request can be run again: if it is not its turn to hash, hashing fails
			* and sets `parked`; the place is kept until the response */
	bool parked;
};

/* Whose rows the caller may touch, the value of $2 in "($2::uuid IS NULL OR owner_id = $2)":
 * his own; NULL, everybody's, for admins and where a process acts; nobody's for a stranger. */
const char *visible_to(const struct ctx *);

/* The user agent as it may be kept: valid UTF-8, at most 400 bytes; or NULL. */
const char *ctx_user_agent(struct ctx *);

#endif
