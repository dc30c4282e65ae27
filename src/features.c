/* The features of this application, in the order of the API's documents. */
#include "app_features.h"

#include "features/api_keys/api_keys.h"
#include "features/audit/audit.h"
#include "features/auth/auth.h"
#include "features/browser_sessions/browser_sessions.h"
#include "features/docs/docs.h"
#include "features/health/health.h"
#include "features/idempotency/idempotency_feature.h"
#include "features/items/items.h"
#include "features/jobs/jobs.h"
#include "features/jwks/jwks.h"
#include "features/mail/mail.h"
#include "features/prometheus/prometheus.h"
#include "features/recovery/recovery.h"
#include "features/sessions/sessions.h"
#include "features/tasks/tasks.h"
#include "features/users/users.h"

/* clang-format off */
const struct feature *const app_features[] = {
	&auth_feature,
	&sessions_feature,
	&browser_sessions_feature,
	&recovery_feature,
	&users_feature,
	&items_feature,
	&tasks_feature,
	&jobs_feature,
	&api_keys_feature,
	&audit_feature,
	&health_feature,
	&docs_feature,
	&jwks_feature,
	&prometheus_feature,
	&mail_feature,
	&idempotency_feature,
	NULL,
};
/* clang-format on */
