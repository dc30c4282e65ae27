/*
 * Shared by the files of this folder. `work` is a pool (serve/prefork.c). Its first worker is the
 * supervisor, which renews leases, rescues and schedules jobs; the others fetch jobs and run them,
 * one at a time.
 *
 * A job that runs is held under a lease: the number of its worker, which is stored in the row and in
 * the slot of the worker in the shared segment. The supervisor renews the leases in the slots of live
 * workers.
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

/* The number of leases of a segment, from its first one. */
#define LEASES_EACH (INT64_C(1) << 32)

/* The next lease of this segment. */
int64_t job_new_lease(void);

/* Why a job must stop. */
enum job_stop { STOP_NONE, STOP_CANCELLED, STOP_LOST, STOP_TIMEOUT, STOP_EXITING };

/* The part of a job that its handler does not see. */
struct job_state {
	int64_t key, lease;
	int64_t deadline;      /* clock_monotonic() */
	int64_t checked_at;    /* when its row was last read or written */
	int64_t written_at;    /* when its progress was last written */
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

/* The queues that have a maximum number of jobs that run at once, and these maxima, as arrays. */
void queue_limits(struct ctx *, const char **queues, const char **limits);

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

/* Initialize the process (the supervisor: false, with errno, on failure); run until a signal stops
 * it. */
bool supervisor_init(const struct app *, enum signal_role);
void supervisor_run(void);
void job_worker_init(const struct app *, struct worker_slot *, bool mail_only);
void job_worker_run(void);

/* For `work --once`: checks once which jobs are due, and closes the connection before fork(); then
 * supervises the children until all have exited. False: one of them failed. */
enum error supervisor_check_once(void) MUST_CHECK;
bool supervisor_wait_children(void);

/* Runs jobs until no queue has any. False: the database is unavailable. */
bool job_worker_run_all(void) MUST_CHECK;

/* A job that a worker has fetched; all but `finished` is 0 if there is none. */
struct taken_job {
	int64_t key;
	int64_t finished; /* 1: the end of the previous job was recorded */
	const char *id, *task, *queue, *args;
	const char *owner_id, *request_id, *traceparent; /* or NULL */
	int64_t attempts, max_attempts;
};

/* A running job, until its end is written. */
struct job_run {
	struct taken_job taken;
	struct ctx ctx;
	struct job job;
	struct job_state state;
	enum error error;
};

/* Runs the handler and stores its error in the job_run. */
void job_run(struct job_run *);

/* When the job must have stopped because its worker exits (clock_monotonic()); 0: it does not exit. */
extern _Atomic int64_t job_exit_at;

/* ---- job_totals.c */

/* Adds the counts of this pool to the table job_totals. */
enum error job_totals_report(struct ctx *) MUST_CHECK;

/* ---- job_repo.c */

struct metric_series;
enum error job_totals_add(struct ctx *, const struct metric_series *) MUST_CHECK;
enum error job_count(struct ctx *, struct job_depth *out) MUST_CHECK;

struct due_jobs {
	bool moved;      /* scheduled jobs have become queued */
	bool waiting;    /* there are queued jobs */
	int64_t next_ms; /* until the next scheduled job; -1: none */
};

struct rescued_job {
	const char *id, *task, *status, *error;
};

/* How an attempt ended. */
struct job_end {
	int64_t key; /* 0: none has ended */
	/* succeeded, failed, cancelled, scheduled (in `delay` seconds) or queued. Without an error, an
	 * attempt that has not succeeded does not count. */
	const char *status;
	int64_t delay;
	const char *error, *result; /* or NULL */
};

/* What a worker may fetch. */
struct job_fetch {
	int64_t lease;
	const char *queues;     /* text[]; NULL: all */
	const char *last_queue; /* the queue of the last job: its turn comes last */
	const char *limited, *limits;
};

/* Writes the end of a job and fetches the next one under the same lease, in one statement. */
enum error jobs_next(struct ctx *, const struct job_end *, const struct job_fetch *,
		     struct taken_job *out) MUST_CHECK;

/* *changed: 0 if the lease is lost. */
enum error jobs_finish(struct ctx *, const struct job_end *, int64_t lease,
		       int64_t *changed) MUST_CHECK;

/* *stopping: the job was cancelled. E_NOT_FOUND: the lease is lost. */
enum error job_read_stopping(struct ctx *, int64_t key, int64_t lease, bool *stopping) MUST_CHECK;
enum error job_write_progress(struct ctx *, int64_t key, int64_t lease, int percent,
			      bool *stopping) MUST_CHECK;

/* Notifies the workers of "queued", the supervisors of "scheduled" jobs. */
enum error jobs_notify(struct ctx *, const char *what) MUST_CHECK;

/* Makes the connection plan its statements again: since the last plan, the table may have grown from
 * empty to a million rows. */
enum error jobs_discard_plans(struct ctx *) MUST_CHECK;

/* Moves scheduled jobs that are due to their queues, and reports what there is to do. */
enum error jobs_check(struct ctx *, struct due_jobs *out) MUST_CHECK;

enum error jobs_renew(struct ctx *, const int64_t *leases, size_t n) MUST_CHECK;

/* Takes jobs from expired leases, and from the leases between `first` and `last` that are not in
 * `live`. Returns them as struct rescued_job. */
enum error jobs_rescue(struct ctx *, int64_t first, int64_t last, const int64_t *live, size_t n,
		       struct records *out) MUST_CHECK;

/* Returns the time up to which a cron entry has been handled, in seconds since 1970. A new entry is
 * added with `now`. */
enum error cron_register(struct ctx *, const char *name, int64_t now, int64_t *last_at) MUST_CHECK;

/* Sets that time, unless another process has done so; *claimed says whether. */
enum error cron_claim(struct ctx *, const char *name, int64_t at, bool *claimed) MUST_CHECK;

#endif
