/* Validates values given as text and returns their normal form. */
#include "app/schema.h"

#include "schema_priv.h"

#include "app/clock.h"
#include "app/ids.h"
#include "app/utf8.h"

enum { EMAIL_MAX = 254, EMAIL_LOCAL_MAX = 64, DOMAIN_LABEL_MAX = 63, JSON_MAX = 64 * 1024 };

const char *
field_reject(const struct field_input *at, enum field_code code, const char *format, ...)
{
	const char *message;
	va_list args;

	va_start(args, format);
	message = arena_vprintf(at->ctx->arena, format, args);
	va_end(args);
	fail_field(at->ctx, at->in, at->field->name, code, "%s", message);
	return NULL;
}

const char *
field_type_message(const struct field *f)
{
	switch (f->type) {
	case TYPE_INT:
		return "must be a whole number";
	case TYPE_BOOL:
		return "must be true or false";
	case TYPE_DECIMAL:
		return "must be a number";
	case TYPE_ARRAY:
		return "must be an array";
	default:
		return "must be a string";
	}
}

bool
field_count(const struct field_input *at, size_t n, int64_t max, const char *what)
{
	int64_t min = field_min(at->field);

	if ((int64_t)n < min)
		return field_reject(at, FIELD_TOO_SHORT, "must have at least %" PRId64 " %s%s", min,
				    what, min == 1 ? "" : "s");
	if (max && (int64_t)n > max)
		return field_reject(at, FIELD_TOO_LONG, "must have at most %" PRId64 " %s%s", max,
				    what, max == 1 ? "" : "s");
	return true;
}

static const char *
check_text_field(const struct field_input *at, const char *text)
{
	return field_count(at, utf8_length(text), at->field->max, "character") ? text : NULL;
}

static bool
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Dot-separated words of letters, digits and `marks`. */
static bool
is_dotted(const char *text, size_t len, const char *marks)
{
	char before = '.';

	for (size_t i = 0; i < len; i++) {
		bool dot = text[i] == '.';

		if (dot ? before == '.' : !is_letter_or_digit(text[i]) && !strchr(marks, text[i]))
			return false;
		before = text[i];
	}
	return before != '.';
}

/* Two or more labels that do not begin or end with a hyphen, of at most 63 bytes (RFC 1035). */
static bool
is_domain(const char *domain)
{
	const char *label = domain;

	if (!strchr(domain, '.') || !is_dotted(domain, strlen(domain), "-"))
		return false;

	for (;;) {
		size_t n = strcspn(label, ".");

		if (n > DOMAIN_LABEL_MAX || label[0] == '-' || label[n - 1] == '-')
			return false;
		if (!label[n])
			return true;
		label += n + 1;
	}
}

/* The common subset of RFC 5321: ASCII, a dot-atom (no quotes, no comments) and a domain name
 * with a dot (no bare host name, no IP address). */
static bool
is_email(const char *text)
{
	const char *at = strchr(text, '@');

	return at && at - text <= EMAIL_LOCAL_MAX &&
	       is_dotted(text, (size_t)(at - text), "!#$%&'*+/=?^_`{|}~-") && is_domain(at + 1);
}

static const char *
check_email(const struct field_input *at, const char *text)
{
	static const char spaces[] = " \t\n\v\f\r";
	const char *start = text + strspn(text, spaces);
	size_t len = strlen(start);

	while (len > 0 && strchr(spaces, start[len - 1]))
		len--;
	if (len > EMAIL_MAX)
		return field_reject(at, FIELD_TOO_LONG, "must have at most %d characters",
				    EMAIL_MAX);

	text = arena_text_n(at->ctx->arena, start, len);
	if (!is_email(text))
		return field_reject(at, FIELD_INVALID_FORMAT, "must be an e-mail address");
	return text;
}

static const char *
check_slug(const struct field_input *at, const char *text)
{
	if (slug_valid(text))
		return text;
	if (strlen(text) > SLUG_MAX)
		return field_reject(at, FIELD_TOO_LONG, "must have at most %d characters",
				    SLUG_MAX);
	return field_reject(at, FIELD_INVALID_FORMAT,
			    "must be lower-case letters and digits, with single hyphens between");
}

