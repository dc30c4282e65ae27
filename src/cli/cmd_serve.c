/* serve: runs the pool of workers behind the web server. */
#include "app/command.h"

#include "app/serve.h"

static int
cmd_serve(const struct call *call)
{
	return serve_run(cli_value(call, "--single"));
}

const struct subcommand serve_subcommands[] = { { "[--single]", .run_alone = cmd_serve }, { 0 } };
