/*
 * Shared by the files of this folder. `work` is a pool (serve/prefork.c). Its first worker is the
 * supervisor, which renews leases, receives notifications, and schedules jobs; the others fetch jobs
 * and run them, one at a time.
 *
 * A lease is a number that a worker chooses for each batch of jobs that it fetches. It is stored in
 * the rows, and in the slot of the worker in the shared segment while the worker is alive and
 * running; the supervisor renews only the leases in slots.
 */
#ifndef APP_JOB_PRIV_H
#define APP_JOB_PRIV_H

#include "app/job.h"
#include "app/pool.h"
#include "shared/shared_priv.h"

#define SECOND ((int64_t)1000000)

enum {
	JOB_ARGS_MAX = 64 * 1024,
	JOB_RESULT_MAX = 256 * 1024,
	JOB_GRACE_SECONDS = 5, /* for a job that must stop, but does not check */
};

/* The number of leases that are reserved for a worker, from its first one. */
#define LEASES_EACH (INT64_C(1) << 32)

/* Why a job must stop. */
enum job_stop { STOP_NONE, STOP_CANCELLED, STOP_LOST, STOP_TIMEOUT, STOP_EXITING };

/* The part of a job that its handler does not see. */
struct job_state {
	struct worker_slot *slot;
	int64_t key, lease;
	int64_t deadline;      /* clock_monotonic() */
	int64_t written_at;    /* when progress was last written */
	int percent, written;  /* progress: reported, written */
	enum job_stop stopped; /* the reason reported to the handler */
	bool given_up, ended;  /* by job_give_up(), job_finish() */
	int64_t snooze;        /* seconds; 0: no job_snooze() */
	const char *result;    /* JSON or NULL */
};

/* ---- job_task.c: tasks with their defaults, and queues */

int64_t task_timeout(const struct job_task *);
int64_t task_max_attempts(const struct job_task *);
const char *task_queue(const struct job_task *);

/* Seconds before the next attempt, with jitter. */
int64_t task_backoff(const struct job_task *, int64_t attempts);

/* The names of all tasks as PostgreSQL text[]. */
const char *task_names(struct ctx *);

/* Parses and checks the arguments of a job. *args: the record, or NULL if the task has none.
 * E_MALFORMED_JSON, E_VALIDATION. */
enum error task_read_args(struct ctx *, const struct job_task *, const char *json,
			  const void **args) MUST_CHECK;

/* The maximum number of jobs of a queue that run at once; 0: no limit. */
int64_t queue_limit(const struct app *, const char *queue);

/* The queues of JOB_QUEUES as text[]; NULL: all. */
const char *queue_names(struct ctx *);

/* Whether JOB_QUEUES includes the queue. */
bool queue_served(const char *queue);

/* ---- cron.c */

struct cron_times {
	uint64_t minutes; /* one bit each */
	uint32_t hours, days, months, weekdays;
	bool any_hour, any_day, any_weekday; /* the field is * */
};

/* Parses the five fields. Returns NULL or the error (a literal). */
const char *cron_read(const char *at, struct cron_times *) MUST_CHECK;

/* Whether this host knows the time zone. NULL: UTC. */
bool cron_zone_known(const char *zone);

/* The last scheduled minute after `after` and up to `now`, in seconds since 1970; 0: none. */
int64_t cron_last_due(const struct cron_times *, const char *zone, int64_t after, int64_t now);

/* ---- job_supervisor.c, job_worker.c, job_run.c */

/* Initialize the process (false, with errno, on failure); run until a signal stops it. */
bool supervisor_init(const struct app *, enum signal_role);
void supervisor_run(void);
bool job_worker_init(const struct app *, struct worker_slot *, bool mail_only);
void job_worker_run(void);

/* For `work --once`: checks once which jobs are due, and closes the connection before fork(); then
 * supervises the children until all have exited. False: one of them failed. */
enum error supervisor_check_once(void) MUST_CHECK;
bool supervisor_wait_children(void);

/* Runs jobs until no queue has any. False: the database is unavailable. */
bool job_worker_run_all(void) MUST_CHECK;

/* Creates job_wakeups; false, with errno, on failure. */
bool wakeups_open(void);

