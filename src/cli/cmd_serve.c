/* serve: runs the pool of workers behind the web server. */
#include "app/command.h"

#include "app/serve.h"

static int
cmd_serve(const struct call *call)
{
	if (cli_value(call, "--check")) /* the settings have been checked */
		return EXIT_SUCCESS;
	return cli_value(call, "--single") ? serve_single(call->app)
					   : serve_pool(call->app, call->argv);
}

const struct subcommand serve_subcommands[] = {
	{ "[--single] [--check]", .run_alone = cmd_serve },
	{ 0 },
};
