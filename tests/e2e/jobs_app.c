/* An application with jobs for the tests of the queue, and a command that enqueues them. */
#include "app/command.h"

#include "app/clock.h"
#include "app/feature.h"
#include "app/job.h"

#include <signal.h>

struct number {
	int64_t n;
};

static const struct field number_fields[] = {
	{ INT(struct number, n), .flags = F_READ | F_CREATE | F_REQUIRED, .min = 0,
	  .max = 1000000 },
};
static const struct schema number_schema = SCHEMA("Number", struct number, number_fields);

static int64_t
number_of(const struct job *job)
{
	const struct number *args = job->args;

	return args->n;
}

/* The tests create the table `effects`. Each effect is a row. */
enum { EFFECT };

static const struct query queries[] = {
	[EFFECT] = QUERY("jobs_app_effect", NULL,
			 "INSERT INTO effects (job, n, attempt, pid, what)"
			 " VALUES ($1, $2, $3, $4, $5)"),
	{ 0 },
};

static enum error
note(struct job *job, int64_t n, const char *what)
{
	return db_exec(job->ctx, &queries[EFFECT], NULL, job->id, p_int(job->ctx, n),
		       p_int(job->ctx, job->attempts), p_int(job->ctx, getpid()), what);
}

static enum error
do_nothing(struct job *job)
{
	return job_task_find(job->ctx->app, job->task->name) ? OK : E_INTERNAL;
}

static enum error
have_effect(struct job *job)
{
	return note(job, number_of(job), "effect");
}

/* The effect after 20 milliseconds. */
static enum error
have_effect_later(struct job *job)
{
	enum error e = job_sleep(job, 20);

	return e ? e : have_effect(job);
}

/* The effect and the end of the job in one transaction. */
static enum error
have_effect_once(struct job *job)
{
	enum error e;

	e = db_begin(job->ctx);
	if (!e)
		e = note(job, number_of(job), "once");
	return job_finish(job, e);
}

/* Fails n times, then succeeds. */
static enum error
fail_first(struct job *job)
{
	if (job->attempts <= number_of(job))
		return fail(job->ctx, E_CONFLICT, "try %" PRId64 " fails", job->attempts);
	return have_effect(job);
}

static enum error
give_up(struct job *job)
{
	return job_give_up(job, fail(job->ctx, E_CONFLICT, "no further attempt is useful"));
}

/* Takes n milliseconds, and checks whether it must stop. */
static enum error
take_time(struct job *job)
{
	int64_t n = number_of(job);
	enum error e;

	e = note(job, n, "begun");
	for (int64_t i = 0; i < 20 && !e; i++) {
		e = job_progress(job, (int)(5 * i));
		if (!e)
			e = job_sleep(job, n / 20);
	}
	if (!e)
		e = note(job, n, "ended");
	return e;
}

/* The same without checking. */
static enum error
take_time_deaf(struct job *job)
{
	int64_t until = clock_monotonic() + number_of(job) * 1000;
	enum error e;

	e = note(job, number_of(job), "begun");
	while (!e && clock_monotonic() < until)
		usleep(10000);
	if (!e)
		e = note(job, number_of(job), "ended");
	return e;
}

static enum error
snooze_first(struct job *job)
{
	enum error e = note(job, 0, "seen");

	if (!e && number_of(job) > 0) {
		static int64_t snoozed;

		if (snoozed++ < number_of(job))
			return job_snooze(job, 1);
	}
	return e;
}

static enum error
crash(struct job *job)
{
	enum error e = note(job, 0, "crash");

	if (!e)
		raise(SIGKILL);
	return e;
}

static enum error
take_memory(struct job *job)
{
	for (;;)
		arena_alloc(job->ctx->arena, 1 << 20);
	return OK;
}

#define TASK(label, function)                                                                      \
	.name = label, .args = &number_schema, .run = function, .summary = "A job of the tests."

static const struct job_task empty = { .name = "empty", .run = do_nothing };
static const struct job_task effect = { TASK("effect", have_effect), .backoff = 1 };
static const struct job_task brisk = { TASK("brisk", have_effect_later), .backoff = 1 };
static const struct job_task once = { TASK("once", have_effect_once), .backoff = 1 };
static const struct job_task failing = { TASK("failing", fail_first), .backoff = 1,
					 .max_attempts = 3 };
static const struct job_task hopeless = { TASK("hopeless", give_up) };
static const struct job_task slow = { TASK("slow", take_time), .timeout = 30 };
static const struct job_task late = { TASK("late", take_time), .timeout = 1, .max_attempts = 1 };
static const struct job_task deaf = { TASK("deaf", take_time_deaf), .timeout = 1,
				      .max_attempts = 1 };
static const struct job_task limited = { TASK("limited", take_time_deaf), .concurrency = 2 };
static const struct job_task snoozing = { TASK("snoozing", snooze_first) };
static const struct job_task crashing = { TASK("crashing", crash), .max_attempts = 2 };
static const struct job_task greedy = { TASK("greedy", take_memory), .max_attempts = 1 };
static const struct job_task timed = { .name = "timed", .run = do_nothing };

static const struct job_task *const tasks[] = { &empty,    &effect,   &brisk,  &once,  &failing,
						&hopeless, &slow,     &late,   &deaf,  &limited,
						&snoozing, &crashing, &greedy, &timed, NULL };

static const struct cron crons[] = {
	{ .name = "every_minute", .at = "* * * * *", .task = &timed },
	{ 0 },
};

static const struct route routes[] = { { 0 } };

static const struct feature jobs_app_feature = {
	.name = "jobs_app",
	.summary = "Jobs for the tests of the queue.",
	.routes = routes,
	.queries = queries,
	.jobs = tasks,
	.crons = crons,
};

static const struct feature *const features[] = { &jobs_app_feature, NULL };

/* Enqueues COUNT jobs, BATCH in each transaction, with numbers as arguments. */
static enum error
enqueue(struct ctx *c, const struct call *call)
{
	const struct job_task *task = job_task_find(c->app, cli_value(call, "TASK"));
	int64_t count = 0, batch = 1;
	struct arena *arena;
	struct ctx turn;
	enum error e;

	e = cli_number(c, call, "COUNT", INT32_MAX, &count);
	if (!e)
		e = cli_number(c, call, "BATCH", INT32_MAX, &batch);
	if (e || !task)
		return fail(c, E_BAD_REQUEST, "needs TASK and COUNT");

	arena = arena_new(64 * 1024 * 1024);
	turn = *c;
	turn.arena = arena;
	for (int64_t i = 0; i < count && !e;) {
		e = db_begin(&turn);
		for (int64_t n = 0; n < batch && i < count && !e; n++, i++) {
			struct number args = { .n = i };

			e = job_enqueue(&turn, task, &args);
		}
		e = db_finish(&turn, e);
		db_reset(turn.db);
		arena_reset(arena);
	}
	arena_free(arena);
	return e;
}

static const struct subcommand enqueue_subcommands[] = { { "TASK COUNT [BATCH]", enqueue, NULL },
							 { 0 } };

static const struct command commands[] = {
	{ "work", work_subcommands, "Run jobs.", "", .needs_config = true, .daemon = true },
	{ "jobs", jobs_subcommands, "Show and change jobs.", "stats", .needs_config = true },
	{ "migrate", migrate_subcommands, "Create the tables.", "up", .needs_config = true,
	  .owner = true },
	{ "enqueue", enqueue_subcommands, "Enqueue jobs.", "empty 10", .needs_config = true },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct app app = { "jobs_app", features, commands };

	return cli_main(&app, argc, argv);
}
