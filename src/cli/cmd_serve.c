/* serve: the pool of workers behind the web server. */
#include "app/command.h"

#include "app/serve.h"

static int
serve(const struct call *call)
{
	return serve_run(cli_value(call, "--single"));
}

const struct act serve_acts[] = { { "[--single]", .run_alone = serve }, { 0 } };
