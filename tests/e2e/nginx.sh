#!/usr/bin/env bash
# The shipped site for nginx: what it passes on, and what it answers by itself.
. "$(dirname "$0")/e2e.sh"
site_start MAX_BODY_BYTES=20000 METRICS_ALLOW='*' # nginx alone shall close it
long=$(printf '%09000d' 0)

# Through to the program.
ask GET /health/live -H 'X-Request-ID: from-the-client.1'
is "live" "$status" 200
is "the client's request id, once" "$(header x-request-id)" from-the-client.1
is "one Cache-Control" "$(header cache-control)" no-store
is "one X-Content-Type-Options" "$(header x-content-type-options)" nosniff
ask GET /health/live -H 'X-Request-ID: bad id'
matches "a new request id for a bad one" "$(header x-request-id)" '^[0-9a-f-]{32,36}$'
ask GET /health/live/
is "a trailing slash is served" "$status" 200
ask HEAD /health/live
is "HEAD" "$status$body" 200
ask GET //health/live
is_problem "the program sees the raw path" 400 bad_request
ask GET /a/../health/live
is_problem "nothing is normalised" 400 bad_request
ask GET /health/live%00
is_problem "NUL" 400 bad_request
ask GET /nowhere
is_problem "unknown path" 404 not_found
ask PUT /health/live
is_problem "wrong method" 405 method_not_allowed
ask GET /api/v1/items
is_problem "no token" 401 unauthenticated
ask GET /api/v1/users/me -H 'Authorization: Bearer a.b.c'
is "Authorization comes through" "$(member code)" invalid_token

# nginx's own errors.
head -c 20001 /dev/zero >"$site/long"
ask POST /api/v1/auth/login --data-binary @"$site/long" -H 'Expect:'
is_problem "body too long" 413 payload_too_large
ask POST /api/v1/auth/login --data-binary @"$site/long" -H 'Expect:' -H 'Transfer-Encoding: chunked'
is_problem "chunked body too long" 413 payload_too_large
ask GET "/$long"
is_problem "address too long" 414 bad_request
ask GET / -H "X-Long: $long"
is_problem "header too long" 431 bad_request
ask TRACE /health/live
is_problem "TRACE" 405 method_not_allowed
matches "TRACE: Allow" "$(header allow)" 'GET, HEAD'
ask_raw 'get / HTTP/1.1\r\nHost: a\r\n\r\n'
is_problem "method in small letters" 400 bad_request
ask_raw 'GET /% HTTP/1.1\r\nHost: a\r\n\r\n'
is_problem "bad percent-escape" 400 bad_request
ask_raw 'GET / HTTP/3.0\r\nHost: a\r\n\r\n'
is_problem "unknown version" 505 bad_request
ask_raw 'GET / HTTP/1.1\r\n\r\n'
is_problem "no Host" 400 bad_request
ask_raw 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n'
is_problem "unknown transfer coding" 501 bad_request
ask_raw 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
is_problem "two lengths" 400 bad_request

# The pages.
for page in /docs /docs/ /api/v1/docs /redoc /api/v1/redoc; do
	ask GET $page
	is "$page" "$status" 200
	is "$page: type" "$(header content-type)" 'text/html; charset=utf-8'
	matches "$page: policy" "$(header content-security-policy)" "default-src 'none'; script-src 'self'; "
	matches "$page: tells what may be missing" "$body" 'npm ci --ignore-scripts'
	matches "$page: and without JavaScript" "$body" '<noscript>'
	is "$page: nothing from elsewhere" "$(grep -cE '(src|href)="(https?:)?//' <<<"$body" || true)" 0
	is "$page: no script in it" "$(grep -c '<script>\| on[a-z]*="' <<<"$body" || true)" 0
done
for file in $(grep -ohE '(src|href)="/[^"]*\.(js|css|svg)"' "$TOP"/deploy/docs/www/*/index.html | cut -d '"' -f 2 | sort -u); do
	case $file in */swagger-ui* | */redoc.*) [[ -d $TOP/deploy/docs/node_modules ]] || continue ;; esac
	ask GET "$file"
	is "$file" "$status" 200
	matches "$file: type" "$(header content-type)" '^(text/(javascript|css); charset=utf-8|image/svg\+xml)$'
done
ask GET /docs/not-there.js
is_problem "no such file" 404 not_found
ask GET /docs/package.json
is_problem "no other file of the folder" 404 not_found
ask POST /docs
is_problem "the pages are only read" 405 method_not_allowed
is "the pages are only read: Allow" "$(header allow)" 'GET, HEAD'
ask GET /-error
is_problem "the page of errors is no page" 404 not_found

# What is measured: for this host alone.
ask GET /metrics
is "metrics for this host" "$status" 200
is "metrics: type" "$(header content-type)" 'text/plain; version=0.0.4'
matches "metrics: the web server counted requests" "$body" '^http_requests_total[{]method="GET",route="/health/live",status="200"[}] [0-9]+$'
address=$(hostname -I | tr ' ' '\n' | grep -m 1 -E '^[0-9.]+$' || true)
if [[ -n $address ]]; then
	sed -i "s/listen 127.0.0.1:.*/& listen $address:$port;/" "$site/nginx/site.conf"
	kill -HUP "$(nginx_pid "$site")"
	url=http://$address:$port
	reached() { ask GET /health/live && [[ $status == 200 ]]; }
	wait_until 10 reached || not_ok "nginx listens at its address"
	ask GET /metrics
	is_problem "metrics for others" 404 not_found
	ask GET /metrics/
	is_problem "metrics for others, with a slash" 404 not_found
	ask GET /%6Detrics
	is_problem "metrics for others, escaped" 404 not_found
	ask GET /metrics?a=b -H 'X-Forwarded-For: 127.0.0.1'
	is_problem "metrics for others, who claim to be this host" 404 not_found
	url=http://127.0.0.1:$port
else
	echo "ok - metrics for others # SKIP this host has no other address"
fi

# The pool away, and back.
pool_stop
ask GET /health/live
is_problem "no pool" 502 unavailable
is "no pool: Retry-After" "$(header retry-after)" 1
pool_start
ask GET /health/live
is "the pool is back" "$status" 200

# A pool that does not answer. The site's time is 35 seconds; here, one.
sed -i 's/fastcgi_read_timeout .*/fastcgi_read_timeout 1s;/' "$site/nginx/site.conf"
kill -HUP "$(nginx_pid "$site")"
kill -STOP $(pgrep -P "$(api_pid "$site")") "$(api_pid "$site")"
timed_out() { ask GET /health/live -m 3 && [[ $status == 504 ]]; }
wait_until 10 timed_out || true
is_problem "no answer" 504 unavailable
is "no answer: Retry-After" "$(header retry-after)" 1
kill -CONT $(pgrep -P "$(api_pid "$site")") "$(api_pid "$site")"
