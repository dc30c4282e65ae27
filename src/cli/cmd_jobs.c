/* jobs: a look at the queue, and what one does about it. */
#include "cli_priv.h"

#include "app/db.h"
#include "app/ids.h"
#include "app/job.h"

#include <poll.h>

enum { WATCH_MS = 500, BAR = 30, OPTIONS_MAX = 8, ARENA_LIMIT = 64 * 1024 * 1024 };

/* How a command was called. */
struct jobs_call {
	const char *command, *what; /* "jobs", "show" */
	const char *argument;       /* an ID, a queue; NULL: none */
	struct param options[OPTIONS_MAX];
	size_t noptions;
	bool json, watch;
};

/* ---- output */

static void
print_json(struct ctx *c, const struct schema *schema, const void *row)
{
	struct buf b = buf_new(c->arena, 1024 * 1024);

	schema_write(&b, schema, row);
	puts(b.data);
}

static void
print_json_rows(struct ctx *c, const struct schema *schema, const struct records *rows)
{
	const char *row = rows->rows;

	for (size_t i = 0; i < rows->n; i++, row += schema->size)
		print_json(c, schema, row);
}

static void
print_bar(const struct job_row *job)
{
	int full = (int)(job->progress * BAR / 100);

	fputs("  [", stdout);
	for (int i = 0; i < BAR; i++)
		putchar(i < full ? '#' : '.');
	printf("] %3d %%\n", (int)job->progress);
}

static void
print_line(const char *name, const char *value)
{
	if (value)
		printf("  %-9s %s\n", name, value);
}

static void
print_job(struct ctx *c, const struct job_row *job)
{
	printf("%s  %s  %s%s\n", job->id, job->task, job->status,
	       job->stopping && strcmp(job->status, "running") == 0 ? " (told to stop)" : "");
	if (strcmp(job->status, "running") == 0 && isatty(STDOUT_FILENO))
		print_bar(job);
	else
		print_line("progress", arena_printf(c->arena, "%" PRId64 " %%", job->progress));
	print_line("queue",
		   arena_printf(c->arena, "%s, priority %" PRId64, job->queue, job->priority));
	print_line("tries", arena_printf(c->arena, "%" PRId64 " of %" PRId64, job->attempts,
					 job->max_attempts));
	print_line("queued", job->queued_at);
	print_line("run at", job->run_at);
	print_line("started", job->started_at);
	print_line("finished", job->finished_at);
	print_line("owner", job->owner_id);
	print_line("request", job->request_id);
	print_line("arguments", job->args);
	print_line("result", job->result);
	print_line("error", job->error);
	if (strcmp(job->errors, "[]") != 0)
		print_line("errors", job->errors);
}

static void
print_list(const struct records *rows)
{
	const struct job_row *job = rows->rows;

	printf("%-36s  %-9s  %4s  %-20s  %-20s  %s\n", "ID", "STATUS", "%", "TASK", "QUEUED",
	       "ERROR");
	for (size_t i = 0; i < rows->n; i++, job++)
		printf("%-36s  %-9s  %4d  %-20s  %.19sZ  %s\n", job->id, job->status,
		       (int)job->progress, job->task, job->queued_at, job->error ? job->error : "");
}

static void
print_stats(const struct records *rows)
{
	const struct job_queue *q = rows->rows;

	printf("%-20s %9s %9s %9s %9s %9s %9s %9s\n", "QUEUE", "QUEUED", "OLDEST", "SCHEDULED",
	       "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED");
	for (size_t i = 0; i < rows->n; i++, q++)
		printf("%-20s %9" PRId64 " %7" PRId64 " s %9" PRId64 " %9" PRId64 " %9" PRId64
		       " %9" PRId64 " %9" PRId64 "%s\n",
		       q->queue, q->queued, q->oldest, q->scheduled, q->running, q->succeeded,
		       q->failed, q->cancelled, q->paused ? "  paused" : "");
}

static void
print_totals(const struct records *totals)
{
	const struct job_total *t = totals->rows;

	printf("\n%-30s %-10s %12s %12s\n", "TASK", "ENDED", "TIMES", "ON AVERAGE");
	for (size_t i = 0; i < totals->n; i++, t++)
		printf("%-30s %-10s %12" PRId64 " %10.3f s\n", t->task, t->result, t->tries,
		       t->tries ? (double)t->microseconds / 1e6 / (double)t->tries : 0);
}

/* ---- what it does; `again` stays true where --watch has more to see */

static enum error
list(struct ctx *c, const struct jobs_call *call, bool *again UNUSED)
{
	static const char *const others[] = { "queue", NULL };
	struct list_args args;
	struct page page;
	enum error e;

	e = list_read(c, &jobs_rows, call->options, call->noptions, others, &args);
	if (e)
		return e;

	for (size_t i = 0; i < call->noptions; i++)
		if (strcmp(call->options[i].name, "queue") == 0)
			list_restrict(&args, JOBS_BY_QUEUE, call->options[i].value);
	e = db_list(c, &args, &page);
	if (e)
		return e;

	if (call->json)
		print_json_rows(c, &job_schema, &page.items);
	else
		print_list(&page.items);
	return OK;
}

static enum error
print_one(struct ctx *c, const struct jobs_call *call, const struct job_row *job, enum error e)
{
	if (e)
		return e;

	if (call->json)
		print_json(c, &job_schema, job);
	else
		print_job(c, job);
	return OK;
}

static enum error
show(struct ctx *c, const struct jobs_call *call, bool *again)
{
	struct job_row job = { 0 };
	enum error e = job_find(c, call->argument, NULL, &job);

	*again = !e && !job.finished_at;
	return print_one(c, call, &job, e);
}