static const char *
check_uuid(const struct field_input *at, const char *text)
{
	if (!uuid_valid(text))
		return field_reject(at, FIELD_INVALID_FORMAT,
				    "must be a UUID such as 0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
	return arena_lower(at->ctx->arena, text);
}

/* Returns what is missing from a time, or NULL if it is not clear. */
static const char *
explain_time(struct arena *a, const char *text)
{
	const char *blank = strrchr(text, ' ');
	int64_t moment;

	if (clock_parse(arena_printf(a, "%sZ", text), &moment))
		return "has no offset: add Z for UTC, or an offset such as +02:00";
	if (clock_parse(arena_printf(a, "%sT00:00:00Z", text), &moment))
		return "is a date without a time: write a time such as 2026-11-20T15:08:41Z";
	if (blank &&
	    clock_parse(arena_printf(a, "%.*s+%s", (int)(blank - text), text, blank + 1), &moment))
		return "has a space where its offset should begin: write + as %2B in a URL";
	return NULL;
}

static const char *
check_time(const struct field_input *at, const char *text)
{
	int64_t moment;
	char *normal;

	if (!clock_parse(text, &moment)) {
		const char *mistake =
		    strlen(text) < CLOCK_TEXT_SIZE + 8 ? explain_time(at->ctx->arena, text) : NULL;

		return field_reject(at, FIELD_INVALID_FORMAT, "%s",
				    mistake ? mistake
					    : "must be a time such as 2026-11-20T15:08:41Z");
	}

	normal = arena_alloc(at->ctx->arena, CLOCK_TEXT_SIZE);
	clock_text(moment, normal);
	return normal;
}

static const char *
check_date(const struct field_input *at, const char *text)
{
	int64_t moment;

	if (strlen(text) != 10 ||
	    !clock_parse(arena_printf(at->ctx->arena, "%sT00:00:00Z", text), &moment))
		return field_reject(at, FIELD_INVALID_FORMAT, "must be a date such as 2026-11-20");
	return text;
}

static const char *
check_choice(const struct field_input *at, const char *text)
{
	struct buf list;

	for (const char *const *choice = at->field->choices; *choice; choice++)
		if (strcmp(*choice, text) == 0)
			return *choice;
	for (const char *const *alias = at->field->aliases; alias && *alias; alias += 2)
		if (strcmp(*alias, text) == 0)
			return alias[1];

	list = buf_new(at->ctx->arena, 4096);
	for (const char *const *choice = at->field->choices; *choice; choice++) {
		buf_text(&list, choice == at->field->choices ? "" : ", ");
		buf_text(&list, *choice);
	}
	return field_reject(at, FIELD_INVALID_CHOICE, "must be one of: %s", list.data);
}

static const char *
check_bool(const struct field_input *at, const char *text)
{
	if (strcmp(text, "true") == 0)
		return "true";
	if (strcmp(text, "false") == 0)
		return "false";
	return field_reject(at, FIELD_INVALID_TYPE, "%s", field_type_message(at->field));
}

/* Upper bound of the size as jsonb text: PostgreSQL writes 1e9 with nine zeros. */
static int64_t
json_weight(const char *json)
{
	enum { EXPONENT_MAX = 1000000 };
	bool quoted = false;
	int64_t weight = 0;

	for (const char *at = json; *at; at++, weight++) {
		bool digit = at > json && at[-1] >= '0' && at[-1] <= '9';

		if (*at == '"') {
			quoted = !quoted;
		} else if (*at == '\\') {
			at++;
			weight++;
		} else if (!quoted && digit && (*at == 'e' || *at == 'E')) {
			long n = strtol(at + 1, NULL, 10);

			weight += n < -EXPONENT_MAX || n > EXPONENT_MAX ? EXPONENT_MAX : labs(n);
		}
	}
	return weight;
}

static const char *
check_json(const struct field_input *at, const char *text)
{
	int64_t max = at->field->max ? at->field->max : JSON_MAX;
	const char *reason = json_check(text, strlen(text));

	if (reason)
		return field_reject(at, FIELD_INVALID_FORMAT, "must be JSON: %s", reason);
	if (json_weight(text) > max)
		return field_reject(at, FIELD_TOO_LONG,
				    "must have at most %" PRId64 " bytes, with numbers written out",
				    max);
	return text;
}

const char *
field_check(struct ctx *c, const char *in, const struct field *f, const char *text)
{
	static const char *(*const checks[])(const struct field_input *, const char *) = {
		[TYPE_TEXT] = check_text_field,
		[TYPE_EMAIL] = check_email,
		[TYPE_SLUG] = check_slug,
		[TYPE_UUID] = check_uuid,
		[TYPE_TIME] = check_time,
		[TYPE_DATE] = check_date,
		[TYPE_ENUM] = check_choice,
		[TYPE_INT] = field_check_int,
		[TYPE_DECIMAL] = field_check_decimal,
		[TYPE_BOOL] = check_bool,
		[TYPE_JSON] = check_json,
	};
	struct field_input at = { .ctx = c, .in = in, .field = f };

	if (!utf8_valid(text, strlen(text)))
		return field_reject(&at, FIELD_INVALID_FORMAT, "must be valid UTF-8");
	if (f->type >= COUNT(checks) || !checks[f->type])
		return field_reject(&at, FIELD_INVALID_TYPE, "cannot be given as text");
	return checks[f->type](&at, text);
}
