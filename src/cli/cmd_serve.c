/* serve: the pool of workers behind the web server. */
#include "cli_priv.h"

#include "app/serve.h"

int
cmd_serve(int argc, char **argv)
{
	bool single = cli_flag(&argc, argv, "--single");

	if (argc > 1)
		return cli_usage(argv[0], "unknown argument %s", argv[1]);

	return serve_run(single);
}
