/*
 * Jobs: work that another process (`work`) does later, with PostgreSQL as the queue.
 *
 *	static enum error
 *	send_invoice(struct job *job)
 *	{
 *		const struct invoice_args *args = job->args;
 *		…
 *		return OK;
 *	}
 *
 *	const struct job_task invoice_job = {
 *		.name = "send_invoice", .args = &invoice_args_schema, .run = send_invoice,
 *	};
 *
 * and a row in the feature's .jobs. Enqueue the job in the transaction that needs it, so that the job
 * exists if and only if the transaction commits:
 *
 *	e = job_enqueue(c, &invoice_job, &args, .unique = order->id);
 *
 * A job runs at least once: if a worker dies between the effect and the end of the job, another
 * worker runs the job again. A handler therefore checks whether its effect already exists, or
 * makes it in the transaction that ends the job (job_finish).
 */
#ifndef APP_JOB_H
#define APP_JOB_H

#include "app/table.h"

struct app;
struct job;

/* The queue of jobs that users wait for, such as e-mails. `work` has a worker that serves only this
 * queue, so that long jobs of other queues do not delay them. */
#define JOB_QUEUE_MAIL "mail"

/* A task: a row in its feature, listed in the feature's .jobs. The default for 0 is in
 * parentheses. */
struct job_task {
	const char *name;    /* "send_invoice"; never change it: stored jobs refer to it */
	const char *summary; /* one sentence */
	/* The arguments: rows with F_READ | F_CREATE. They are checked like the body of a request,
	 * when the job is enqueued and when it runs. They are readable in the table, so they must not
	 * contain secrets. NULL: no arguments. */
	const struct schema *args;
	/* OK: the job succeeded. An error ends this attempt; the text of fail() is stored. */
	enum error (*run)(struct job *);
	int64_t timeout;      /* seconds for an attempt (60) */
	int64_t max_attempts; /* (10); then the job has failed, and is kept for `jobs retry` */
	int64_t backoff;      /* seconds before the second attempt (15); doubles with each further
			       * one, up to 6 hours; varies randomly by 10% */
	const char *queue;    /* ("default") each queue can be paused separately */
	int64_t concurrency;  /* maximum number that run at once on all hosts (no limit); such a
			       * task has its own queue, of the same name */
};

/* A cron entry: a row in the feature's .crons, which ends with { 0 }. Each occurrence enqueues one
 * job, however many processes run. Occurrences missed while no process ran enqueue one job. */
struct cron {
	const char *name; /* "invoices_monthly"; must be unique */
	const char *at;   /* minute hour day month weekday, as in crontab(5): "30 6 * * 1-5" */
	const char *zone; /* "Europe/Berlin"; NULL: UTC */
	const struct job_task *task;
	const void *args; /* record of task->args, or NULL */
};

struct job_options {
	const char *unique; /* do not enqueue if an unfinished job of this task has the same text */
	int64_t run_at;     /* earliest start (clock_now()); 0: now */
	const char *queue;  /* NULL: the queue of the task */
	int priority;       /* from -1000 to 1000; the highest in a queue runs first */
	const char *owner;  /* UUID of the user who can see it; NULL: only administrators */
	const char **id;    /* receives the UUID of the job, or of the existing one */
};

/* Enqueues a job, in the open transaction or in its own. E_VALIDATION: the arguments are invalid;
 * E_RATE_LIMITED: the owner has JOB_MAX_UNFINISHED unfinished jobs.
 *
 *	e = job_enqueue(c, &invoice_job, &args, .unique = order->id, .priority = 10);
 */
#define job_enqueue(c, task, args, ...)                                                            \
	job_enqueue_((c), (task), (args), (struct job_options) { __VA_ARGS__ })
enum error job_enqueue_(struct ctx *, const struct job_task *, const void *args,
			struct job_options) MUST_CHECK;

/* The same by the name of the task, with arguments as JSON (NULL: none). E_NOT_FOUND: unknown task. */
enum error job_enqueue_json(struct ctx *, const char *task, const char *json,
			    const char **id) MUST_CHECK;

/* ---- For handlers */

/* The running job. The ctx has an arena, a database, and the request id and traceparent of the
 * request that enqueued it. Jobs run without a caller; access checks do not apply. */
struct job {
	struct ctx *ctx;
	const struct job_task *task;
	const char *id;
	const char *owner; /* UUID or NULL */
	const void *args;  /* a record of task->args */
	int64_t attempts;  /* 1: the first attempt */
	int64_t max_attempts;
	struct job_state *state; /* private */
};

/* Reports progress from 0 to 100, which GET {API_PREFIX}/jobs/{id} and `jobs show` display. It is
 * written at most twice a second, so it can be called often. Returns an error if the job must stop (it was
 * cancelled, timed out, lost its lease, or the worker is stopping): return that error. */