static enum error
retry(struct ctx *c, const struct jobs_call *call, bool *again UNUSED)
{
	struct job_row job;

	return print_one(c, call, &job, job_retry(c, call->argument, NULL, &job));
}

static enum error
cancel(struct ctx *c, const struct jobs_call *call, bool *again UNUSED)
{
	struct job_row job;

	return print_one(c, call, &job, job_cancel(c, call->argument, NULL, &job));
}

static enum error
pause_queue(struct ctx *c, const struct jobs_call *call, bool *again UNUSED)
{
	return job_pause(c, call->argument, true);
}

static enum error
resume_queue(struct ctx *c, const struct jobs_call *call, bool *again UNUSED)
{
	return job_pause(c, call->argument, false);
}

static enum error
prune(struct ctx *c, const struct jobs_call *call, bool *again UNUSED)
{
	int64_t hours = 0, removed;
	enum error e;

	if (call->noptions)
		hours = strtoll(call->options[0].value, NULL, 10);
	if (call->noptions && hours < 1)
		return fail(c, E_BAD_REQUEST, "--hours takes a number from 1 up");

	e = job_prune(c, hours, &removed);
	if (e)
		return e;

	printf(call->json ? "{\"removed\":%" PRId64 "}\n" : "Removed %" PRId64 " jobs\n", removed);
	return OK;
}

static enum error
stats(struct ctx *c, const struct jobs_call *call, bool *again UNUSED)
{
	struct records rows, totals;
	enum error e;

	e = job_stats(c, &rows);
	if (e)
		return e;

	e = job_totals(c, &totals);
	if (e)
		return e;

	if (call->json) {
		print_json_rows(c, &job_queue_schema, &rows);
	} else {
		print_stats(&rows);
		print_totals(&totals);
	}
	return OK;
}

static const struct act {
	const char *name;
	enum error (*run)(struct ctx *, const struct jobs_call *, bool *again);
	const char *argument; /* what it needs, for people; NULL: nothing */
	bool id, watch;
	const char *options[5];
} acts[] = {
	{ "list", list, NULL, false, true, { "status", "task", "queue", "limit" } },
	{ "show", show, "the ID of a job", true, true, { NULL } },
	{ "retry", retry, "the ID of a job", true, false, { NULL } },
	{ "cancel", cancel, "the ID of a job", true, false, { NULL } },
	{ "pause", pause_queue, "the name of a queue", false, false, { NULL } },
	{ "resume", resume_queue, "the name of a queue", false, false, { NULL } },
	{ "prune", prune, NULL, false, false, { "hours" } },
	{ "stats", stats, NULL, false, true, { NULL } },
};

/* ---- the command line */

static const struct act *
find_act(const char *name)
{
	for (size_t i = 0; name && i < COUNT(acts); i++)
		if (strcmp(acts[i].name, name) == 0)
			return &acts[i];
	return NULL;
}

static bool
takes(const struct act *act, const char *option)
{
	for (size_t i = 0; i < COUNT(act->options) && act->options[i]; i++)
		if (strcmp(act->options[i], option) == 0)
			return true;
	return false;
}

/* NULL, or the argument that is wrong. */
static const char *
read_call(const struct act *act, int argc, char **argv, struct jobs_call *call)
{
	for (int i = 2; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0) {
			if (!takes(act, argv[i] + 2) || i + 1 == argc ||
			    call->noptions == OPTIONS_MAX)
				return argv[i];
			call->options[call->noptions++] =
			    (struct param) { argv[i] + 2, argv[i + 1] };
			i++;
		} else {
			if (!act->argument || call->argument)
				return argv[i];
			call->argument = argv[i];
		}
	}
	return NULL;
}

/* Until there is nothing more to see, or Ctrl-C. */
static enum error
watch(struct ctx *c, const struct act *act, const struct jobs_call *call)
{
	bool terminal = isatty(STDOUT_FILENO), again;
	struct ctx turn = *c;
	enum error e;

	turn.arena = arena_new(ARENA_LIMIT);

	do {
		again = true;
		if (terminal)
			fputs("\033[H\033[J", stdout);
		e = act->run(&turn, call, &again);
		fflush(stdout);
		if (!e && again)
			poll(NULL, 0, WATCH_MS);
		if (!e)
			arena_reset(turn.arena);
	} while (!e && again);
	if (e)
		fail(c, e, "%s", turn.failure.detail ? turn.failure.detail : "it failed");
	arena_free(turn.arena);
	return e;
}

int
cmd_jobs(int argc, char **argv)
{
	struct jobs_call call = { .json = cli_flag(&argc, argv, "--json"),
				  .watch = cli_flag(&argc, argv, "--watch") };
	const struct act *act = find_act(argv[1]);
	const char *wrong;
	struct ctx *c;
	bool again;

	if (!act)
		return cli_usage(argv[0], "it wants list, show, retry, cancel, pause, resume, "
					  "prune or stats");
	wrong = read_call(act, argc, argv, &call);
	if (wrong)
		return cli_usage(argv[0], "%s does not take %s so", act->name, wrong);
	if (act->argument && !call.argument)
		return cli_usage(argv[0], "%s wants %s", act->name, act->argument);
	if (act->id && !uuid_valid(call.argument))
		return cli_usage(argv[0], "%s is no ID of a job", call.argument);
	if (call.watch && !act->watch)
		return cli_usage(argv[0], "%s has nothing to watch", act->name);

	c = cli_open();
	return cli_close(c, argv[0],
			 call.watch ? watch(c, act, &call) : act->run(c, &call, &again));
}
