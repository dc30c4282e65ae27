/* sessions: removes those that are over. */
#include "cli_priv.h"

#include "features/sessions/sessions.h"

static enum error
cleanup(struct ctx *c, const struct call *call)
{
	int64_t sessions = 0, tokens = 0;
	enum error e;

	e = sessions_cleanup(c, &sessions, &tokens);
	if (e)
		return e;

	printf(cli_value(call, "--json") ? "{\"sessions\":%" PRId64 ",\"refresh_tokens\":%" PRId64
					   "}\n"
					 : "removed %" PRId64 " sessions, and %" PRId64
					   " refresh tokens past their time\n",
	       sessions, tokens);
	return OK;
}

const struct act sessions_acts[] = { { "cleanup [--json]", cleanup, NULL }, { 0 } };
