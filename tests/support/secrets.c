/* Records secrets for the search in the logs. */
#include "secrets.h"

#include "app/base.h"

static void
note(const char *secret, size_t len)
{
	const char *file = getenv("TEST_SECRETS");
	FILE *out = file && len ? fopen(file, "ae") : NULL;

	if (!out)
		return;
	fprintf(out, "%.*s\n", (int)len, secret);
	fclose(out);
}

void
secrets_note(const char *secret)
{
	if (secret)
		note(secret, strcspn(secret, "\n"));
}

/* Records a string up to the first escape. */
void
secrets_note_members(const char *json)
{
	static const char *const names[] = {
		"\"password\"",      "\"current_password\"", "\"new_password\"",
		"\"refresh_token\"", "\"access_token\"",     "\"token\"",
		"\"key\"",
	};

	for (size_t i = 0; json && i < COUNT(names); i++) {
		for (const char *at = json; (at = strstr(at, names[i]));) {
			at += strlen(names[i]);
			at += strspn(at, " :");
			if (*at == '"')
				note(at + 1, strcspn(at + 1, "\"\\\n"));
		}
	}
}
