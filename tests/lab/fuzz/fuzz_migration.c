/* Migration files: each part is text of the file, at the reported line. */
#include "fuzz.h"

#include "migrate/migrate_priv.h"

static void
check_part(struct ctx *c, const char *file, const char *marker)
{
	struct migration_part part;
	const char *line = file;

	if (!migration_part(c->arena, file, marker, &part))
		return;

	for (unsigned i = 1; i < part.line; i++)
		line = strchrnul(line, '\n') + (*strchrnul(line, '\n') == '\n');
	HOLDS(strncmp(line, part.text, strlen(part.text)) == 0);
}

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	const char *file = fuzz_text(c, bytes, len), *version = migration_version(c->arena, file);

	HOLDS(!version || (*version && version[strspn(version, "0123456789")] == '\0'));
	check_part(c, file, "up");
	check_part(c, file, "down");
}
