/* Password reset and e-mail verification: field rows, feature row. */
#include "recovery_priv.h"

#include "app/password.h"
#include "app/settings.h"

#define TOKEN_EXAMPLE "q3mZ0cR8sH5tWbA1dEfGuLp9oIxYzTnVwkJ2nXq0v7y"

enum { SECRET = F_CREATE | F_REQUIRED | F_SECRET };

static const struct field address_fields[] = {
	{ EMAIL(struct address, email), .flags = F_CREATE | F_REQUIRED,
	  .summary = "E-mail address of the account.", .example = "ada@example.com" },
};
const struct schema address_schema = SCHEMA("Address", struct address, address_fields);

static const struct field proof_fields[] = {
	{ TEXT(struct proof, token), .flags = SECRET,
	  .summary = "Token from the link in the e-mail.", .example = TOKEN_EXAMPLE },
};
const struct schema proof_schema = SCHEMA("Proof", struct proof, proof_fields);

static const struct field reset_fields[] = {
	{ TEXT(struct reset, token), .flags = SECRET,
	  .summary = "Token from the link in the e-mail.", .example = TOKEN_EXAMPLE },
	{ TEXT(struct reset, new_password), .flags = SECRET,
	  .min_setting = &settings.password_min_length, .max = PASSWORD_MAX,
	  .summary = "New password. " PASSWORD_LIMITS ".",
	  .example = "correct horse battery staple" },
};
const struct schema reset_schema = SCHEMA("PasswordReset", struct reset, reset_fields);

static const char *const purposes[] = { PURPOSE_VERIFY, PURPOSE_RESET, NULL };

static const struct field args_fields[] = {
	{ ENUM(struct recovery_args, purpose), .flags = F_READ | F_CREATE | F_REQUIRED,
	  .choices = purposes, .summary = "Purpose of the e-mail." },
	{ EMAIL(struct recovery_args, email), .flags = F_READ | F_CREATE | F_REQUIRED,
	  .summary = "Recipient." },
};
const struct schema recovery_args_schema =
    SCHEMA("RecoveryArgs", struct recovery_args, args_fields);

static const struct field account_fields[] = {
	{ UUID(struct account, id) },
	{ TEXT(struct account, email) },
	{ BOOL(struct account, verified) },
	{ INT(struct account, security_version) },
};
const struct schema account_schema = SCHEMA("Account", struct account, account_fields);

static const struct field token_fields[] = {
	{ UUID(struct mail_token, user_id) },         { TEXT(struct mail_token, purpose) },
	{ TEXT(struct mail_token, email) },           { TEXT(struct mail_token, account_email) },
	{ INT(struct mail_token, security_version) },
};
const struct schema mail_token_schema = SCHEMA("MailToken", struct mail_token, token_fields);

const struct job_task recovery_job = {
	.name = "recovery_mail",
	.summary = "Mails a token to an address, if there is such an account.",
	.args = &recovery_args_schema,
	.run = recovery_mail,
	.queue = JOB_QUEUE_MAIL,
};

const struct job_task recovery_prune_job = {
	.name = "prune_mail_tokens",
	.summary = "Deletes expired tokens of e-mails.",
	.run = recovery_prune,
};

static const struct job_task *const jobs[] = { &recovery_job, &recovery_prune_job, NULL };

static const struct cron crons[] = {
	{ .name = "prune_mail_tokens", .at = "43 * * * *", .task = &recovery_prune_job },
	{ 0 },
};

const struct feature recovery_feature = {
	.name = "recovery",
	.tag = "Sign-in",
	.routes = recovery_routes,
	.queries = recovery_queries,
	.may_sign_in = recovery_may_sign_in,
	.jobs = jobs,
	.crons = crons,
};
