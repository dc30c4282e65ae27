/* The rules of mail: templates, the outbox, and the job that empties it. */
#include "mail_priv.h"

#include "app/log.h"
#include "app/settings.h"

#include <fcntl.h>

enum {
	TEMPLATE_MAX = 64 * 1024,
	MAIL_MAX = 128 * 1024,
	KEEP_DAYS = 7, /* all attempts to send take less than a day */
	PRUNE_BATCH = 1000,
};

bool
mail_enabled(void)
{
	return *settings.smtp_url || *settings.mail_dir;
}

/* The whole template, or NULL. */
static const char *
read_template(struct ctx *c, const char *name)
{
	const char *folder =
	    *settings.mail_templates ? settings.mail_templates : MAIL_TEMPLATES_DIR;
	const char *path = arena_printf(c->arena, "%s/%s.txt", folder, name);
	char *text = arena_alloc(c->arena, TEMPLATE_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	if (fd >= 0) {
		got = read(fd, text, TEMPLATE_MAX);
		close(fd);
	}
	if (got < 0) {
		log_error(c, "cannot read the mail template %s: %s; set MAIL_TEMPLATES", path,
			  strerror(errno));
		return NULL;
	}
	return text;
}

static const char *
find_value(const struct mail_value *values, const char *name, size_t len)
{
	if (len == strlen("service") && strncmp(name, "service", len) == 0)
		return settings.app_name;

	for (; values && values->name; values++) {
		if (strncmp(values->name, name, len) == 0 && !values->name[len])
			return values->value;
	}
	return NULL;
}

/* A value is one line: what would begin another (a header, a link) falls away. */
static void
put_value(struct buf *b, const char *value)
{
	for (; *value; value++) {
		if ((unsigned char)*value >= 0x20 && *value != 0x7f)
			buf_char(b, *value);
	}
}

/* The template with its values, or NULL. */
static const char *
fill(struct ctx *c, const char *template, const char *text, const struct mail_value *values)
{
	struct buf b = buf_new(c->arena, MAIL_MAX);
	const char *open, *close, *value;

	for (; (open = strstr(text, "{{")); text = close + 2) {
		buf_put(&b, text, (size_t)(open - text));
		open += 2;
		close = strstr(open, "}}");
		value = close ? find_value(values, open, (size_t)(close - open)) : NULL;
		if (!value) {
			log_error(
			    c,
			    "the mail template %s has a {{…}} that nobody knows, or no end of "
			    "one: %.40s",
			    template, open);
			return NULL;
		}
		put_value(&b, value);
	}
	buf_text(&b, text);
	return buf_done(&b);
}

/* Splits `Subject: …`, an empty line and the rest. */
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
mail_enqueue(struct ctx *c, const char *to, const char *template, const struct mail_value *values)
{
	struct mail mail = { .recipient = to, .template = template }, row;
	struct mail_args args;
	const char *text = read_template(c, template);
	enum error e;

	if (text)
		text = fill(c, template, text, values);
	if (!text)
		return fail(c, E_INTERNAL, NULL);
	if (!split(c, text, &mail)) {
		log_error(c,
			  "the mail template %s must begin with a line Subject: and an empty one",
			  template);
		return fail(c, E_INTERNAL, NULL);
	}

	e = db_begin(c);
	if (!e)
		e = mail_insert(c, &mail, &row);
	if (!e) {
		args.mail_id = row.id;
		e = job_enqueue(c, &mail_job, &args);
	}
	if (e == E_NOT_FOUND) {
		failure_clear(c);
		log_info(c,
			 "an e-mail (%s) was not sent: its address got %" PRId64 " of them lately",
			 template, settings.mail_rate_limit.n);
		e = OK;
	}
	return db_finish(c, e);
}

/* Sent and said so; a worker that dies in between leaves a mail that comes twice. */
enum error
mail_deliver(struct job *job)
{
	const struct mail_args *args = job->args;
	struct ctx *c = job->ctx;
	struct mail mail;
	enum error e;

	e = mail_find(c, args->mail_id, &mail);
	if (e == E_NOT_FOUND)
		return job_give_up(job, e);
	if (e || !mail.body)
		return e;

	e = mail_send(c, &mail);
	if (e)
		return e;

	e = db_begin(c);
	if (!e)
		e = mail_mark_sent(c, mail.id);
	return job_finish(job, e);
}

enum error
mail_prune(struct job *job)
{
	int64_t n = PRUNE_BATCH;
	enum error e = OK;

	while (!e && n == PRUNE_BATCH) {
		e = job_check(job);
		if (!e)
			e = mail_delete_older(job->ctx, KEEP_DAYS, PRUNE_BATCH, &n);
	}
	return e;
}
