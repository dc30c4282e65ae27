/*
 * What the files of this folder share. `work` is a pool (serve/prefork.c): its first seat is
 * the keeper, which renews leases, hears notices, and sees to what is due; the others are
 * workers, which take jobs and run them, one at a time.
 *
 * A lease is a number that a worker draws for each batch that it takes. It stands in the
 * rows, and in the worker's slot of the shared segment as long as the worker lives and runs:
 * what stands in no slot is not renewed.
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
	JOB_GRACE_SECONDS = 5, /* for a job that must stop and does not look */
};

/* Leases of one worker: so many from its first one. */
#define LEASES_EACH (INT64_C(1) << 32)

/* Why a job must stop. */
enum stop { STOP_NOT, STOP_CANCELLED, STOP_LOST, STOP_LATE, STOP_LEAVING };

/* What a job is besides what its handler sees. */
struct job_state {
	struct worker_slot *slot;
	int64_t key, lease;
	int64_t late_at;      /* clock_monotonic() of its deadline */
	int64_t shown_at;     /* when progress was last written */
	int percent, shown;   /* what is reported, what is written */
	enum stop stopped;    /* what the handler was told */
	bool given_up, ended; /* job_give_up(), job_finish() */
	int64_t snooze;       /* seconds; 0: not asked for */
	const char *result;   /* JSON or NULL */
};

/* ---- job_task.c: rows, and what their empty cells mean */

int64_t task_timeout(const struct job_task *);
int64_t task_max_attempts(const struct job_task *);
const char *task_queue(const struct job_task *);

/* Seconds before the try after that one, with jitter. */
int64_t task_back_off(const struct job_task *, int64_t attempts);

/* The names of all kinds as PostgreSQL's text[]. */
const char *task_names(struct ctx *);

/* Reads a job's arguments by the rows that check the body of a request. `args` gets the record,
 * NULL where the kind takes none. */
enum error task_read_args(struct ctx *, const struct job_task *, const char *json,
			  const void **args) MUST_CHECK;

/* How many jobs of the queue may run at once; 0: no limit. */
int64_t queue_limit(const char *queue);

/* The queues of JOB_QUEUES as text[], NULL for all. */
const char *queue_names(struct ctx *);

/* Whether JOB_QUEUES includes the queue. */
bool queue_served(const char *queue);

/* ---- cron.c */

struct cron_times {
	uint64_t minutes; /* a bit each */
	uint32_t hours, days, months, weekdays;
	bool any_hour, any_day, any_weekday; /* written as * */
};

/* Reads five fields. NULL, or what is wrong. */
const char *cron_read(const char *at, struct cron_times *) MUST_CHECK;

/* Whether the zone is known here; NULL is UTC. */
bool cron_zone_known(const char *zone);

/* The last minute after `after` and up to `now` that the times name, in seconds since 1970;
 * 0: none. */
int64_t cron_last_due(const struct cron_times *, const char *zone, int64_t after, int64_t now);

/* ---- job_supervisor.c, job_worker.c, job_run.c */

/* Each is set up for its life in a pool, then lives until it is told to leave. False, with
 * errno, where it cannot. */
bool supervisor_set_up(enum signal_role);
void supervisor_live(void);
bool worker_set_up(struct worker_slot *, bool mail_alone);
void worker_live(void);

/* For `work --once`: checks once what is due, and closes the connection before fork(); then
 * supervises this process's children until the last one has ended. False: one of them failed. */
enum error supervisor_check_once(void) MUST_CHECK;
bool supervisor_live_with_children(void);
/* Runs jobs until no queue has any; false where the database stayed away. */
bool worker_empty_queues(void) MUST_CHECK;
/* Creates job_wakeups; false, with errno, on failure. */
bool wakeups_open(void);

/* The eventfd(2)s by which the keeper and the workers wake each other. */
struct job_wakeups {
	int workers, mail, supervisor; /* mail: the worker that runs nothing else */
};
extern struct job_wakeups job_wakeups;
void wakeup_send(int fd);
void wake_workers(void);

/* A job that runs, from its row until its end is written. */
struct run {
	struct ctx ctx;
	struct job job;
	struct job_state state;
	enum error error;
};

struct taken;

/* Runs the handler; what came of it is in `run`. */
void job_run(struct run *, const struct taken *);

/* By when a job must have stopped because the worker leaves (clock_monotonic()); 0: it does
 * not leave. */
extern _Atomic int64_t job_leave_by;

/* ---- job_totals.c: carries what was counted to the database */
enum error job_totals_report(struct ctx *) MUST_CHECK;

/* ---- job_repo.c */

struct metric_series;
enum error job_totals_add(struct ctx *, const struct metric_series *) MUST_CHECK;
enum error job_count(struct ctx *, struct job_depth *out) MUST_CHECK;

struct taken {
	int64_t key;
	const char *id, *task, *args;
	const char *owner_id, *request_id, *traceparent; /* or NULL */
	int64_t attempts, max_attempts;
};

struct due {
	bool moved;      /* scheduled jobs are queued now */
	bool waiting;    /* there are queued jobs */
	bool lost;       /* there are leases that ran out */
	int64_t next_ms; /* until the next scheduled one; -1: there is none */
};

struct held {
	int64_t key, lease;
	bool stopping;
};

struct rescued {
	const char *id, *task, *status, *error;
};

/* Those of the queues (text[]; NULL: all) that have jobs and are not paused: of struct job_queue,
 * with the name only. */
enum error jobs_open(struct ctx *, const char *queues, struct records *out) MUST_CHECK;
enum error jobs_take(struct ctx *, const char *queue, int64_t n, int64_t lease,
		     struct records *out) MUST_CHECK; /* of struct taken */
/* How the jobs of a lease end: `changed` (NULL is fine) gets how many were still held by it. */
enum error jobs_succeed(struct ctx *, int64_t lease, const int64_t *keys, size_t n,
			const char *result, int64_t *changed) MUST_CHECK;
/* status: scheduled (in `delay` seconds), failed, cancelled. */
enum error job_fail(struct ctx *, int64_t key, int64_t lease, const char *status, int64_t delay,
		    const char *error, int64_t *changed) MUST_CHECK;
/* Another time, as if it had not been tried: scheduled, or queued where `delay` is 0. */
enum error jobs_put_back(struct ctx *, int64_t lease, const int64_t *keys, size_t n, int64_t delay,
			 int64_t *changed) MUST_CHECK;
enum error job_show_progress(struct ctx *, int64_t key, int64_t lease, int percent,
			     int64_t *changed) MUST_CHECK;
/* The table may have grown from nothing to a million rows since the connection planned its
 * statements: it shall do so again. */
enum error jobs_plan_anew(struct ctx *) MUST_CHECK;
enum error jobs_check(struct ctx *, struct due *out) MUST_CHECK;
enum error jobs_renew(struct ctx *, const int64_t *leases, size_t n,
		      struct records *out) MUST_CHECK; /* of struct held */
/* Takes jobs away from leases that ran out, and from those of dead workers (the first of
 * each). */
enum error jobs_rescue(struct ctx *, const int64_t *dead, size_t n,
		       struct records *out) MUST_CHECK; /* of struct rescued */
/* Seconds since 1970 up to which a time that comes again was seen to: now, where it is new. */
enum error cron_begin(struct ctx *, const char *name, int64_t now, int64_t *last_at) MUST_CHECK;
/* Whether it is ours to see to it up to there. */
enum error cron_claim(struct ctx *, const char *name, int64_t at, bool *mine) MUST_CHECK;

#endif
