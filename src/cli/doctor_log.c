/* The check of `doctor` that reads the program's log. */
#include "doctor_priv.h"

#include "app/feature.h"

/* Returns the table of the name before `end`, or NULL. */
static const struct table *
find_table(const struct app *app, const char *name, const char *end)
{
	size_t len = (size_t)(end - name);

	for (const struct feature *const *f = app->features; *f; f++)
		for (const struct table *const *t = (*f)->tables; t && *t; t++)
			if (strlen((*t)->name) == len && memcmp((*t)->name, name, len) == 0)
				return *t;
	return NULL;
}

/* Returns the order of a slow list statement (list_name()), if an index could help, or NULL. */
static const struct list_sort *
find_slow_order(const struct app *app, const char *line, const struct table **table)
{
	static const char slow[] = "slow statement ", list[] = "_list:";
	const char *name = strstr(line, slow), *order = name ? strstr(name, list) : NULL;

	*table = order ? find_table(app, name + strlen(slow), order) : NULL;
	if (!*table || (*table)->from)
		return NULL;

	order += strlen(list);
	order += *order == '-';
	for (const struct list_sort *s = (*table)->sorts; s->name; s++)
		if (strncmp(order, s->name, strlen(s->name)) == 0 && order[strlen(s->name)] == ':')
			return s == (*table)->sorts || s->indexed ? NULL : s;
	return NULL;
}

/* The end of a long log is enough: a slow list is logged again. */
enum { LOG_READ_MAX = 64 * 1024 * 1024 };

void
check_orders(struct doctor *d)
{
	FILE *in = d->log ? fopen(d->log, "re") : NULL;
	const struct list_sort *sort = NULL;
	const struct table *table;
	char line[4096];

	if (!d->log) {
		report(d, STATE_UNKNOWN, NULL, "not checked: use --log FILE");
		return;
	}
	if (!in) {
		report(d, STATE_FAULT, "use --log with a file that this user can read", "%s: %s",
		       d->log, strerror(errno));
		return;
	}
	if (fseeko(in, -(off_t)LOG_READ_MAX, SEEK_END) != 0)
		rewind(in);
	while (!sort && fgets(line, sizeof(line), in))
		sort = find_slow_order(d->app, line, &table);
	fclose(in);
	if (sort)
		report(d, STATE_WARNING,
		       "add .indexed = true to this order in the table's row, then write the"
		       " migration by `./dev new migration NAME --autogenerate`",
		       "%s are listed slowly by %s, which has no index", table->name, sort->name);
	else
		report(d, STATE_OK, NULL, "no slow list without an index");
}
