/* Runs the handler of a job, and the functions that a handler may call. */
#include "job_priv.h"

#include "app/clock.h"
#include "app/log.h"

#include <poll.h>

enum { WRITE_MS = 500, SLEEP_STEP_MS = 100 };

_Atomic int64_t job_exit_at;

/* ---- stopping */

static enum job_stop
check_stop(const struct job_state *s)
{
	int64_t now = clock_monotonic(), exit_at = job_exit_at;

	if (s->stopped)
		return s->stopped;
	if (s->slot->stop == s->key)
		return (enum job_stop)s->slot->stop_reason;
	if (now >= s->deadline)
		return STOP_TIMEOUT;
	if (exit_at && now >= exit_at)
		return STOP_EXITING;
	return STOP_NONE;
}

enum error
job_check(struct job *job)
{
	static const char *const texts[] = {
		[STOP_CANCELLED] = "it was cancelled",
		[STOP_LOST] = "another worker has taken it over",
		[STOP_TIMEOUT] = "it took longer than its timeout",
		[STOP_EXITING] = "its worker is stopping",
	};
	struct job_state *s = job->state;

	s->stopped = check_stop(s);
	if (!s->stopped)
		return OK;
	return fail_unavailable(job->ctx, CAUSE_JOB_STOPPED, "%s", texts[s->stopped]);
}

/* ---- functions for handlers */

/* If the database is unavailable, the progress is not written, but the job continues. */
static enum error
write_progress(struct job *job)
{
	struct job_state *s = job->state;
	int64_t n = 1;
	enum error e;

	e = job_write_progress(job->ctx, s->key, s->lease, s->percent, &n);
	if (e && job->ctx->failure.error == E_UNAVAILABLE) {
		failure_clear(job->ctx);
		return OK;
	}
	if (e)
		return e;

	if (n == 0) {
		s->stopped = STOP_LOST;
		return job_check(job);
	}
	s->written = s->percent;
	return OK;
}

enum error
job_progress(struct job *job, int percent)
{
	struct job_state *s = job->state;
	int64_t now = clock_monotonic();
	enum error e;

	s->percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
	e = job_check(job);
	if (e)
		return e;

	if (s->percent == s->written || now < s->written_at + WRITE_MS * 1000)
		return OK;

	s->written_at = now;
	return write_progress(job);
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
	int64_t n = 0;

	if (!e)
		e = jobs_succeed(job->ctx, s->lease, &s->key, 1, s->result, &n);
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
run_job_handler(struct job_run *r, const struct taken_job *t)
{
	enum error e;

	e = task_read_args(&r->ctx, r->job.task, t->args, &r->job.args);
	if (e)
		return job_give_up(&r->job, e);

	return r->job.task->run(&r->job);
}

void
job_run(struct job_run *r, const struct taken_job *t)
{
	struct ctx *c = &r->ctx;

	if (setjmp(*arena_catch(c->arena)) == 0) {
		r->error = run_job_handler(r, t);
	} else {
		log_error(c, "the job used more memory than allowed");
		r->state.result = NULL;
		r->error = fail_unavailable(c, CAUSE_MEMORY, NULL);
		c->failure.detail = "it used more memory than allowed";
	}
	arena_uncatch(c->arena);
	db_reset(c->db);
}
