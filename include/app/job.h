/*
 * Jobs: work that is done later, by another process (`work`), with PostgreSQL as the queue.
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
 * and a row in the feature's .jobs. Whoever wants it done says so in the transaction of the
 * act, so that the job is there if and only if the act is:
 *
 *	e = job_enqueue(c, &invoice_job, &args, .unique = order->id);
 *
 * A job runs at least once: a worker that dies after the effect and before it could say so
 * leaves the job to another one. So a handler looks whether its effect is there already, or
 * has it in the transaction that ends the job (job_finish).
 */
#ifndef APP_JOB_H
#define APP_JOB_H

#include "app/list.h"

struct job;

/* The queue of jobs that a person waits for, such as e-mails: `work` has a worker for it alone, so
 * that long jobs of other queues do not delay them. */
#define JOB_QUEUE_MAIL "mail"

/* One kind of job: a row in its feature, named in the feature's .jobs. A 0 takes the default
 * that is told here. */
struct job_task {
	const char *name;    /* "send_invoice": stays for ever, jobs in the table have it */
	const char *summary; /* one sentence */
	/* Its arguments: rows that have F_READ | F_CREATE. They are checked as the body of a
	 * request is, when it is enqueued and when it runs. They can be read in the table, so
	 * hold no secret: refer to a row. NULL: it takes none. */
	const struct schema *args;
	/* OK ends the job well. An error ends this try; what fail() said is kept with it. */
	enum error (*run)(struct job *);
	int64_t timeout;      /* seconds of a try (60) */
	int64_t max_attempts; /* tries (10); then it is failed, and stays for `jobs retry` */
	int64_t back_off;     /* seconds before the second try (15); doubled with each further one,
			    * up to 6 hours, more or less a tenth */
	const char *queue;    /* ("default") Each queue can be paused by itself. */
	int64_t concurrency;  /* how many may run at once, on all hosts together (no limit).
			      * Such a kind has a queue of its own, by its own name. */
};

/* A time that comes again, a row in the feature's .crons; they end with { 0 }. However many
 * processes run, one job is enqueued. What fell due while none ran is made up for once. */
struct cron {
	const char *name; /* "invoices_monthly": one of its own */
	const char *at;   /* minute hour day month weekday, as in crontab(5): "30 6 * * 1-5" */
	const char *zone; /* "Europe/Berlin"; NULL: UTC */
	const struct job_task *task;
	const void *args; /* record of task->args, or NULL */
};

struct job_options {
	const char *unique; /* no second one of this kind and text while one is not finished */
	int64_t run_at;     /* not before (clock_now()); 0: at once */
	const char *queue;  /* NULL: that of the kind */
	int priority;       /* from -1000 to 1000; in its queue the highest is first */
	const char *owner;  /* the user who may see it, UUID; NULL: administrators alone */
	const char **id;    /* gets its UUID; of the one that is there, where not unique */
};

/* Puts a job into the queue, in the open transaction or in one of its own. E_VALIDATION
 * if the arguments are invalid, E_RATE_LIMITED if the owner has
 * JOB_MAX_UNFINISHED unfinished jobs.
 *
 *	e = job_enqueue(c, &invoice_job, &args, .unique = order->id, .priority = 10);
 */
#define job_enqueue(c, task, args, ...)                                                            \
	job_enqueue_((c), (task), (args), (struct job_options) { __VA_ARGS__ })
enum error job_enqueue_(struct ctx *, const struct job_task *, const void *args,
			struct job_options) MUST_CHECK;

/* The same for a task by its name, with arguments as JSON (NULL: none), which are checked.
 * E_NOT_FOUND for an unknown task. */
enum error job_enqueue_json(struct ctx *, const char *task, const char *json,
			    const char **id) MUST_CHECK;

/* ---- For handlers */

/* The job in hand. The ctx has an arena and a database, the request id and the traceparent
 * of the request that wanted the job, and no caller: a job may everything. */
struct job {
	struct ctx *ctx;
	const struct job_task *task;
	const char *id;
	const char *owner; /* UUID or NULL */
	const void *args;  /* a record of task->args */
	int64_t attempts;  /* 1 for the first try */
	int64_t max_attempts;
	struct job_state *state; /* private */
};

/* How far it is, 0 to 100: GET P/jobs/{id} and `jobs show` tell. Call it as often as you
 * like; it is written twice a second at most. An error where the job must stop (it was
 * cancelled, its time is up, its lease is lost, the worker ends): hand it on. */
