/* Formats log lines: JSON, or coloured text for terminals. */
#include "app/log.h"

#include "log_priv.h"

#include "app/buf.h"
#include "app/clock.h"
#include "app/settings.h"
#include "app/utf8.h"

#include <stdatomic.h>

/* Maximum bytes, after escaping, of a line, its end, its message, and the text of one member. */
enum { LINE_MAX_BYTES = 4096, END_MAX = 16, MESSAGE_MAX = 2048, VALUE_MAX = 1024 };
enum { TRACE_ID_SIZE = 33 };

static const struct {
	const char *name, *colour, *label;
} levels[] = {
	[LOG_DEBUG] = { "debug", "\033[2m", "DEBUG" },
	[LOG_INFO] = { "info", "\033[32m", "INFO " },
	[LOG_WARN] = { "warn", "\033[33m", "WARN " },
	[LOG_ERROR] = { "error", "\033[31m", "ERROR" },
};

static enum log_level level_min = LOG_INFO;
static const _Atomic int32_t *shared_level;
static struct log_dropped own_dropped, *dropped = &own_dropped;
static bool as_text, coloured;

bool
log_level_parse(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < COUNT(levels); i++) {
		if (strcmp(levels[i].name, name) != 0)
			continue;
		*out = (enum log_level)i;
		return true;
	}
	return false;
}

void
log_share(const _Atomic int32_t *level, struct log_dropped *counts)
{
	shared_level = level;
	dropped = counts;
}

void
log_count_dropped(uint64_t n)
{
	dropped->total += n;
	dropped->unreported += n;
}

uint64_t
log_lines_dropped(void)
{
	return dropped->total;
}

void
log_init(void)
{
	bool terminal = isatty(STDERR_FILENO) == 1;

	if (!log_level_parse(settings.log_level, &level_min))
		level_min = LOG_INFO;
	as_text = strcmp(settings.log_format, "auto") == 0
		      ? terminal
		      : strcmp(settings.log_format, "text") == 0;
	coloured = terminal && !getenv("NO_COLOR");
}

static enum log_level
level_now(void)
{
	int32_t shared = shared_level ? *shared_level : 0;

	return shared > 0 ? (enum log_level)(shared - 1) : level_min;
}

bool
log_enabled(enum log_level level)
{
	return level >= level_now();
}

const char *
log_level_now(void)
{
	return levels[level_now()].name;
}

static size_t
line_plain_length(const char *text)
{
	size_t n = 0;

	while (text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

/* Escapes the character at `text` for a JSON string or, in the text format, for a terminal: white
 * space with a line break or a tab becomes one space, and quotes stay. Returns the bytes read. */
static size_t
escape_character(const char *text, char out[8])
{
	bool quoted = *text == '"' || *text == '\\';

	if (as_text && strchr("\t\n\r", *text)) {
		size_t n = strspn(text, " \t\n\r");

		snprintf(out, 8, "%s", text[n] ? " " : "");
		return n;
	}
	if (!as_text && quoted) {
		snprintf(out, 8, "\\%c", *text);
		return 1;
	}
	return utf8_visible(text, out);
}

/* Cuts the escaped text to `max` bytes, between two characters. */
static void
line_put_escaped(struct buf *l, const char *text, size_t max)
{
	while (*text) {
		size_t n = line_plain_length(text);
		char out[8];

		if (n) {
			n = n < max ? n : max;
			buf_put(l, text, n);
			max -= n;
		} else {
			n = escape_character(text, out);
			if (strlen(out) > max)
				return;
			buf_text(l, out);
			max -= strlen(out);
		}
		if (max == 0)
			return;
		text += n;
	}
}

static void
line_put_value(struct buf *l, const struct log_field *f, bool quoted)
{
	if (f->is == LOG_NUMBER) {
		buf_int(l, f->number);
		return;
	}
	if (f->is == LOG_SECONDS) {
		buf_seconds(l, f->number > 0 ? (uint64_t)f->number : 0);
		return;
	}
	if (quoted)
		buf_put(l, "\"", 1);
	line_put_escaped(l, f->text, VALUE_MAX);
	if (quoted)
		buf_put(l, "\"", 1);
}

static void
line_put_fields(struct buf *l, const struct log_field *fields)
{
	for (; fields && fields->name; fields++) {
		size_t before = l->len;

		if (fields->is == LOG_TEXT && !fields->text)
			continue;
		buf_text(l, as_text ? " " : ",\"");
		buf_text(l, fields->name);
		buf_text(l, as_text ? "=" : "\":");
		line_put_value(l, fields, !as_text);
		if (l->failed)
			l->len = before;
		l->failed = false;
	}
}

/* The second part of a traceparent, by which tools find the lines of a trace. */
static const char *
trace_id(const struct ctx *c, char out[TRACE_ID_SIZE])
{
	if (!c->traceparent)
		return NULL;
	snprintf(out, TRACE_ID_SIZE, "%s", c->traceparent + strlen("00-"));
	return out;
}

void
log_write(enum log_level level, const struct ctx *c, const struct log_field *fields,
	  const char *format, ...)
{
	char time[CLOCK_TEXT_SIZE], text[MESSAGE_MAX], trace[TRACE_ID_SIZE], data[LINE_MAX_BYTES];
	struct buf line = buf_fixed(data, sizeof(data) - END_MAX); /* needs no arena */
	const char *message = format;
	uint64_t unreported;
	va_list args;

	if (!log_enabled(level))
		return;

	if (strchr(format, '%')) {
		va_start(args, format);
		vsnprintf(text, sizeof(text), format, args);
		va_end(args);
		message = text;
	}
	clock_text(clock_now(), time);
	if (as_text) {
		buf_put(&line, time + 11, 12);
		buf_text(&line, " ");
		buf_text(&line, coloured ? levels[level].colour : "");
		buf_text(&line, levels[level].label);
		buf_text(&line, coloured ? "\033[0m " : " ");
		line_put_escaped(&line, message, MESSAGE_MAX);
	} else {
		buf_text(&line, "{\"timestamp\":\"");
		buf_text(&line, time);
		buf_text(&line, "\",\"level\":\"");
		buf_text(&line, levels[level].name);
		buf_text(&line, "\",\"service\":\"");
		line_put_escaped(&line, settings.app_name ? settings.app_name : PACKAGE_NAME, 400);
		buf_text(&line, "\",\"version\":\"" PACKAGE_VERSION "\",\"message\":\"");
		line_put_escaped(&line, message, MESSAGE_MAX);
		buf_text(&line, "\"");
	}
	if (c) {
		line_put_fields(&line, (struct log_field[]) {
					   { "request_id", c->request_id },
					   { "traceparent", c->traceparent },
					   { "trace_id", trace_id(c, trace) },
					   { "route", c->route },
					   { "user_id", c->caller.user_id },
					   { "session_id", c->caller.session_id },
					   { 0 },
				       });
	}
	line_put_fields(&line, fields);
	unreported = dropped->unreported ? atomic_exchange(&dropped->unreported, 0) : 0;
	if (unreported)
		line_put_fields(&line, (struct log_field[]) {
					   { .name = "log_lines_dropped",
					     .number = (int64_t)unreported,
					     .is = LOG_NUMBER },
					   { 0 },
				       });
	memcpy(line.data + line.len, as_text ? "\n" : "}\n", as_text ? 1 : 2);
	line.len += as_text ? 1 : 2;
	if (log_output(line.data, line.len))
		return;

	dropped->total++;
	dropped->unreported += unreported + 1;
}
