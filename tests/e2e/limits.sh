#!/usr/bin/env bash
# The default limits through nginx, across all workers: at most five sign-ins a
# minute, however many are concurrent.
. "$(dirname "$0")/lib.sh"
site_start RATE_LIMIT=600/minute

is "five of forty concurrent sign-ins are allowed" "$(crowd ada@example.com)" ' 5 401 35 429 '
ask POST /api/v1/auth/login --json '{"email":"ada@example.com","password":"wrong"}'
is_problem "a further sign-in" 429 rate_limited
matches "which limit" "$(header ratelimit-policy)" '^"login(_ip)?";q='
matches "what is left" "$(header ratelimit)" '^"login(_ip)?";r=0;t=[0-9]+$'
matches "Retry-After" "$(header retry-after)" '^([1-9]|1[0-2])$'
is "the log reports the limit once per window" "$(grep -c 'the limit .* was reached' "$site/log/api.log")" \
	"$(grep -o 'the limit ."[a-z_]*' "$site/log/api.log" | sort -u | wc -l)"
is "the log contains no e-mail address" "$(grep -c ada@ "$site/log/api.log" || true)" 0
kill -HUP "$(api_pid "$site")"
ask POST /api/v1/auth/login --json '{"email":"ada@example.com","password":"wrong"}'
is_problem "a reload keeps the counts" 429 rate_limited
ask GET /api/v1/openapi.json
matches "the OpenAPI document has it" "$body" '"RateLimit-Policy"'
matches "the command routes shows it" "$("$APP" routes)" 'POST +public +/api/v1/auth/login  login_ip 30/minute, login 5/minute'

# nginx protects the workers from many sign-ins; its errors have the same format.
sed -i 's/burst=200 delay=40/nodelay/; s|rate=50r/s|rate=1r/m|' "$site"/*/site.conf
kill -HUP "$(web_pid "$site")"
refused_by_nginx() {
	ask POST /api/v1/auth/login --json '{"email":"bob@example.com","password":"wrong"}'
	[[ $status == 429 && -z $(header ratelimit) ]]
}
wait_until 10 refused_by_nginx || true
is_problem "nginx refuses" 429 rate_limited
is "Retry-After of nginx" "$(header retry-after)" 1
is "an OAuth error of nginx" "$(member error)" temporarily_unavailable
ask GET /health/live
is "other requests are allowed" "$status" 200
