/* Reads a template and replaces its values. */
#include "mail_priv.h"

#include "app/file.h"
#include "app/log.h"
#include "app/settings.h"

enum { MAIL_MAX = 128 * 1024 };

struct filling {
	struct ctx *ctx;
	const char *template, *text;
	const struct mail_value *values;
	struct buf out;
};

/* Reads the whole template. NULL on failure. */
static const char *
read_template(struct ctx *c, const char *name)
{
	const char *folder =
	    *mail_settings.templates ? mail_settings.templates : MAIL_TEMPLATES_DIR;
	const char *path = arena_printf(c->arena, "%s/%s.txt", folder, name);
	char *text = file_read(c->arena, path, NULL);

	if (!text)
		log_error(c, "cannot read the mail template %s: %s; set MAIL_TEMPLATES", path,
			  strerror(errno));
	return text;
}

static const struct mail_value *
find_value(const struct mail_value *values, const char *name, size_t len)
{
	for (; values && values->name; values++) {
		if (strncmp(values->name, name, len) == 0 && !values->name[len])
			return values;
	}
	return NULL;
}

/* Control characters are removed from values, so that none starts another line (a header, a link). */
static void
put_value(struct buf *b, const char *value)
{
	for (; *value; value++) {
		if ((unsigned char)*value >= 0x20 && *value != 0x7f)
			buf_char(b, *value);
	}
}

static const char *
find_text(const char *text, const char *end, const char *word)
{
	return memmem(text, (size_t)(end - text), word, strlen(word));
}

static const char *
reject(const struct filling *f, const char *tag)
{
	log_error(f->ctx,
		  "the mail template %s has a {{…}} without a value, without its end, or within a "
		  "list: {{%.40s",
		  f->template, tag);
	return NULL;
}

static bool put_text(struct filling *, const char *text, const char *end,
		     const struct mail_value *row);

/* Takes the text after "{{". Returns the text after the tag, or NULL. */
static const char *
put_tag(struct filling *f, const char *tag, const char *end, const struct mail_value *row)
{
	const struct mail_value service = { "service", settings.app_name, NULL }, *value;
	const char *close = find_text(tag, end, "}}");
	size_t len = close ? (size_t)(close - tag) : 0;

	value = len == strlen("service") && strncmp(tag, "service", len) == 0
		    ? &service
		    : find_value(row, tag, len);
	if (!value)
		value = find_value(f->values, tag, len);
	if (!close || !value || !value->value)
		return reject(f, tag);

	put_value(&f->out, value->value);
	return close + 2;
}

/* Returns the text after a tag, and after the line break if the tag is alone on its line. */
static const char *
after_tag(const struct filling *f, const char *open, const char *end)
{
	bool begins_line = open == f->text || open[-1] == '\n';

	return begins_line && *end == '\n' ? end + 1 : end;
}

/* Takes a text that begins with "{{#each ". Returns the text after its {{/each}}, or NULL. */
static const char *
put_list(struct filling *f, const char *open, const char *end)
{
	static const char last_tag[] = "{{/each}}";
	const char *name = open + strlen("{{#each "), *close = find_text(name, end, "}}"), *last;
	const struct mail_value *list;

	list = close ? find_value(f->values, name, (size_t)(close - name)) : NULL;
	last = close ? find_text(close, end, last_tag) : NULL;
	if (!list || !list->rows || !last)
		return reject(f, open + 2);

	for (const struct mail_value *const *row = list->rows; *row; row++) {
		if (!put_text(f, after_tag(f, open, close + 2), last, *row))
			return NULL;
	}
	return after_tag(f, last, last + strlen(last_tag));
}

/* `row` is NULL outside a list. */
static bool
put_text(struct filling *f, const char *text, const char *end, const struct mail_value *row)
{
	static const char each[] = "{{#each ";
	const char *open;

	while (text && (open = find_text(text, end, "{{"))) {
		buf_put(&f->out, text, (size_t)(open - text));
		if (!row && strncmp(open, each, strlen(each)) == 0)
			text = put_list(f, open, end);
		else
			text = put_tag(f, open + 2, end, row);
	}
	if (text)
		buf_put(&f->out, text, (size_t)(end - text));
	return text;
}

/* Splits the template into subject and body. */
static bool
split(struct ctx *c, const char *text, struct mail *mail)
{
	static const char label[] = "Subject: ";
	const char *end = strstr(text, "\n\n");

	if (strncmp(text, label, strlen(label)) != 0 || !end)
		return false;

	text += strlen(label);
	mail->subject = arena_text_n(c->arena, text, (size_t)(end - text));
	mail->body = end + 2;
	return !strchr(mail->subject, '\n');
}

enum error
mail_render(struct ctx *c, const struct mail_value *values, struct mail *mail)
{
	const char *text = read_template(c, mail->template);
	struct filling f = { c, mail->template, text, values, buf_new(c->arena, MAIL_MAX) };

	if (!text || !put_text(&f, text, text + strlen(text), NULL))
		return fail(c, E_INTERNAL, NULL);

	text = buf_done(&f.out);
	if (!text)
		log_error(c, "the e-mail %s is longer than %d bytes", mail->template, MAIL_MAX);
	else if (!split(c, text, mail))
		log_error(c,
			  "the mail template %s must begin with a line Subject: and an empty one",
			  mail->template);
	else
		return OK;
	return fail(c, E_INTERNAL, NULL);
}
