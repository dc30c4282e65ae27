/* sessions: removes those that are over. */
#include "cli_priv.h"

#include "features/sessions/sessions.h"

int
cmd_sessions(int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	int64_t sessions = 0, tokens = 0;
	struct ctx *c;
	enum error e;

	if (argc < 2 || strcmp(argv[1], "cleanup") != 0)
		return cli_usage(argv[0], "it wants cleanup");
	if (argc > 2)
		return cli_usage(argv[0], "cleanup takes --json or nothing, not %s", argv[2]);

	c = cli_open();
	e = sessions_cleanup(c, &sessions, &tokens);
	if (!e)
		printf(json ? "{\"sessions\":%" PRId64 ",\"refresh_tokens\":%" PRId64 "}\n"
			    : "removed %" PRId64 " sessions, and %" PRId64
			      " refresh tokens past their time\n",
		       sessions, tokens);
	return cli_close(c, argv[0], e);
}
