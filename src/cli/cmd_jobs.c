/* jobs: inspects and controls the job queue. */
#include "app/command.h"

#include "app/db.h"
#include "app/ids.h"
#include "app/job.h"
#include "app/print.h"

#include <poll.h>

enum { WATCH_MS = 500 };

/* ---- output */

static void
print_json_rows(struct ctx *c, const struct schema *schema, const struct records *rows)
{
	const char *row = rows->rows;

	for (size_t i = 0; i < rows->n; i++, row += schema->size) {
		cli_print_json(c, schema, row);
		print(stdout, "\n");
	}
}

static void
print_bar(const struct job_row *job)
{
	static const char full[] = "##############################";
	static const char empty[] = "..............................";
	int width = sizeof(full) - 1, n = (int)(job->progress * width / 100);

	print(stdout, "  [%.*s%.*s] %3d %%\n", n, full, width - n, empty, (int)job->progress);
}

static void
print_job_line(const char *name, const char *value)
{
	if (value)
		print(stdout, "  %-9s %s\n", name, value);
}

static void
print_job(struct ctx *c, const struct job_row *job)
{
	print(stdout, "%s  %s  %s%s\n", job->id, job->task, job->status,
	      job->stopping && strcmp(job->status, "running") == 0 ? " (stopping)" : "");
	if (strcmp(job->status, "running") == 0 && isatty(STDOUT_FILENO))
		print_bar(job);
	else
		print_job_line("progress", arena_printf(c->arena, "%" PRId64 " %%", job->progress));
	print_job_line("queue",
		       arena_printf(c->arena, "%s, priority %" PRId64, job->queue, job->priority));
	print_job_line("attempts", arena_printf(c->arena, "%" PRId64 " of %" PRId64, job->attempts,
						job->max_attempts));
	print_job_line("queued", job->queued_at);
	print_job_line("run at", job->run_at);
	print_job_line("started", job->started_at);
	print_job_line("finished", job->finished_at);
	print_job_line("owner", job->owner_id);
	print_job_line("request", job->request_id);
	print_job_line("arguments", job->args);
	print_job_line("result", job->result);
	print_job_line("error", job->error);
	if (strcmp(job->errors, "[]") != 0)
		print_job_line("errors", job->errors);
}

static void
print_jobs(const struct records *rows)
{
	const struct job_row *job = rows->rows;

	print(stdout, "%-36s  %-9s  %4s  %-20s  %-20s  %s\n", "ID", "STATUS", "%", "TASK", "QUEUED",
	      "ERROR");
	for (size_t i = 0; i < rows->n; i++, job++)
		print(stdout, "%-36s  %-9s  %4d  %-20s  %.19sZ  %s\n", job->id, job->status,
		      (int)job->progress, job->task, job->queued_at, job->error ? job->error : "");
}

static void
print_stats(const struct records *rows)
{
	const struct job_queue *q = rows->rows;

	print(stdout, "%-20s %9s %9s %9s %9s %9s %9s %9s\n", "QUEUE", "QUEUED", "OLDEST",
	      "SCHEDULED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED");
	for (size_t i = 0; i < rows->n; i++, q++)
		print(stdout,
		      "%-20s %9" PRId64 " %7" PRId64 " s %9" PRId64 " %9" PRId64 " %9" PRId64
		      " %9" PRId64 " %9" PRId64 "%s\n",
		      q->queue, q->queued, q->oldest, q->scheduled, q->running, q->succeeded,
		      q->failed, q->cancelled, q->paused ? "  paused" : "");
}

static void
print_totals(const struct records *totals)
{
	const struct job_total *t = totals->rows;

	print(stdout, "\n%-30s %-10s %12s %12s\n", "TASK", "RESULT", "COUNT", "AVERAGE");
	for (size_t i = 0; i < totals->n; i++, t++)
		print(stdout, "%-30s %-10s %12" PRId64 " %10.3f s\n", t->task, t->result,
		      t->attempts,
		      t->attempts ? (double)t->microseconds / 1e6 / (double)t->attempts : 0);
}

/* ---- subcommands */

static enum error
list_once(struct ctx *c, const struct call *call, bool *again UNUSED)
{
	const struct param params[] = {
		{ "status", cli_value(call, "--status") },
		{ "task", cli_value(call, "--task") },
		{ "limit", cli_value(call, "--limit") },
	};
	struct list_args args;
	struct page page;
	enum error e;

	e = list_read(c, &jobs_table, params, COUNT(params), NULL, &args);
	if (e)
		return e;

	list_restrict(&args, JOBS_BY_QUEUE, cli_value(call, "--queue"));
	e = table_list(c, &args, &page);
	if (e)
		return e;

	if (cli_value(call, "--json"))
		print_json_rows(c, &job_schema, &page.items);
	else
		print_jobs(&page.items);
	return OK;
}

