/* seed: creates the rows that the features need, and sample data. */
#include "app/command.h"

#include "app/feature.h"
#include "app/settings.h"

static enum error
cmd_seed(struct ctx *c, const struct call *call)
{
	bool sample = cli_value(call, "--sample");
	enum error e = OK;

	if (sample && settings_production())
		return fail(c, E_FORBIDDEN,
			    "sample accounts have published passwords: --sample is not allowed with"
			    " ENVIRONMENT=production");

	for (const struct feature *const *f = c->app->features; *f && !e; f++) {
		if ((*f)->seed)
			e = (*f)->seed(c, stdout);
	}
	for (const struct feature *const *f = c->app->features; *f && !e && sample; f++) {
		if ((*f)->sample)
			e = (*f)->sample(c, stdout);
	}
	return e;
}

const struct subcommand seed_subcommands[] = { { "[--sample]", cmd_seed, NULL }, { 0 } };
