/* Tasks with their defaults, and the queues of JOB_QUEUES. */
#include "job_priv.h"

#include "app/feature.h"
#include "app/ids.h"
#include "app/settings.h"

enum {
	TIMEOUT = 60,
	ATTEMPTS = 10,
	BACKOFF = 15,
	BACKOFF_MAX = 6 * 60 * 60,
	NAMES_MAX = 256,
};

int64_t
task_timeout(const struct job_task *task)
{
	return task->timeout ? task->timeout : TIMEOUT;
}

int64_t
task_max_attempts(const struct job_task *task)
{
	return task->max_attempts ? task->max_attempts : ATTEMPTS;
}

const char *
task_queue(const struct job_task *task)
{
	if (task->concurrency)
		return task->name;
	return task->queue ? task->queue : "default";
}

int64_t
task_backoff(const struct job_task *task, int64_t attempts)
{
	int64_t wait = task->backoff ? task->backoff : BACKOFF;
	uint16_t random;

	for (int64_t i = 1; i < attempts && wait < BACKOFF_MAX; i++)
		wait *= 2;
	if (wait > BACKOFF_MAX)
		wait = BACKOFF_MAX;

	random_bytes(&random, sizeof(random));
	return wait - wait / 10 + (wait / 5) * random / UINT16_MAX;
}

const struct job_task *
job_task_find(const struct app *app, const char *name)
{
	for (const struct feature *const *f = app->features; *f; f++)
		for (const struct job_task *const *k = (*f)->jobs; k && *k; k++)
			if (strcmp((*k)->name, name) == 0)
				return *k;
	return NULL;
}

const char *
task_names(struct ctx *c)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	size_t n = 0;

	for (const struct feature *const *f = c->app->features; *f; f++)
		for (const struct job_task *const *k = (*f)->jobs; k && *k && n < NAMES_MAX; k++)
			names[n++] = (*k)->name;
	return p_array(c, names);
}

enum error
task_read_args(struct ctx *c, const struct job_task *task, const char *json, const void **args)
{
	uint64_t given;
	void *record;

	*args = NULL;
	if (!task->args)
		return OK;

	*args = record = arena_alloc(c->arena, task->args->size);
	return schema_read(c, task->args, SCHEMA_CREATE, json, strlen(json), record, &given);
}

/* "mail:2": at most two jobs of the queue mail run at once. It replaces the limit of a task. */
static int64_t
limit_of_setting(const char *queue)
{
	size_t len = strlen(queue);

	for (const char *const *q = settings.job_queues; q && *q; q++)
		if (strncmp(*q, queue, len) == 0 && (*q)[len] == ':')
			return strtoll(*q + len + 1, NULL, 10);
	return 0;
}

void
queue_limits(struct ctx *c, const char **queues, const char **limits)
{
	const char *names[NAMES_MAX + 1] = { NULL }, *numbers[NAMES_MAX + 1] = { NULL };
	size_t n = 0;

	for (const char *const *q = settings.job_queues; q && *q && n < NAMES_MAX; q++) {
		const char *limit = strchr(*q, ':');

		if (!limit)
			continue;
		names[n] = arena_text_n(c->arena, *q, (size_t)(limit - *q));
		numbers[n++] = limit + 1;
	}
	for (const struct feature *const *f = c->app->features; *f; f++) {
		for (const struct job_task *const *k = (*f)->jobs; k && *k && n < NAMES_MAX; k++) {
			if (!(*k)->concurrency || limit_of_setting((*k)->name))
				continue;
			names[n] = (*k)->name;
			numbers[n++] = p_int(c, (*k)->concurrency);
		}
	}
	*queues = p_array(c, names);
	*limits = p_array(c, numbers);
}

const char *
queue_names(struct ctx *c)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	size_t n = 0;

	for (const char *const *q = settings.job_queues; q && *q && n < NAMES_MAX; q++) {
		if (strcmp(*q, "*") == 0)
			return NULL;
		names[n++] = arena_text_n(c->arena, *q, strcspn(*q, ":"));
	}
	return n ? p_array(c, names) : NULL;
}

bool
queue_served(const char *queue)
{
	size_t len = strlen(queue), n = 0;

	for (const char *const *q = settings.job_queues; q && *q; q++, n++) {
		if (strcmp(*q, "*") == 0)
			return true;
		if (strncmp(*q, queue, len) == 0 && (!(*q)[len] || (*q)[len] == ':'))
			return true;
	}
	return n == 0;
}

static enum error
unknown_task(struct ctx *c, const char *task)
{
	const char *names = "";

	for (const struct feature *const *f = c->app->features; *f; f++)
		for (const struct job_task *const *t = (*f)->jobs; t && *t; t++)
			names =
			    arena_printf(c->arena, "%s%s%s", names, *names ? ", " : "", (*t)->name);
	return fail(c, E_NOT_FOUND, "unknown task %s (one of: %s)", task, names);
}

enum error
job_enqueue_json(struct ctx *c, const char *task, const char *json, const char **id)
{
	const struct job_task *found = job_task_find(c->app, task);
	const void *args;
	enum error e;

	if (!found)
		return unknown_task(c, task);

	e = task_read_args(c, found, json ? json : "{}", &args);
	return e ? e : job_enqueue(c, found, args, .id = id);
}
