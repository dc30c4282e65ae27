/*
 * A feature is one row: what it plugs into the application. src/features.c lists them.
 */
#ifndef APP_FEATURE_H
#define APP_FEATURE_H

#include "app/db.h"
#include "app/http.h"
#include "app/list.h"

struct job_task;
struct command;
struct cron;
struct metric;

struct feature {
	const char *name;           /* "items": tag in OpenAPI */
	const char *summary;        /* one sentence for it */
	const struct route *routes; /* ends with { 0 }; NULL: none */
	const struct query *queries;
	const struct list *const *lists; /* ends with NULL */

	/* Other features whose changes show in this one's answers (.cache_seconds), such as
	 * those whose rows take ours with them; at most 6 names, ends with NULL. */
	const char *const *invalidated_by;

	const struct job_task *const *jobs;  /* ends with NULL (app/job.h) */
	const struct cron *crons;            /* ends with { 0 } */
	const struct metric *const *metrics; /* ends with NULL (app/metrics.h) */
	const struct command *commands;      /* ends with { 0 } (app/command.h) */

	/* Who is asking? Fills req->ctx->caller from the request's credentials; OK and an
	 * empty caller where there are none, or none of its kind. The features are asked in
	 * their order until one knows the caller, or refuses him. */
	enum error (*authenticate)(struct request *);
	bool api_keys; /* the credentials are API keys (X-API-Key): for OpenAPI */

	/* What comes after a caller was refused with 403, or anybody by a limit (once in the
	 * time of its window), once the answer is made. */
	void (*refused)(struct request *, enum error);

	/* What `seed` does for it; safe to repeat. Says what it did on `out`. */
	enum error (*seed)(struct ctx *, FILE *out);

	/* The same for `seed --sample`: data to try the API with. */
	enum error (*sample)(struct ctx *, FILE *out);
};

/* All features, NULL at the end. */
extern const struct feature *const features[];

#endif
