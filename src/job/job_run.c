/* Runs the handler of a job, and the functions that a handler may call. */
#include "job_priv.h"

#include "app/clock.h"
#include "app/log.h"

#include <poll.h>

enum { CHECK_US = 500000, SLEEP_STEP_MS = 100 };

_Atomic int64_t job_exit_at;

/* ---- stopping */

/* Interprets the outcome of a statement on the row of the job. If the database is unavailable, the
 * job continues. */
static void
note_stopping(struct job *job, enum error e, bool stopping)
{
	if (e == E_NOT_FOUND)
		job->state->stopped = STOP_LOST;
	else if (!e && stopping)
		job->state->stopped = STOP_CANCELLED;
	if (e)
		failure_clear(job->ctx);
}

static enum job_stop
stop_by_time(const struct job_state *s, int64_t now)
{
	int64_t exit_at = job_exit_at;

	if (now >= s->deadline)
		return STOP_TIMEOUT;
	if (exit_at && now >= exit_at)
		return STOP_EXITING;
	return STOP_NONE;
}

static enum error
stop_error(struct job *job)
{
	static const char *const texts[] = {
		[STOP_CANCELLED] = "it was cancelled",
		[STOP_LOST] = "another worker has taken it over",
		[STOP_TIMEOUT] = "it took longer than its timeout",
		[STOP_EXITING] = "its worker is stopping",
	};
	struct job_state *s = job->state;

	if (!s->stopped)
		s->stopped = stop_by_time(s, clock_monotonic());
	if (!s->stopped)
		return OK;
	return fail_unavailable(job->ctx, CAUSE_JOB_STOPPED, "%s", texts[s->stopped]);
}

/* Whether the row of the job may be read or written again, after `last`. */
static bool
may_use_row(const struct job *job, int64_t last)
{
	return !job->state->stopped && !db_aborted(job->ctx) &&
	       clock_monotonic() >= last + CHECK_US;
}

enum error
job_check(struct job *job)
{
	struct job_state *s = job->state;
	bool stopping;
	enum error e;

	if (may_use_row(job, s->checked_at)) {
		s->checked_at = clock_monotonic();
		e = job_read_stopping(job->ctx, s->key, s->lease, &stopping);
		note_stopping(job, e, stopping);
	}
	return stop_error(job);
}

/* ---- functions for handlers */

enum error
job_progress(struct job *job, int percent)
{
	struct job_state *s = job->state;
	bool stopping;
	enum error e;

	s->percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
	if (s->percent == s->written || !may_use_row(job, s->written_at))
		return job_check(job);

	s->checked_at = s->written_at = clock_monotonic();
	e = job_write_progress(job->ctx, s->key, s->lease, s->percent, &stopping);
	if (!e)
		s->written = s->percent;
	note_stopping(job, e, stopping);
	return stop_error(job);
}

enum error
job_sleep(struct job *job, int64_t milliseconds)
{
	int64_t until = clock_monotonic() + milliseconds * 1000, left;
	enum error e;

	for (;;) {
		e = job_check(job);
		left = (until - clock_monotonic()) / 1000;
		if (e || left <= 0)
			return e;

		poll(NULL, 0, left < SLEEP_STEP_MS ? (int)left : SLEEP_STEP_MS);
	}
}

enum error
job_snooze(struct job *job, int64_t seconds)
{
	job->state->snooze = seconds > 0 ? seconds : 1;
	return fail_unavailable(job->ctx, CAUSE_JOB_SNOOZED, "not yet");
}

enum error
job_give_up(struct job *job, enum error e)
{
	job->state->given_up = true;
	return e;
}

void
job_result(struct job *job, const struct schema *schema, const void *record)
{
	struct buf b = buf_new(job->ctx->arena, JOB_RESULT_MAX);

	schema_write(&b, schema, record);
	job->state->result = buf_done(&b);
	if (!job->state->result)
		log_warn(job->ctx, "discarded the result of the job: it is larger than %d bytes",
			 JOB_RESULT_MAX);
}

enum error
job_finish(struct job *job, enum error e)
{
	struct job_state *s = job->state;
	struct job_end end = { .key = s->key, .status = "succeeded", .result = s->result };
	int64_t n = 0;

	if (!e)
		e = jobs_finish(job->ctx, &end, s->lease, &n);
	if (!e && n == 0) {
		s->stopped = STOP_LOST;
		e = fail(job->ctx, E_CONFLICT, "another worker has taken it over");
	}
	e = db_finish(job->ctx, e);
	s->ended = !e;
	return e;
}

/* ---- the handler */

/* Invalid arguments stay invalid, so there is no further attempt. */
static enum error
run_job_handler(struct job_run *r)
{
	enum error e;

	e = task_read_args(&r->ctx, r->job.task, r->taken.args, &r->job.args);
	if (e)
		return job_give_up(&r->job, e);

	return r->job.task->run(&r->job);
}

void
job_run(struct job_run *r)
{
	struct ctx *c = &r->ctx;

	if (setjmp(*arena_catch(c->arena)) == 0) {
		r->error = run_job_handler(r);
	} else {
		log_error(c, "the job used more memory than allowed");
		r->state.result = NULL;
		r->error = fail_unavailable(c, CAUSE_MEMORY, NULL);
		c->failure.detail = "it used more memory than allowed";
	}
	arena_uncatch(c->arena);
	db_reset(c->db);
}
