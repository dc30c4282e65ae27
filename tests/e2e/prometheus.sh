#!/usr/bin/env bash
# /metrics, the dashboard and the alerts: promtool accepts all of
# them, and every metric they use exists.
. "$(dirname "$0")/lib.sh"
site_start JOB_POLL_SECONDS=1
export PID_FILE=$site/run/work.pid
in_background "$site/log/work.log" "$APP" work
work=$background_pid
end_all() {
	local status=$?
	end_process "$work"
	(exit "$status")
	site_end
}
trap end_all EXIT

# promtool ARGUMENTS: fails with the output of promtool.
check() { # TEXT ARGUMENTS…
	local text=$1 output
	shift
	if output=$(promtool "$@" 2>&1); then ok "$text"; else not_ok "$text" "$output"; fi
}

# Creates samples of each metric, including a finished job.
sign_in
ask POST '/api/v1/jobs/example?name=Ada&duration=0' -H "Authorization: Bearer $token"
is "a job" "$status" 202
ask GET /nowhere
ask GET /api/v1/users/me -H 'Authorization: Bearer rubbish'
job_counted() {
	ask GET /metrics
	grep -q '^jobs_finished_total{task="example",result="succeeded"} 1$' <<<"$body"
}
if wait_until 20 job_counted; then ok "the job is counted"; else not_ok "the job is counted" "$body"; fi

printf '%s\n' "$body" >"$site/metrics"
if output=$(promtool check metrics <"$site/metrics" 2>&1) && [[ -z $output ]]; then
	ok "promtool accepts the metrics"
else
	not_ok "promtool accepts the metrics" "$output"
fi
check "the alerts" check rules "$TOP/deploy/prometheus/rules.yml"
cp "$TOP"/deploy/prometheus/*.yml "$TOP/tests/e2e/prometheus_rules.yml" "$site"
check "how to scrape" check config "$site/scrape.yml"
check "the alerts come when they should" test rules "$site/prometheus_rules.yml"

# names EXPRESSIONS: prints the metrics in them, without labels, ranges and functions.
names() {
	sed -E 's/\{[^}]*\}//g; s/\[[^]]*\]//g; s/by \([^)]*\)//g; s/[a-z_]+ *\(//g' |
		grep -oE '[a-z_][a-z0-9_]+' | sed -E 's/_(bucket|sum|count)$//' |
		grep -vxE 'and|or|by|sum|max|rate|histogram_quantile|topk' | sort -u
}
there=$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' <<<"$body")
alerts=$(sed -n '/expr:/,/for:\|labels:/p' "$TOP/deploy/prometheus/rules.yml" | sed '/for:/d; /labels:/d; s/expr://' | names)
panels=$(sed -n 's/^ *"expr": "\(.*\)",\{0,1\}$/\1/p' "$TOP/deploy/grafana/dashboard.json" | sed 's/\\"/"/g' | names)
is "the alerts use existing metrics" "$(comm -23 <(echo "$alerts") <(sort <<<"$there"))" ""
is "the dashboard uses existing metrics" "$(comm -23 <(echo "$panels") <(sort <<<"$there"))" ""
is "the dashboard shows all metrics" "$(comm -13 <(echo "$panels") <(sort <<<"$there"))" ""
