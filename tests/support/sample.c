/* Rows of any resource, made by its routes. */
#include <criterion/criterion.h>

#include "sample.h"

#include "support/test_app.h"

#include "app/feature.h"
#include "app/settings.h"
#include "app/table.h"

enum { BODY_MAX = 4 << 20, TEXT_LENGTH = 300, JSON_LENGTH = 64 * 1024 };

#define FIFTY_LETTERS   "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"
#define HUNDRED_LETTERS FIFTY_LETTERS FIFTY_LETTERS

static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

/* `n` characters of two bytes, or of one: letters that no list of passwords has. */
static const char *
text_value(struct test *t, int64_t n, enum bound bound)
{
	static uint32_t random = 1;
	struct buf b = buf_new(t->arena, BODY_MAX);

	for (int64_t i = 0; i < n; i++) {
		if (bound == HIGH)
			buf_text(&b, "é");
		else
			buf_char(&b, (char)('a' + next_random(&random) % 26));
	}
	return arena_printf(t->arena, "\"%s\"", buf_done(&b));
}

static const char *
email_value(struct test *t, enum bound bound)
{
	static int n;
	const char *name = arena_printf(t->arena, "n%d", ++n);

	if (bound == LOW)
		return arena_printf(t->arena, "\"%s@example.com\"", name);
	return arena_printf(t->arena, "\"%s%.*s@%.63s.%.63s.%.57s.com\"", name,
			    64 - (int)strlen(name), HUNDRED_LETTERS, HUNDRED_LETTERS,
			    HUNDRED_LETTERS, HUNDRED_LETTERS);
}

/* A different one for each call. */
static const char *
slug_value(struct test *t, enum bound bound)
{
	static int n;

	return arena_printf(t->arena, "\"%.*s%d\"", bound == LOW ? 0 : 90, HUNDRED_LETTERS, ++n);
}

static bool
has_range(const struct field *f)
{
	return f->min || f->max;
}

static const char *
int_value(struct test *t, const struct field *f, enum bound bound)
{
	if (has_range(f))
		return arena_printf(t->arena, "%" PRId64, bound == LOW ? f->min : f->max);
	return bound == LOW ? "-9223372036854775807" : "9223372036854775807";
}

static const char *
decimal_value(struct test *t, const struct field *f, enum bound bound)
{
	const char *zeros = "000000000000000000", *nines = "999999999999999999";
	const char *point = f->scale ? "." : "";

	if (has_range(f))
		return arena_printf(t->arena, "\"%" PRId64 "%s%.*s\"",
				    bound == LOW ? f->min : f->max, point, f->scale, zeros);
	return arena_printf(t->arena, "\"%s%.*s%s%.*s\"", bound == LOW ? "-" : "",
			    DECIMAL_DIGITS - f->scale, nines, point, f->scale, nines);
}

static const char *
choice_value(struct test *t, const struct field *f, enum bound bound)
{
	size_t last = 0;

	while (bound == HIGH && f->choices[last + 1])
		last++;
	return arena_printf(t->arena, "\"%s\"", f->choices[last]);
}

static const char *
array_value(struct test *t, const struct field *f, enum bound bound)
{
	int64_t n = bound == LOW ? f->min : f->max ? f->max : ARRAY_MAX;
	struct buf b = buf_new(t->arena, BODY_MAX);

	buf_char(&b, '[');
	for (int64_t i = 0; i < n && (!f->item->choices || f->item->choices[i]); i++) {
		buf_text(&b, i ? "," : "");
		if (f->item->choices)
			buf_printf(&b, "\"%s\"", f->item->choices[i]);
		else
			buf_text(&b, sample_value(t, NULL, f->item, i % 2 ? LOW : HIGH));
	}
	buf_char(&b, ']');
	return buf_done(&b);
}

/* The route that creates rows: with responses of that schema, or with that path. */
static const struct route *
find_create(const struct schema *schema, const char *path)
{
	for (const struct feature *const *f = test_app()->features; *f; f++)
		for (const struct route *r = (*f)->routes; r && r->method; r++)
			if (r->method == POST && r->status == 201 &&
			    (r->response == schema || (path && strcmp(r->path, path) == 0)))
				return r;
	cr_assert_fail("no route creates %s", schema ? schema->name : path);
	return NULL;
}

