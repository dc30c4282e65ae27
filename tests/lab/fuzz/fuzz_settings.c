/* .env files: accepted settings can be printed and read again, and no secret is printed. */
#include "fuzz.h"

#include "app/settings.h"

#include <sys/mman.h>

#define SECRET "0123456789-never-shown-0123456789"

static const char *
load(struct ctx *c, const char *text)
{
	int fd = memfd_create("env", MFD_CLOEXEC);
	const char *wrong;

	HOLDS(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	wrong = settings_load(c->arena, NULL, arena_printf(c->arena, "/proc/self/fd/%d", fd), true);
	close(fd);
	return wrong;
}

static char *
print(struct ctx *c)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	HOLDS(out);
	settings_print(out, true);
	fclose(out);
	arena_defer(c->arena, free, text);
	return text;
}

static void
check_rate(struct ctx *c, struct rate rate)
{
	HOLDS(rate.n >= 0 && (rate.n == 0 || rate.seconds > 0));
	HOLDS(!load(c, arena_printf(c->arena,
				    "DATABASE_URL=host=x\nJWT_SECRET_KEY=" SECRET "\nRATE_LIMIT=%s",
				    rate_text(c->arena, rate))));
	HOLDS(settings.rate_limit.n == rate.n &&
	      (rate.n == 0 || settings.rate_limit.seconds == rate.seconds));
}

void
fuzz(struct ctx *c, const char *bytes, size_t len)
{
	struct settings before = settings;
	const char *text = fuzz_text(c, bytes, len), *wrong;

	/* The input must not name other files, nor contain the secret. */
	if (strstr(text, "_FILE") || strstr(text, SECRET))
		return;

	text = arena_printf(c->arena, "%s\nJWT_SECRET_KEY=" SECRET, text);
	wrong = load(c, text);
	HOLDS(!wrong || (*wrong && !strstr(wrong, SECRET)));
	if (!wrong) {
		const char *json = print(c);

		HOLDS(!strstr(json, SECRET));
		check_rate(c, settings.rate_limit);
	}
	settings = before;
}