/* Runs an operation of app/job.h on the job, as the system, and prints the job. */
static enum error
on_job(struct ctx *c, const struct call *call,
       enum error (*operation)(struct ctx *, const char *, const char *, struct job_row *),
       struct job_row *job)
{
	const char *id = cli_value(call, "ID");
	enum error e;

	if (!uuid_valid(id))
		return fail(c, E_BAD_REQUEST, "invalid job ID %s: expected a UUID", id);

	e = operation(c, id, NULL, job);
	if (e)
		return e;

	if (cli_value(call, "--json"))
		print_json_rows(c, &job_schema, &(struct records) { job, 1 });
	else
		print_job(c, job);
	return OK;
}

static enum error
show_once(struct ctx *c, const struct call *call, bool *again)
{
	struct job_row job = { 0 };
	enum error e = on_job(c, call, job_find, &job);

	*again &= !job.finished_at;
	return e;
}

static enum error
stats_once(struct ctx *c, const struct call *call, bool *again UNUSED)
{
	struct records rows, totals;
	enum error e;

	e = job_stats(c, &rows);
	if (e)
		return e;

	e = job_totals(c, &totals);
	if (e)
		return e;

	if (cli_value(call, "--json")) {
		print_json_rows(c, &job_queue_schema, &rows);
	} else {
		print_stats(&rows);
		print_totals(&totals);
	}
	return OK;
}

/* Runs the command once; with --watch, repeatedly until nothing can change any more. */
static enum error
run_watched(struct ctx *c, const struct call *call,
	    enum error (*command)(struct ctx *, const struct call *, bool *again))
{
	bool watch = cli_value(call, "--watch"), again = watch;
	enum error e;

	for (;;) {
		if (watch && isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		e = command(c, call, &again);
		if (e || !again)
			return e;

		fflush(stdout);
		poll(NULL, 0, WATCH_MS);
		arena_reset(c->arena);
	}
}

static enum error
cmd_jobs_list(struct ctx *c, const struct call *call)
{
	return run_watched(c, call, list_once);
}

static enum error
cmd_jobs_show(struct ctx *c, const struct call *call)
{
	return run_watched(c, call, show_once);
}

static enum error
cmd_jobs_stats(struct ctx *c, const struct call *call)
{
	return run_watched(c, call, stats_once);
}

/* Enqueues a job, which `work` runs. */
static enum error
cmd_jobs_run(struct ctx *c, const struct call *call)
{
	const char *id;
	enum error e;

	e = job_enqueue_json(c, cli_value(call, "TASK"), cli_value(call, "ARGS"), &id);
	if (!e)
		print(stdout, cli_value(call, "--json") ? "{\"id\":\"%s\"}\n" : "%s\n", id);
	return e;
}

static enum error
cmd_jobs_retry(struct ctx *c, const struct call *call)
{
	struct job_row job;

	return on_job(c, call, job_retry, &job);
}

static enum error
cmd_jobs_cancel(struct ctx *c, const struct call *call)
{
	struct job_row job;

	return on_job(c, call, job_cancel, &job);
}

static enum error
cmd_jobs_pause(struct ctx *c, const struct call *call)
{
	return job_pause(c, cli_value(call, "QUEUE"), true);
}

static enum error
cmd_jobs_resume(struct ctx *c, const struct call *call)
{
	return job_pause(c, cli_value(call, "QUEUE"), false);
}

static enum error
cmd_jobs_prune(struct ctx *c, const struct call *call)
{
	int64_t hours = 0, removed;
	enum error e;

	e = cli_number(c, call, "--hours", INT32_MAX, &hours);
	if (e)
		return e;

	e = job_prune(c, hours, &removed);
	if (e)
		return e;

	print(stdout,
	      cli_value(call, "--json") ? "{\"removed\":%" PRId64 "}\n"
					: "Removed %" PRId64 " jobs\n",
	      removed);
	return OK;
}

const struct subcommand jobs_subcommands[] = {
	{ "list [--status S] [--task T] [--queue Q] [--limit N] [--watch] [--json]", cmd_jobs_list,
	  NULL },
	{ "show ID [--watch] [--json]", cmd_jobs_show, NULL },
	{ "run TASK [ARGS] [--json]", cmd_jobs_run, NULL },
	{ "retry ID [--json]", cmd_jobs_retry, NULL },
	{ "cancel ID [--json]", cmd_jobs_cancel, NULL },
	{ "pause QUEUE [--json]", cmd_jobs_pause, NULL },
	{ "resume QUEUE [--json]", cmd_jobs_resume, NULL },
	{ "prune [--hours N] [--json]", cmd_jobs_prune, NULL },
	{ "stats [--watch] [--json]", cmd_jobs_stats, NULL },
	{ 0 },
};
