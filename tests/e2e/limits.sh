#!/usr/bin/env bash
# The default limits through nginx, across all workers: at most five sign-ins a
# minute, however many are concurrent.
. "$(dirname "$0")/e2e.sh"
site_start RATE_LIMIT=600/minute

is "five of forty at once may try" "$(crowd ada@example.com)" ' 5 401 35 429 '
ask POST /api/v1/auth/login --json '{"email":"ada@example.com","password":"wrong"}'
is_problem "one more" 429 rate_limited
matches "which limit" "$(header ratelimit-policy)" '^"login(_ip)?";q='
matches "what is left" "$(header ratelimit)" '^"login(_ip)?";r=0;t=[0-9]+$'
matches "when" "$(header retry-after)" '^([1-9]|1[0-2])$'
is "the log tells it, and only once a window" "$(grep -c 'the limit .* was reached' "$site/log/api.log")" \
	"$(grep -o 'the limit ."[a-z_]*' "$site/log/api.log" | sort -u | wc -l)"
is "no address of an account in the log" "$(grep -c ada@ "$site/log/api.log" || true)" 0
kill -HUP "$(api_pid "$site")"
ask POST /api/v1/auth/login --json '{"email":"ada@example.com","password":"wrong"}'
is_problem "a reload forgets nothing" 429 rate_limited
ask GET /api/v1/openapi.json
matches "the documents know it" "$body" '"RateLimit-Policy"'
matches "and so does the program" "$("$APP" routes)" 'POST +public +/api/v1/auth/login  login_ip 30/minute, login 5/minute'

# nginx protects the workers from a crowd; its refusals have the same form.
sed -i 's/burst=200 delay=40/nodelay/; s|rate=50r/s|rate=1r/m|' "$site"/*/site.conf
kill -HUP "$(web_pid "$site")"
refused_by_nginx() {
	ask POST /api/v1/auth/login --json '{"email":"bob@example.com","password":"wrong"}'
	[[ $status == 429 && -z $(header ratelimit) ]]
}
wait_until 10 refused_by_nginx || true
is_problem "nginx refuses" 429 rate_limited
is "when, by nginx" "$(header retry-after)" 1
is "and to an OAuth client, by nginx" "$(member error)" temporarily_unavailable
ask GET /health/live
is "others are let through" "$status" 200
