/*
 * A feature is a struct that lists everything it adds to the application; an application is a list
 * of features.
 */
#ifndef APP_FEATURE_H
#define APP_FEATURE_H

#include "app/db.h"
#include "app/http.h"
#include "app/table.h"

struct job_task;
struct command;
struct cron;
struct metric;

/* An account whose owner wants to sign in. */
struct sign_in {
	const char *user_id;
	bool email_verified;
};

/* Sessions that a browser carries in a cookie. */
struct cookie_sessions {
	/* The name of the cookie; NULL: they are turned off. */
	const char *(*name)(void);
	/* Whether the request's credential is the cookie. */
	bool (*sent)(const struct request *);
	/* Refuses a request that another site may have caused. Called for each request, before
	 * anything has an effect. */
	enum error (*check)(struct request *);
	/* Gives the session a new cookie, in the open transaction. The response sets it. */
	enum error (*issue)(struct ctx *, const char *session_id);
	/* Ends the session of the request's cookie, if it has not ended. */
	enum error (*log_out)(struct request *);
};

struct feature {
	const char *name;           /* "items" */
	const char *tag;            /* its tag in OpenAPI; NULL: .name */
	const char *summary;        /* of the tag: one sentence, in its first feature; else NULL */
	const struct route *routes; /* ends with { 0 }; NULL: none */
	const struct query *queries;
	const struct table *const *tables; /* ends with NULL */

	/* Names of other features whose changes invalidate this one's cached responses (see
	 * .cache_seconds), such as a feature whose DELETE cascades to this one's rows. At most
	 * 6, then NULL. */
	const char *const *invalidated_by;

	const struct job_task *const *jobs;  /* ends with NULL (app/job.h) */
	const struct cron *crons;            /* ends with { 0 } */
	const struct metric *const *metrics; /* ends with NULL (app/metrics.h) */
	const struct command *commands;      /* ends with { 0 } (app/command.h) */
	const struct setting *settings;      /* ends with { 0 } (app/settings.h) */

	/* Identifies the caller by the request's credentials and fills req->ctx->caller. Without
	 * credentials of its kind, returns OK and leaves the caller empty. Called until one
	 * feature identifies or rejects the caller; those with .api_keys come first. */
	enum error (*authenticate)(struct request *);
	bool api_keys;                         /* the credentials are API keys */
	const struct cookie_sessions *cookies; /* the credentials are cookies; NULL: they are not */

	/* Whether an active account may sign in, whatever its password is. Every feature that has
	 * this is asked; the response is that to a wrong password. */
	bool (*may_sign_in)(const struct sign_in *);

	/* Called after a 403 for a known caller, a refusal to remove the last owner, or a 429.
	 * Repetitions (same caller or client address, same error, same route or policy) are skipped
	 * for a minute; those of a 429, during the window of its policy. */
	void (*refused)(struct request *, enum error);

	/* Creates the rows that must exist before the first request, for `seed`. Must be
	 * idempotent; reports to `out`. */
	enum error (*seed)(struct ctx *, FILE *out);

	/* The same for `seed --sample`: data to try the API with. */
	enum error (*sample)(struct ctx *, FILE *out);
};

/* An application. main.c passes its own to cli_main(); afterwards, ctx->app is the application. */
struct app {
	const char *name;                      /* of the program, in its help and messages */
	const struct feature *const *features; /* ends with NULL */
	const struct command *commands;        /* besides those of the features; ends with { 0 } */
};

/* The cookie sessions of the application; NULL if it has none or they are turned off. */
const struct cookie_sessions *cookie_sessions(const struct app *);

#endif
