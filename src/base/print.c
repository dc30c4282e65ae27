/* Prints for people: formats one conversion after the other, so that inserted texts are escaped
 * and the format's own line breaks are not. */
#include "app/print.h"

#include "app/utf8.h"

enum { SPEC_SIZE = 40 };

/* A conversion as fprintf() takes it; of %s, the precision is not part of the text. */
struct spec {
	char text[SPEC_SIZE];
	int precision; /* -1: none */
	char length;   /* l, L (ll), z, t; 0: none */
	char kind;
};

/* The first `max` bytes (-1: all) as they may be shown; NULL: out of memory. Free it. */
static char *
escaped(const char *text, int max)
{
	size_t len = max < 0 ? strlen(text) : strnlen(text, (size_t)max);
	char *part = strndup(text, len), *copy = malloc(len * 6 + 1), *end = copy;

	for (const char *at = part; copy && at && *at;) {
		char out[8];

		at += utf8_visible(at, out);
		end = stpcpy(end, out);
	}
	if (copy)
		*end = '\0';
	free(part);
	return copy;
}

/* A width or a precision: digits, or the next argument. */
static const char *
read_number(const char *at, va_list *args, int *number)
{
	char *end;

	if (*at == '*') {
		*number = va_arg(*args, int);
		return at + 1;
	}
	*number = (int)strtol(at, &end, 10);
	return end;
}

/* Reads a conversion behind its %; returns what follows it. */
static const char *
read_spec(const char *at, va_list *args, struct spec *spec)
{
	const char *left = *at == '-' ? "-" : "", *modifier = "";
	int width = 0;

	spec->precision = -1;
	at += *left == '-';
	if (*at == '*' || (*at >= '1' && *at <= '9'))
		at = read_number(at, args, &width);
	if (*at == '.')
		at = read_number(at + 1, args, &spec->precision);
	spec->length = strchr("lzt", *at) ? *at++ : '\0';
	modifier = spec->length == 'l' ? "l" : spec->length == 'z' ? "z" : "t";
	if (spec->length == 'l' && *at == 'l')
		spec->length = 'L', modifier = "ll", at++;
	spec->kind = *at;
	snprintf(spec->text, SPEC_SIZE, "%%%s%.0d", left, width);
	if (spec->precision >= 0 && spec->kind == 'f')
		snprintf(spec->text, SPEC_SIZE, "%%%s%.0d.%d", left, width, spec->precision);
	snprintf(spec->text + strlen(spec->text), 8, "%s%c", spec->length ? modifier : "", *at);
	return at + 1;
}

static void
put(FILE *out, const struct spec *spec, va_list *args)
{
	char *text;

	if (spec->kind == '%') {
		fputc('%', out);
	} else if (spec->kind == 'f') {
		fprintf(out, spec->text, va_arg(*args, double));
	} else if (spec->kind == 's') {
		text = escaped(va_arg(*args, const char *), spec->precision);
		fprintf(out, spec->text, text ? text : "");
		free(text);
	} else if (spec->length == 'L') {
		fprintf(out, spec->text, va_arg(*args, long long));
	} else if (spec->length == 'l') {
		fprintf(out, spec->text, va_arg(*args, long));
	} else if (spec->length) {
		fprintf(out, spec->text, va_arg(*args, size_t));
	} else {
		fprintf(out, spec->text, va_arg(*args, int));
	}
}

void
print_args(FILE *out, const char *format, va_list args)
{
	va_list own;

	va_copy(own, args);
	while (*format) {
		struct spec spec = { .length = 0 };
		size_t n = strcspn(format, "%");

		fwrite(format, 1, n, out);
		format += n;
		if (!*format)
			break;
		format = read_spec(format + 1, &own, &spec);
		put(out, &spec, &own);
	}
	va_end(own);
}

void
print(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_args(out, format, args);
	va_end(args);
}
