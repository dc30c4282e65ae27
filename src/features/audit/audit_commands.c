/* The command `audit`: prunes the audit log. */
#include "audit_priv.h"

#include "app/print.h"

enum { DAYS_MAX = 36500 };

/* Converts "90d" or "12h" to seconds; 0 if the text is neither. */
static int64_t
read_age(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || n < 1 || n > DAYS_MAX * 24L || end[0] == '\0' || end[1])
		return 0;
	if (*end == 'd')
		return n <= DAYS_MAX ? n * 86400 : 0;
	return *end == 'h' ? n * 3600 : 0;
}

static enum error
prune(struct ctx *c, const struct call *call)
{
	const char *age = cli_value(call, "--older-than");
	int64_t seconds = read_age(age), removed = 0;
	enum error e;

	if (!seconds)
		return fail(c, E_BAD_REQUEST,
			    "invalid age %s: expected days or hours, such as 90d or 12h", age);

	e = audit_prune(c, seconds, &removed);
	print(stdout, "removed %" PRId64 " events\n", removed);
	return e;
}

static const struct subcommand subcommands[] = { { "prune --older-than AGE", prune, NULL }, { 0 } };

const struct command audit_commands[] = {
	{ "audit", subcommands, "Delete old events from the audit log.", "prune --older-than 90d",
	  .needs_config = true, .owner = true },
	{ 0 },
};
