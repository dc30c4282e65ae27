/* E-mails: schemas, jobs, feature row. */
#include "mail_priv.h"

static const struct field mail_fields[] = {
	{ UUID(struct mail, id) },
	{ TEXT(struct mail, recipient) },
	{ TEXT(struct mail, template) },
	{ TEXT(struct mail, subject) },
	{ TEXT(struct mail, body), .flags = F_NULLABLE },
};
const struct schema mail_schema = SCHEMA("Mail", struct mail, mail_fields);

static const struct field args_fields[] = {
	{ UUID(struct mail_args, mail_id), .flags = F_READ | F_CREATE | F_REQUIRED,
	  .summary = "The row of the outbox." },
};
const struct schema mail_args_schema = SCHEMA("MailArgs", struct mail_args, args_fields);

const struct job_task mail_job = {
	.name = "send_mail",
	.summary = "Sends a mail of the outbox.",
	.args = &mail_args_schema,
	.run = mail_deliver,
	.queue = JOB_QUEUE_MAIL,
	.timeout = 60,
	.max_attempts = 12,
};

static const struct job_task prune_job = {
	.name = "prune_mails",
	.summary = "Deletes e-mails a week after they were queued.",
	.run = mail_prune,
	.timeout = 600,
	.max_attempts = 3,
};

static const struct job_task *const jobs[] = { &mail_job, &prune_job, NULL };

static const struct cron crons[] = {
	{ .name = "prune_mails", .at = "47 * * * *", .task = &prune_job },
	{ 0 },
};

struct mail_settings mail_settings;

static const struct setting settings_rows[] = {
#define SETTING(...) SETTING_ROW(mail_settings, __VA_ARGS__)
#include "features/mail/mail_settings.def"
#undef SETTING
	{ 0 },
};

const struct feature mail_feature = {
	.name = "mail",
	.queries = mail_queries,
	.jobs = jobs,
	.crons = crons,
	.settings = settings_rows,
};
