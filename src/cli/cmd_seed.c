/* seed: what the features want to be there before the first request, or to try them with. */
#include "cli_priv.h"

#include "app/feature.h"
#include "app/settings.h"

int
cmd_seed(int argc, char **argv)
{
	bool sample = cli_flag(&argc, argv, "--sample");
	struct ctx *c;
	enum error e = OK;

	if (argc > 1)
		return cli_usage(argv[0], "it takes --sample or nothing, not %s", argv[1]);

	c = cli_open();
	if (sample && settings_production())
		e = fail(c, E_FORBIDDEN,
			 "the passwords of sample accounts are known to everybody:"
			 " not where ENVIRONMENT is production");
	for (const struct feature *const *f = features; *f && !e; f++) {
		if ((*f)->seed)
			e = (*f)->seed(c, stdout);
	}
	for (const struct feature *const *f = features; *f && !e && sample; f++) {
		if ((*f)->sample)
			e = (*f)->sample(c, stdout);
	}
	return cli_close(c, argv[0], e);
}
