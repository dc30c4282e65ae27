/* Kinds and queues: what their rows and the settings say. */
#include "job_priv.h"

#include "app/feature.h"
#include "app/ids.h"
#include "app/settings.h"

enum {
	TIMEOUT = 60,
	ATTEMPTS = 10,
	BACK_OFF = 15,
	BACK_OFF_MAX = 6 * 60 * 60,
	NAMES_MAX = 256,
};

int64_t
kind_timeout(const struct job_kind *kind)
{
	return kind->timeout ? kind->timeout : TIMEOUT;
}

int64_t
kind_attempts(const struct job_kind *kind)
{
	return kind->attempts ? kind->attempts : ATTEMPTS;
}

const char *
kind_queue(const struct job_kind *kind)
{
	if (kind->concurrency)
		return kind->name;
	return kind->queue ? kind->queue : "default";
}

int64_t
kind_back_off(const struct job_kind *kind, int64_t attempt)
{
	int64_t wait = kind->back_off ? kind->back_off : BACK_OFF;
	uint16_t random;

	for (int64_t i = 1; i < attempt && wait < BACK_OFF_MAX; i++)
		wait *= 2;
	if (wait > BACK_OFF_MAX)
		wait = BACK_OFF_MAX;

	random_bytes(&random, sizeof(random));
	return wait - wait / 10 + (wait / 5) * random / UINT16_MAX;
}

const struct job_kind *
job_kind_find(const char *name)
{
	for (const struct feature *const *f = features; *f; f++)
		for (const struct job_kind *const *k = (*f)->jobs; k && *k; k++)
			if (strcmp((*k)->name, name) == 0)
				return *k;
	return NULL;
}

const char *
kind_names(struct ctx *c)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	size_t n = 0;

	for (const struct feature *const *f = features; *f; f++)
		for (const struct job_kind *const *k = (*f)->jobs; k && *k && n < NAMES_MAX; k++)
			names[n++] = (*k)->name;
	return p_array(c, names);
}

enum error
kind_read_args(struct ctx *c, const struct job_kind *kind, const char *json, const void **args)
{
	uint64_t given;
	void *record;

	*args = NULL;
	if (!kind->args)
		return OK;

	*args = record = arena_alloc(c->arena, kind->args->size);
	return schema_read(c, kind->args, SCHEMA_CREATE, json, strlen(json), record, &given);
}

/* "mail:2" is the queue mail, of which two may run at once. */
int64_t
queue_limit(const char *queue)
{
	const struct job_kind *kind = job_kind_find(queue);
	size_t len = strlen(queue);

	for (const char *const *q = settings.job_queues; q && *q; q++)
		if (strncmp(*q, queue, len) == 0 && (*q)[len] == ':')
			return strtoll(*q + len + 1, NULL, 10);
	return kind ? kind->concurrency : 0;
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

enum error
job_enqueue_json(struct ctx *c, const char *task, const char *json, const char **id)
{
	const struct job_kind *kind = job_kind_find(task);
	const void *args;
	enum error e;

	if (!kind)
		return fail(c, E_NOT_FOUND, "unknown task %s", task);

	e = kind_read_args(c, kind, json ? json : "{}", &args);
	return e ? e : job_enqueue(c, kind, args, .id = id);
}