/* The eventfd(2)s by which the supervisor and the workers wake each other. */
struct job_wakeups {
	int workers, mail, supervisor; /* mail: the worker for the queue mail */
};
extern struct job_wakeups job_wakeups;
void wakeup_send(int fd);
void wake_workers(void);

/* A running job, until its outcome is written. */
struct job_run {
	struct ctx ctx;
	struct job job;
	struct job_state state;
	enum error error;
};

struct taken_job;

/* Runs the handler and stores its error in the job_run. */
void job_run(struct job_run *, const struct taken_job *);

/* When the job must have stopped because its worker exits (clock_monotonic()); 0: it does not exit. */
extern _Atomic int64_t job_exit_at;

/* ---- job_totals.c */

/* Adds the counts of this pool to the table job_totals. */
enum error job_totals_report(struct ctx *) MUST_CHECK;

/* ---- job_repo.c */

struct metric_series;
enum error job_totals_add(struct ctx *, const struct metric_series *) MUST_CHECK;
enum error job_count(struct ctx *, struct job_depth *out) MUST_CHECK;

/* A job that a worker has fetched. */
struct taken_job {
	int64_t key;
	const char *id, *task, *args;
	const char *owner_id, *request_id, *traceparent; /* or NULL */
	int64_t attempts, max_attempts;
};

struct due_jobs {
	bool moved;      /* scheduled jobs have become queued */
	bool waiting;    /* there are queued jobs */
	bool lost;       /* there are expired leases */
	int64_t next_ms; /* until the next scheduled job; -1: none */
};

struct held_job {
	int64_t key, lease;
	bool stopping;
};

struct rescued_job {
	const char *id, *task, *status, *error;
};

/* Those of the queues (text[]; NULL: all) that have queued jobs and are not paused, as struct
 * job_queue with the name only. */
enum error jobs_open_queues(struct ctx *, const char *queues, struct records *out) MUST_CHECK;

/* Fetches up to `n` jobs under a lease, as struct taken_job. */
enum error jobs_take(struct ctx *, const char *queue, int64_t n, int64_t lease,
		     struct records *out) MUST_CHECK;

/* End jobs of a lease. *changed (may be NULL): how many the lease still held. */
enum error jobs_succeed(struct ctx *, int64_t lease, const int64_t *keys, size_t n,
			const char *result, int64_t *changed) MUST_CHECK;
/* `status`: scheduled (in `delay` seconds), failed or cancelled. */
enum error job_fail(struct ctx *, int64_t key, int64_t lease, const char *status, int64_t delay,
		    const char *error, int64_t *changed) MUST_CHECK;
/* Returns jobs to their queue without counting the attempt: scheduled, or queued if `delay` is 0. */
enum error jobs_release(struct ctx *, int64_t lease, const int64_t *keys, size_t n, int64_t delay,
			int64_t *changed) MUST_CHECK;
enum error job_write_progress(struct ctx *, int64_t key, int64_t lease, int percent,
			      int64_t *changed) MUST_CHECK;

/* Makes the connection plan its statements again: since the last plan, the table may have grown from
 * empty to a million rows. */
enum error jobs_discard_plans(struct ctx *) MUST_CHECK;

/* Moves scheduled jobs that are due to their queues, and reports what there is to do. */
enum error jobs_check(struct ctx *, struct due_jobs *out) MUST_CHECK;

/* Renews leases. Returns their jobs as struct held_job. */
enum error jobs_renew(struct ctx *, const int64_t *leases, size_t n,
		      struct records *out) MUST_CHECK;

/* Takes jobs from expired leases and from dead workers, each identified by its first lease. Returns
 * them as struct rescued_job. */
enum error jobs_rescue(struct ctx *, const int64_t *dead, size_t n, struct records *out) MUST_CHECK;

/* Returns the time up to which a cron entry has been handled, in seconds since 1970. A new entry is
 * added with `now`. */
enum error cron_register(struct ctx *, const char *name, int64_t now, int64_t *last_at) MUST_CHECK;

/* Sets that time, unless another process has done so; *claimed says whether. */
enum error cron_claim(struct ctx *, const char *name, int64_t at, bool *claimed) MUST_CHECK;

#endif