enum error job_progress(struct job *, int percent) MUST_CHECK;

/* Returns an error if the job must stop, like job_progress(). A handler that calls neither runs until
 * its timeout. */
enum error job_check(struct job *) MUST_CHECK;

/* Sleeps; returns an error at once if the job must stop. */
enum error job_sleep(struct job *, int64_t milliseconds) MUST_CHECK;

/* `return job_snooze(job, 30);` runs the job again later. This does not count as an attempt. */
enum error job_snooze(struct job *, int64_t seconds) MUST_CHECK;

/* `return job_give_up(job, fail(…));` fails the job without further attempts. */
enum error job_give_up(struct job *, enum error e) MUST_CHECK;

/* Stores a result that the owner can see: a record with F_READ rows. */
void job_result(struct job *, const struct schema *, const void *record);

/* Use it instead of db_finish(): if e is OK, commits the transaction together with the end of the
 * job, so that the effect happens exactly once. E_CONFLICT, and a rollback, if another worker has
 * taken over the job. */
enum error job_finish(struct job *, enum error e) MUST_CHECK;

/* ---- Administration */

/* A job as the API shows it. */
struct job_row {
	const char *id, *job_id; /* the same */
	const char *task;        /* name of the task */
	const char *status;      /* queued, scheduled, running, succeeded, failed, cancelled */
	int64_t progress;
	const char *result; /* JSON or NULL */
	const char *error;  /* of the last attempt, or NULL */
	int64_t attempts, max_attempts;
	const char *queued_at, *run_at;
	const char *started_at, *finished_at; /* or NULL */
	/* Not in the API. */
	const char *owner_id; /* or NULL */
	const char *queue, *args, *errors;
	const char *request_id; /* or NULL */
	int64_t priority;
	bool stopping; /* it was cancelled while it ran */
};

extern const struct schema job_schema;
extern const char *const job_statuses[];

/* Filters of jobs_table. */
enum { JOBS_BY_STATUS, JOBS_BY_TASK, JOBS_BY_QUEUE };
extern const struct table jobs_table;
extern const struct query job_queries[];

/* `visible_to`: only jobs of this owner; NULL: all. E_NOT_FOUND. */
enum error job_find(struct ctx *, const char *id, const char *visible_to,
		    struct job_row *out) MUST_CHECK;

/* Cancels a job. A waiting job ends at once; a running one stops when its handler checks. E_CONFLICT
 * if the job has finished. */
enum error job_cancel(struct ctx *, const char *id, const char *visible_to,
		      struct job_row *out) MUST_CHECK;

/* Queues a failed or cancelled job again; E_CONFLICT for any other. E_RATE_LIMITED as in
 * job_enqueue(). */
enum error job_retry(struct ctx *, const char *id, const char *visible_to,
		     struct job_row *out) MUST_CHECK;

/* Pauses or resumes a queue. No job of a paused queue is started. */
enum error job_pause(struct ctx *, const char *queue, bool paused) MUST_CHECK;

/* Removes jobs that finished more than `hours` ago (0: as set by the settings), in batches. */
enum error job_prune(struct ctx *, int64_t hours, int64_t *removed) MUST_CHECK;

/* Statistics of a queue. */
struct job_queue {
	const char *queue;
	bool paused;
	int64_t queued, scheduled, running, succeeded, failed, cancelled;
	int64_t oldest; /* waiting time of the oldest queued job in seconds */
};
extern const struct schema job_queue_schema;

enum error job_stats(struct ctx *, struct records *out) MUST_CHECK; /* of struct job_queue */

/* Unfinished jobs in all queues; up to a second old. */
struct job_depth {
	int64_t queued, scheduled, running;
	int64_t oldest; /* seconds that the oldest queued job has waited; not in paused queues */
};
enum error job_depth(struct ctx *, struct job_depth *out) MUST_CHECK;

/* Totals of finished attempts on all hosts. */
struct job_total {
	const char *task, *result; /* succeeded, failed, cancelled, retried */
	int64_t attempts, microseconds;
	const char *cells; /* of metric_job_duration: "12,0,…" */
};
enum error job_totals(struct ctx *, struct records *out) MUST_CHECK; /* of struct job_total */

/* The task of this name, or NULL. */
const struct job_task *job_task_find(const struct app *, const char *name);

/* Runs a pool of a supervisor, JOB_WORKERS workers and one for mail until it is stopped. Returns the
 * exit status. The settings must be loaded. `argv` is the command line, for a reload. */
int job_work(const struct app *, char **argv);

/* Like job_work(), but runs only the jobs that are due, then returns the exit status. */
int job_work_once(const struct app *);

#endif