enum error job_progress(struct job *, int percent) MUST_CHECK;

/* Whether the job must stop, for handlers that report no progress; then fails as
 * job_progress(). A handler that never asks runs on until its timeout. */
enum error job_check(struct job *) MUST_CHECK;

/* Waits; fails at once where the job must stop. */
enum error job_sleep(struct job *, int64_t milliseconds) MUST_CHECK;

/* `return job_snooze(job, 30);`: not now, in so many seconds. Counts as no try. */
enum error job_snooze(struct job *, int64_t seconds) MUST_CHECK;

/* `return job_give_up(job, fail(…));`: no further try would help. */
enum error job_give_up(struct job *, enum error e) MUST_CHECK;

/* What came of it, for the owner to see: a record with F_READ rows. */
void job_result(struct job *, const struct schema *, const void *record);

/* In place of db_finish(): where e is OK, what the transaction did and the end of the job are
 * committed together, so the effect happens exactly once. E_CONFLICT, and all of it rolled
 * back, where another worker has the job by now. */
enum error job_finish(struct job *, enum error e) MUST_CHECK;

/* ---- For those who look after jobs */

/* A job as the API shows it. */
struct job_row {
	const char *id, *job_id; /* the same twice */
	const char *task;        /* the name of its kind */
	const char *status;      /* queued, scheduled, running, succeeded, failed, cancelled */
	int64_t progress;
	const char *result; /* JSON or NULL */
	const char *error;  /* of the last try, or NULL */
	int64_t attempts, max_attempts;
	const char *queued_at, *run_at;
	const char *started_at, *finished_at; /* or NULL */
	/* Not in the API. */
	const char *owner_id; /* or NULL */
	const char *queue, *args, *errors;
	const char *request_id; /* or NULL */
	int64_t priority;
	bool stopping; /* it was told to stop */
};

extern const struct schema job_schema;
extern const char *const job_statuses[];

/* By status, by task, by owner (set by the service). */
enum { JOBS_BY_STATUS, JOBS_BY_TASK, JOBS_BY_QUEUE, JOBS_VISIBLE };
extern const struct list jobs_rows;
extern const struct query job_queries[];

/* `visible_to` is the owner whose jobs count, NULL for everybody's. */
enum error job_find(struct ctx *, const char *id, const char *visible_to,
		    struct job_row *out) MUST_CHECK;

/* One that waits is over at once; one that runs is told, and stops when it looks. E_CONFLICT
 * where it is over already. */
enum error job_cancel(struct ctx *, const char *id, const char *visible_to,
		      struct job_row *out) MUST_CHECK;

/* Queues a failed or cancelled job again; E_CONFLICT for any other. E_RATE_LIMITED as in
 * job_enqueue(). */
enum error job_retry(struct ctx *, const char *id, const char *visible_to,
		     struct job_row *out) MUST_CHECK;

/* Nothing of a paused queue is begun. */
enum error job_pause(struct ctx *, const char *queue, bool paused) MUST_CHECK;

/* Removes what finished so long ago, in batches. 0: as the settings say. */
enum error job_prune(struct ctx *, int64_t hours, int64_t *removed) MUST_CHECK;

/* One line a queue. */
struct job_queue {
	const char *queue;
	bool paused;
	int64_t queued, scheduled, running, succeeded, failed, cancelled;
	int64_t oldest; /* seconds that the first in the queue has waited */
};
extern const struct schema job_queue_schema;

enum error job_stats(struct ctx *, struct records *out) MUST_CHECK; /* of struct job_queue */

/* What is not finished, in all queues. Up to a second old. */
struct job_depth {
	int64_t queued, scheduled, running;
	int64_t oldest; /* seconds that the first in a queue that is not paused has waited */
};
enum error job_depth(struct ctx *, struct job_depth *out) MUST_CHECK;

/* How tries ended since the beginning, on all hosts. */
struct job_total {
	const char *task, *result; /* succeeded, failed, cancelled, retried */
	int64_t tries, microseconds;
	const char *cells; /* of metric_job_duration: "12,0,…" */
};
enum error job_totals(struct ctx *, struct records *out) MUST_CHECK; /* of struct job_total */

/* The kind of that name in features[], or NULL. */
const struct job_task *job_task_find(const char *name);

/* Runs jobs until it is stopped: a parent, JOB_WORKERS workers and one for mail. Returns the exit
 * status. The settings must be loaded. */
int job_work(void);

/* Runs the jobs that are due, with as many workers. Returns the exit status. */
int job_work_once(void);

#endif
