/* audit: how long the audit log is kept. */
#include "cli_priv.h"

#include "features/audit/audit.h"

enum { DAYS_MAX = 36500 };

/* "90d" or "12h" in seconds; 0 where it is neither. */
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

int
cmd_audit(int argc, char **argv)
{
	int64_t seconds, removed = 0;
	struct ctx *c;
	enum error e;

	if (argc < 2 || strcmp(argv[1], "prune") != 0)
		return cli_usage(argv[0], "it wants prune");
	if (argc != 4 || strcmp(argv[2], "--older-than") != 0)
		return cli_usage(argv[0], "prune wants --older-than and an age, such as 90d");
	seconds = read_age(argv[3]);
	if (!seconds)
		return cli_usage(argv[0], "%s is no age: say 90d for days or 12h for hours",
				 argv[3]);

	c = cli_open_owner();
	e = audit_prune(c, seconds, &removed);
	printf("removed %" PRId64 " events\n", removed);
	return cli_close(c, argv[0], e);
}
