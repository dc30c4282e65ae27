/* The command `sessions`: prunes ended sessions. */
#include "sessions_priv.h"

#include "app/print.h"

static enum error
cleanup(struct ctx *c, const struct call *call)
{
	int64_t sessions = 0, tokens = 0;
	enum error e;

	e = sessions_prune(c, &sessions, &tokens);
	if (e)
		return e;

	print(stdout,
	      cli_value(call, "--json")
		  ? "{\"sessions\":%" PRId64 ",\"refresh_tokens\":%" PRId64 "}\n"
		  : "removed %" PRId64 " sessions and %" PRId64 " expired refresh tokens\n",
	      sessions, tokens);
	return OK;
}

static const struct subcommand subcommands[] = { { "cleanup [--json]", cleanup, NULL }, { 0 } };

const struct command sessions_commands[] = {
	{ "sessions", subcommands, "Delete ended sessions and expired refresh tokens.", "cleanup",
	  .needs_config = true },
	{ 0 },
};
