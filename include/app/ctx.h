/*
 * The context of one unit of work: a request, a job, a command. It is the first parameter of nearly
 * every function. What must live until the end of the unit of work is allocated in its arena.
 */
#ifndef APP_CTX_H
#define APP_CTX_H

#include "app/arena.h"
#include "app/error.h"

struct app;
struct db;
struct schema;

/* Each role includes the permissions of the ones below it. */
enum role { ROLE_NONE, ROLE_VIEWER, ROLE_MEMBER, ROLE_ADMIN, ROLE_OWNER };

extern const char *const role_names[]; /* "viewer" … "owner", NULL: for .choices of a field */

/* Other names that clients may send: for .aliases of a field (app/schema.h). */
extern const char *const role_aliases[];

/* "admin" for ROLE_ADMIN; "none" for ROLE_NONE and invalid values. */
const char *role_name(enum role);

/* ROLE_NONE if the name is unknown. */
enum role role_parse(const char *name);

/* The authenticated caller. All zero: anonymous. */
struct caller {
	enum role role;
	const char *user_id;       /* UUID; NULL: anonymous */
	const char *session_id;    /* UUID; NULL without a session (API key, command) */
	const char *api_key_id;    /* UUID; NULL unless an API key was used */
	const char *const *scopes; /* of the API key, NULL-terminated */
	bool cookie;               /* the session was identified by a cookie */
	int64_t confirmed;         /* when the session was last confirmed by the password, in
				    * microseconds since 1970; 0 without a session */
};

/* A place in the queue for password hashing (app/hash_queue.h). */
struct hash_ticket {
	uint64_t number; /* 0: none */
	unsigned place;
	int64_t since; /* clock_monotonic() */
	bool ran;      /* its turn has come; it may hash until hash_leave() */
	bool refused;  /* it waited too long for its turn; it gets no second place */
};

/* What the request demands of the row that it changes (If-Match). */
struct precondition {
	const struct schema *schema; /* of the row; NULL: nothing is demanded */
	/* "id-version" of each version that the row may have, then NULL */
	const char *const *versions;
	bool checked; /* set by table_update(), table_delete() and table_check_version() */
};

struct ctx {
	const struct app *app; /* app/feature.h */
	struct arena *arena;
	struct db *db; /* NULL if the work needs no database */
	struct caller caller;
	const char *request_id;  /* never NULL */
	const char *traceparent; /* valid W3C traceparent, or NULL */
	const char *ip;          /* of the client, as the web server reports it, or NULL */
	const char *user_agent;  /* or NULL */
	bool https;              /* the client reached the web server by TLS */
	const char *set_cookie;  /* Set-Cookie of a success, or NULL */
	bool clears_cookie;      /* set_cookie clears the cookie, so errors have it too */
	const char *route;       /* pattern of the route for the logs, or NULL */
	const char *process;     /* the actor if there is no caller: "cli", "system"; else NULL */
	struct precondition precondition;
	struct failure failure;
	struct hash_ticket hash;
	bool can_park; /* the request can run again: if it has to wait for its turn to hash, hashing
			* fails and sets `parked`; the ticket stays valid until the response */
	bool parked;
};

/* The owner whose rows the caller may access, for $2 in "($2::uuid IS NULL OR owner_id = $2)": the
 * caller; NULL (all rows) for admins and processes; the nil UUID (no rows) for anonymous callers. */
const char *visible_to(const struct ctx *);

/* The user agent for storage, cut to at most 400 bytes of valid UTF-8; or NULL. */
const char *ctx_user_agent(struct ctx *);

/* Records an error and returns `e`. The text goes to the client, so it must not contain SQL,
 * paths or secrets; `format` may be NULL. Details for the operator are logged where they occur. */
enum error fail(struct ctx *, enum error e, const char *format, ...) PRINTF_LIKE(3, 4);

/* Records a 503 and returns the error of the cause: E_UNAVAILABLE or E_OVERLOADED. Do not pass
 * these two to fail() (tests/lint/causes.sh). */
enum error fail_unavailable(struct ctx *, enum cause, const char *format, ...) PRINTF_LIKE(3, 4);

/* Adds an invalid field and returns E_VALIDATION. `in` must be a literal. At most 100 fields are
 * recorded. */
enum error fail_field(struct ctx *, const char *in, const char *field, enum field_code,
		      const char *format, ...) PRINTF_LIKE(5, 6);

void failure_clear(struct ctx *);

#endif
