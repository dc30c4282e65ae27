/*
 * E-mails: stored in the outbox in the transaction of the action, sent by a job. The only mail
 * header that another feature may include.
 *
 * Templates are files NAME.txt in MAIL_TEMPLATES: a line `Subject: …`, an empty line, the text;
 * {{name}} is replaced by a value. They are read at each use, so a change needs no restart.
 *
 * Lists, for a digest: the text between the tags is repeated for each row of the list `items`; a tag
 * that is alone on a line leaves no empty line.
 *
 *	{{#each items}}
 *	- {{title}}: {{link}}
 *	{{/each}}
 *
 * Within it, {{title}} is the value of the row, else of the e-mail. Lists do not nest.
 */
#ifndef APP_MAIL_H
#define APP_MAIL_H

#include "app/feature.h"
#include "app/settings.h"

extern const struct feature mail_feature;

/*
 * A value for {{name}}; an array of them ends with { 0 }. {{service}} is always there. Control
 * characters are removed from a value, so that it is one line.
 *
 * A list for {{#each name}} has rows instead of a value: arrays of values, with NULL at the end.
 *
 *	const struct mail_value lamp[] = { { "title", "Lamp" }, { "link", "https://…" }, { 0 } };
 *	const struct mail_value *const rows[] = { lamp, NULL };
 *	const struct mail_value values[] = { { "name", "Ada" }, { "items", .rows = rows }, { 0 } };
 */
struct mail_value {
	const char *name, *value;
	const struct mail_value *const *rows;
};

/* Whether the settings say how to send e-mail. */
bool mail_enabled(void);

/* Puts an e-mail into the outbox, in the open transaction or in one of its own. If the address
 * has reached MAIL_RATE_LIMIT for the template, drops it and logs that. E_INTERNAL, logged, if
 * the template cannot be read or needs a value that is not given, or if the e-mail would be
 * longer than 128 KiB. */
enum error mail_enqueue(struct ctx *, const char *to, const char *template,
			const struct mail_value *values) MUST_CHECK;

struct mail_settings {
#define SETTING SETTING_MEMBER
#include "features/mail/mail_settings.def"
#undef SETTING
};
extern struct mail_settings mail_settings;

#endif
