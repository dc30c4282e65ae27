/* Prints untrusted texts with control characters escaped. */
#include "app/print.h"

#include "app/utf8.h"

/* A control character that the text does not contain, or NUL if it contains all. */
static char
unused_character(const char *text)
{
	char unused = ' ' - 1;

	while (unused && strchr(text, unused))
		unused--;
	return unused;
}

static void
write_visible(FILE *out, const char *text, char line_break)
{
	while (*text) {
		char shown[8] = "\n";

		text += *text == line_break ? 1 : utf8_visible(text, shown);
		fputs(shown, out);
	}
}

/* Formats twice to distinguish line breaks of the format from those of inserted texts: the second
 * time, a character that the first result does not contain replaces the format's line breaks. */
void
print_args(FILE *out, const char *format, va_list args)
{
	char *text, *copy = strdup(format), line_break;
	va_list again;

	va_copy(again, args);
	if (copy && vasprintf(&text, format, again) >= 0) {
		line_break = unused_character(text);
		for (char *at = copy; line_break && (at = strchr(at, '\n'));)
			*at = line_break;
		free(text);
		if (vasprintf(&text, copy, args) >= 0) {
			write_visible(out, text, line_break);
			free(text);
		}
	}
	va_end(again);
	free(copy);
}

void
print(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_args(out, format, args);
	va_end(args);
}
