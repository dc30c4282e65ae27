/* The metrics route, feature row. */
#include "prometheus_priv.h"

enum { TEXT_MAX = 32 * 1024 * 1024 };

#define MEDIA_TYPE "text/plain; version=0.0.4"

static enum error
show_metrics(struct request *req)
{
	struct buf b = buf_new(req->ctx->arena, TEXT_MAX);
	const char *text;

	if (!prometheus_allows(req->ctx->ip))
		return fail(req->ctx, E_NOT_FOUND, NULL);

	prometheus_write(req->ctx, &b);
	text = buf_done(&b);
	if (!text)
		return fail_unavailable(req->ctx, CAUSE_MEMORY, NULL);

	return respond_body(req, 200, MEDIA_TYPE, text, b.len);
}

static const struct route routes[] = {
	{ GET, "/metrics", show_metrics, ACCESS_PUBLIC, .root = true, .media_type = MEDIA_TYPE,
	  .errors = { E_NOT_FOUND }, .id = "metrics", .summary = "Get the metrics",
	  .description = "Returns the Prometheus text format to the addresses in METRICS_ALLOW." },
	{ 0 },
};

struct prometheus_settings prometheus_settings;

static const struct setting settings_rows[] = {
#define SETTING(...) SETTING_ROW(prometheus_settings, __VA_ARGS__)
#include "features/prometheus/prometheus_settings.def"
#undef SETTING
	{ 0 },
};

const struct feature prometheus_feature = {
	.name = "prometheus",
	.tag = "Operations",
	.routes = routes,
	.settings = settings_rows,
};