static struct sample
create_sample(struct test *t, const struct account *who, const struct route *r)
{
	struct sample s = { .list = sample_uri(t, who, r), .body = sample_body(t, who, r->body) };

	s.response = call(t, "POST", s.list, .token = who->token, .json = s.body);
	cr_assert_eq(s.response.status, 201, "%s: %s", s.list, s.response.body);
	s.path = response_header_value(&s.response, "Location");
	return s;
}

struct sample
sample_row(struct test *t, const struct account *who, const struct table *table)
{
	return create_sample(t, who, find_create(table->schema, NULL));
}

const char *
sample_uri(struct test *t, const struct account *who, const struct route *r)
{
	struct buf b = buf_new(t->arena, 1000);
	struct sample parent;

	buf_text(&b, settings.api_prefix);
	for (const char *at = r->path; *at; at++) {
		if (*at != '{') {
			buf_char(&b, *at);
			continue;
		}
		parent = create_sample(
		    t, who,
		    find_create(NULL, arena_text_n(t->arena, r->path, (size_t)(at - r->path - 1))));
		buf_text(&b, response_text(&parent.response, "id"));
		at = strchr(at, '}');
	}
	return buf_done(&b);
}

const char *
sample_body(struct test *t, const struct account *who, const struct schema *schema)
{
	const unsigned required = F_CREATE | F_REQUIRED;
	struct buf b = buf_new(t->arena, BODY_MAX);

	buf_char(&b, '{');
	for (size_t i = 0; i < schema->nfields; i++) {
		const struct field *f = &schema->fields[i];

		if ((f->flags & required) == required)
			buf_printf(&b, "%s\"%s\":%s", b.len > 1 ? "," : "", f->name,
				   sample_value(t, who, f, LOW));
	}
	buf_char(&b, '}');
	return buf_done(&b);
}

static const char *
uuid_value(struct test *t, const struct account *who, const struct field *f, enum bound bound)
{
	struct sample s;

	if (!f->references)
		return bound == LOW ? "\"0193a5b0-7a3e-7c52-9d1f-2b8c4e6f8a10\""
				    : "\"ffffffff-ffff-4fff-bfff-ffffffffffff\"";
	s = sample_row(t, who, f->references);
	return arena_printf(t->arena, "\"%s\"", response_text(&s.response, "id"));
}

const char *
sample_value(struct test *t, const struct account *who, const struct field *f, enum bound bound)
{
	bool low = bound == LOW;

	switch (f->type) {
	case TYPE_TEXT:
		return text_value(t, low ? field_min(f) : f->max ? f->max : TEXT_LENGTH, bound);
	case TYPE_EMAIL:
		return email_value(t, bound);
	case TYPE_SLUG:
		return slug_value(t, bound);
	case TYPE_UUID:
		return uuid_value(t, who, f, bound);
	case TYPE_TIME:
		return low ? "\"2100-01-01T00:00:00.000000Z\"" : "\"9999-12-31T23:59:59.999999Z\"";
	case TYPE_DATE:
		return low ? "\"0001-01-01\"" : "\"9999-12-31\"";
	case TYPE_ENUM:
		return choice_value(t, f, bound);
	case TYPE_INT:
		return int_value(t, f, bound);
	case TYPE_DECIMAL:
		return decimal_value(t, f, bound);
	case TYPE_BOOL:
		return low ? "false" : "true";
	case TYPE_JSON:
		return low ? "{\"a\":[1,2.5,null,true,\"é\"]}"
			   : text_value(t, ((f->max ? f->max : JSON_LENGTH) - 2) / 2, bound);
	case TYPE_ARRAY:
		return array_value(t, f, bound);
	case TYPE_RECORD:
	case TYPE_RECORDS:
		break;
	}
	cr_assert_fail("%s: no value for its type", f->name);
	return NULL;
}
