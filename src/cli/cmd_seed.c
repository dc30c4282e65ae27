/* seed: what the features want to be there before the first request. */
#include "cli_priv.h"

#include "app/feature.h"

int
cmd_seed(int argc, char **argv)
{
	struct ctx *c;
	enum error e = OK;

	if (argc > 1)
		return cli_usage(argv[0], "it takes no argument, not %s", argv[1]);

	c = cli_open();
	for (const struct feature *const *f = features; *f && !e; f++) {
		if ((*f)->seed)
			e = (*f)->seed(c, stdout);
	}
	return cli_close(c, argv[0], e);
}
