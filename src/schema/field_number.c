/* Validates numbers given as text. */
#include "app/schema.h"

#include "schema_priv.h"

static bool
limited(const struct field *f)
{
	return f->max > field_min(f);
}

const char *
field_check_int(const struct field_input *at, const char *text)
{
	const struct field *f = at->field;
	int64_t min = limited(f) ? field_min(f) : -INT64_MAX;
	int64_t max = limited(f) ? f->max : INT64_MAX;
	bool negative = text[0] == '-', beyond;
	const char *digits = text + negative;
	long long n;

	if (!*digits || digits[strspn(digits, "0123456789")])
		return field_reject(at, FIELD_INVALID_TYPE, "%s", field_type_message(f));

	errno = 0;
	n = strtoll(text, NULL, 10);
	beyond = errno == ERANGE;
	if (n < min || (beyond && negative))
		return field_reject(at, FIELD_TOO_SMALL, "must be at least %" PRId64, min);
	if (n > max || beyond)
		return field_reject(at, FIELD_TOO_LARGE, "must be at most %" PRId64, max);
	return arena_printf(at->ctx->arena, "%lld", n);
}

/* The parts of a decimal: "-012.5" is negative, "12" and "5". */
struct decimal {
	bool negative;
	const char *whole, *fraction;
	int nwhole, nfraction;
};

static bool
split_decimal(const char *text, struct decimal *d)
{
	static const char digits[] = "0123456789";

	d->negative = *text == '-';
	d->whole = text + d->negative;
	d->nwhole = (int)strspn(d->whole, digits);
	d->fraction = d->whole + d->nwhole + (d->whole[d->nwhole] == '.');
	d->nfraction = (int)strspn(d->fraction, digits);
	if (d->nwhole == 0 || d->fraction[d->nfraction] ||
	    (d->nfraction == 0 && d->fraction[-1] == '.'))
		return false;

	for (; d->nwhole > 1 && *d->whole == '0'; d->nwhole--)
		d->whole++;
	return true;
}

/* Compares `units` / `power` with a whole number. Returns <0, 0 or >0. */
static int
compare_decimal(int64_t units, int64_t power, int64_t whole)
{
	int64_t other;

	if (__builtin_mul_overflow(whole, power, &other))
		return whole < 0 ? 1 : -1;
	return (units > other) - (units < other);
}

const char *
field_check_decimal(const struct field_input *at, const char *text)
{
	const struct field *f = at->field;
	int scale = f->scale, max_digits = DECIMAL_DIGITS - scale;
	struct arena *a = at->ctx->arena;
	int64_t power = 1, units;
	struct decimal d;

	if (!split_decimal(text, &d))
		return field_reject(at, FIELD_INVALID_FORMAT,
				    "must be a number such as 12.50, without an exponent");
	if (d.nfraction > scale)
		return field_reject(at, FIELD_INVALID_FORMAT,
				    "must have at most %d digit%s after the point", scale,
				    scale == 1 ? "" : "s");
	if (d.nwhole > max_digits)
		return field_reject(at, d.negative ? FIELD_TOO_SMALL : FIELD_TOO_LARGE,
				    "must have at most %d digit%s before the point", max_digits,
				    max_digits == 1 ? "" : "s");

	for (int i = 0; i < scale; i++)
		power *= 10;
	text = arena_printf(a, "%.*s.%.*s%.*s", d.nwhole, d.whole, d.nfraction, d.fraction,
			    scale - d.nfraction, "000000000000000000");
	units =
	    strtoll(text, NULL, 10) * power + (scale ? strtoll(text + d.nwhole + 1, NULL, 10) : 0);
	d.negative = d.negative && units;
	units = d.negative ? -units : units;
	if (limited(f) && compare_decimal(units, power, field_min(f)) < 0)
		return field_reject(at, FIELD_TOO_SMALL, "must be at least %" PRId64, field_min(f));
	if (limited(f) && compare_decimal(units, power, f->max) > 0)
		return field_reject(at, FIELD_TOO_LARGE, "must be at most %" PRId64, f->max);
	return arena_printf(a, "%s%.*s", d.negative ? "-" : "", d.nwhole + (scale ? scale + 1 : 0),
			    text);
}
