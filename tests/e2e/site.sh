# shellcheck shell=bash
# A shipped site: requests that its web server passes on, and its own responses. Sourced by the
# test of each server after lib.sh; `wanted` gives the status if servers differ.
declare -A wanted
# wanted CASE STATUS: the status unless the test of this server states another.
wanted() { printf '%s\n' "${wanted[$1]:-$2}"; }

# refused TEXT CASE STATUS: expects an error in the format of the API.
refused() {
	local code=bad_request
	case $(wanted "$2" "$3") in
	404) code=not_found ;;
	405) code=method_not_allowed ;;
	50[234]) code=unavailable ;;
	esac
	is_problem "$1" "$(wanted "$2" "$3")" "$code"
}

origin=https://app.example.com
cookies=off
[[ ! -d $TOP/src/features/browser_sessions ]] || cookies=on
site_start AUTH_COOKIE=$cookies MAX_BODY_BYTES=20000 METRICS_ALLOW='*' CORS_ORIGINS="http://localhost:3000,$origin" # only the web server may refuse it
long=$(printf '%09000d' 0)

# The CORS headers of the last response.
# Without cookies, only the web server allows credentials.
cors() {
	grep -i '^access-control-\|^vary:' <<<"$headers" | if [[ $cookies == on ]]; then cat; else grep -vi allow-credentials; fi |
		sed 's/^vary:.*Origin.*/vary: Origin/I' | sort
}
ask GET /nowhere -H "Origin: $origin"
cors_of_program=$(cors)
matches "CORS headers of the program" "$cors_of_program" "^access-control-allow-origin: $origin\$"

# is_shared CASE: its error has the same CORS headers as the program sends, once.
is_shared() { is "$1: CORS headers" "$(cors)" "$cors_of_program"; }
is_not_shared() { is "$1: no CORS headers" "$(cors)" "vary: Origin"; }

# Requests that reach the program.
ask GET /health/live -H 'X-Request-ID: from-the-client.1'
is "live" "$status" 200
is "the client's request id, once" "$(header x-request-id)" from-the-client.1
is "one Cache-Control" "$(header cache-control)" no-store
is "Vary names only Origin" "$(header vary | grep -v "^Origin$")" ""
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
refused "NUL" nul 400
ask GET /health/live%0a
refused "line feed" control 400
ask GET /health/live%ff
is_problem "no UTF-8" 400 bad_request
ask GET /health%2flive
is_problem "an encoded slash is no slash" 404 not_found
ask OPTIONS /health/live
is "OPTIONS" "$status $(header allow)" '204 GET, HEAD, OPTIONS'
ask GET /%6detrics/x
is_problem "below /metrics" 404 not_found
ask GET /nowhere
is_problem "unknown path" 404 not_found
ask PUT /health/live
is_problem "wrong method" 405 method_not_allowed
ask GET /api/v1/jobs
is_problem "no token" 401 unauthenticated
ask GET /api/v1/users/me -H 'Authorization: Bearer a.b.c'
is "Authorization is passed" "$(member code)" invalid_token

if command -v node >/dev/null; then
	node "$TOP/tests/e2e/paths.mjs" "$port" "$site/run/api.sock" "${wanted[paths]:-any}"
else
	ok "odd paths # SKIP there is no node"
fi

# The web server's own errors.
head -c 20001 /dev/zero >"$site/long"
ask POST /api/v1/auth/login --data-binary @"$site/long" -H 'Expect:'
is_problem "body too long" 413 payload_too_large
is "body too long: the web server responds" "$(member detail)" "${wanted[long_body]:-the body is longer than this server takes}"
ask POST /api/v1/auth/login --data-binary @"$site/long" -H 'Expect:' -H 'Transfer-Encoding: chunked'
is_problem "chunked body too long" 413 payload_too_large
ask POST /api/v1/auth/login --data-binary @"$site/long" -H 'Expect:' -H "Origin: $origin"
is_shared "body too long"
head -c 40000 /dev/zero >"$site/longer" # more than lighttpd's limit, which is in KiB
ask POST /api/v1/auth/login --data-binary @"$site/longer" -H 'Expect:' -H "Origin: $origin"
is_problem "announced length too long" 413 payload_too_large
is_shared "announced length too long"
for other in https://app.example.co "$origin $origin" "*" null https://app.example.com.evil.example "http://localhost:3000|$origin" "http://localhost:3000,$origin" http://localhost; do
	ask POST /api/v1/auth/login --data-binary @"$site/long" -H 'Expect:' -H "Origin: $other"
	is_not_shared "body too long, for $other"
done
ask GET "/$long"
refused "address too long" long_address 414
ask GET / -H "X-Long: $long"
refused "header too long" long_header 431
ask_raw "GET / HTTP/1.1\r\nHost: a\r\nOrigin: $origin\r\nX-Long: $long\r\n\r\n"
refused "header too long after the origin" long_header 431
[[ ${wanted[early_cors]-} == none ]] || is_shared "header too long after the origin"
ask TRACE /health/live -H "Origin: $origin"
is_shared TRACE
is_problem "TRACE" 405 method_not_allowed
matches "TRACE: Allow" "$(header allow)" 'GET, HEAD'
ask_raw 'get / HTTP/1.1\r\nHost: a\r\n\r\n'
refused "lower-case method" small_method 400
ask_raw 'GET /% HTTP/1.1\r\nHost: a\r\n\r\n'
is_problem "bad percent-escape" 400 bad_request
ask_raw 'GET / HTTP/3.0\r\nHost: a\r\n\r\n'
refused "unknown version" version 505
ask_raw 'GET / HTTP/1.1\r\n\r\n'
is_problem "no Host" 400 bad_request
ask_raw 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n'
refused "unknown transfer coding" coding 501
ask_raw 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
refused "two lengths" two_lengths 400

# The pages.
for page in /docs /docs/ /api/v1/docs /redoc /api/v1/redoc; do
	ask GET $page
	is "$page" "$status" 200
	is "$page: type" "$(header content-type)" 'text/html; charset=utf-8'
	matches "$page: policy" "$(header content-security-policy)" "default-src 'none'; script-src 'self'; "
	matches "$page: explains how to install missing files" "$body" 'npm ci --ignore-scripts'
	matches "$page: has a text for browsers without JavaScript" "$body" '<noscript>'
	is "$page: no resources of other origins" "$(grep -cE '(src|href)="(https?:)?//' <<<"$body" || true)" 0
	is "$page: no inline script" "$(grep -c '<script>\| on[a-z]*="' <<<"$body" || true)" 0
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
ask POST /docs -d x
is_problem "the pages are only read" 405 method_not_allowed
matches "the pages are read-only: Allow" "$(header allow)" '^GET, HEAD, OPTIONS$'
for page in /docs /api/v1/redoc; do
	ask OPTIONS $page
	is "OPTIONS $page" "$status $(header allow)" '204 GET, HEAD, OPTIONS'
	is "OPTIONS $page: nothing but that" "$body$(header content-type)" ''
done
ask GET /-error -H "Origin: $origin"
is_problem "the page of errors is no page" 404 not_found
is_shared "the page of errors"
# Public responses are compressed and revalidated by their tags.
for file in /openapi.json /api/v1/openapi.json /docs/page.js /docs/page.css; do
	ask GET $file -H 'Accept-Encoding: gzip'
	is "$file: compressed" "$status $(header content-encoding)" '200 gzip'
	matches "$file: Vary" "$(header vary)" 'Accept-Encoding'
	ask GET $file -H 'Accept-Encoding: gzip' -H "If-None-Match: $(header etag)"
	is "$file: unchanged, compressed" "$status" 304
	ask GET $file
	is "$file: plain" "$status $(header content-encoding)" '200 '
	ask GET $file -H "If-None-Match: $(header etag)"
	is "$file: unchanged, plain" "$status" 304
done
ask GET /health -H 'Accept-Encoding: gzip'
is "nothing else is compressed" "$status $(header content-encoding)" '200 '
ask GET /docs/not-there.js -H "Origin: $origin"
is_shared "no such file"
ask GET /docs//%2e -H "Origin: $origin"
is_shared "an odd path"

# Metrics are for this host only. Then the site allows another address instead.
ask GET /metrics
is "metrics for this host" "$status" 200
is "metrics: type" "$(header content-type)" 'text/plain; version=0.0.4'
matches "metrics: the web server counted requests" "$body" '^http_requests_total[{]method="GET",route="/health/live",status="200"[}] [0-9]+$'
web_again 's/127\.0\.0\.1;/127.0.0.2;/; s/127\.0\.0\.0\/8/127.0.0.2/; /allow ::1/d'
for path in /metrics /metrics/ /%6detrics '/metrics?x=1'; do
	ask GET "$path" -H 'X-Forwarded-For: 127.0.0.2'
	is_problem "$path for other hosts" 404 not_found
	is "$path for other hosts: the web server responds" "$(member detail)" "there is nothing at this path"
done
web_again

# Slow clients occupy no worker: one client per worker and two more stop in the middle of a
# body; another request is served.
slow=()
for i in 1 2 3 4 5 6; do
	exec {fd}<>"/dev/tcp/127.0.0.1/$port"
	printf 'POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{' >&"$fd"
	slow+=("$fd")
done
ask GET /health/live -m 2
is "slow clients occupy no worker" "$status" "${wanted[slow]:-200}"
for fd in "${slow[@]}"; do exec {fd}>&-; done

# Nor does a client that does not read a response of a megabyte.
if [[ -d $TOP/src/features/items ]]; then
	token=$("$APP" token)
	{
		printf '{"title":"long","description":"'
		printf '\xf0\x9f\x98\x80%.0s' {1..4500}
		printf '"}'
	} >"$site/long_item"
	seq 60 | xargs -P 4 -I{} curl -sS -o /dev/null -H "Authorization: Bearer $token" \
		-H 'Content-Type: application/json' -d @"$site/long_item" "$url/api/v1/items" 2>>"$log"
	ask GET '/api/v1/items?limit=60' -H "Authorization: Bearer $token"
	is "a response of a megabyte" "$status $((${#body} > 200000))" '200 1'
	TOKEN=$token python3 "$TOP/tests/e2e/half_dead.py" unread "127.0.0.1:$port" 4 '/api/v1/items?limit=60' >"$site/unread" 2>>"$log" &
	unread=$!
	is_held() { grep -q held "$site/unread"; }
	wait_until 10 is_held || not_ok "unread responses: the clients did not start"
	ask GET /health/live -m 5
	is "clients that do not read occupy no worker" "$status" "${wanted[unread]:-200}"
	kill $unread
fi

# Sessions in a cookie: the server passes the headers on which they depend, and Set-Cookie.
if [[ $cookies == on ]]; then
	jar=$site/jar
	ask POST /api/v1/auth/login -c "$jar" --json '{"email":"admin@example.com","password":"correct-horse-battery","cookie":true}'
	is "a sign-in with a cookie" "$status $(header cache-control)" "200 no-store"
	matches "it has a cookie" "$(header set-cookie)" '^session=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Lax; Max-Age=[0-9]+$'
	is "and no token" "$(member access_token)" ""
	ask GET /api/v1/users/me -b "$jar"
	is "the cookie identifies the user" "$status $(member email)" "200 admin@example.com"
	is "the response is not stored" "$(header cache-control)" no-store
	name=(--json '{"full_name":"Ada"}')
	ask PATCH /api/v1/users/me -b "$jar" "${name[@]}"
	is_problem "neither header" 403 csrf_refused
	ask PATCH /api/v1/users/me -b "$jar" -H 'Origin: https://evil.example' -H 'Sec-Fetch-Site: cross-site' "${name[@]}"
	is_problem "another site" 403 csrf_refused
	ask PATCH /api/v1/users/me -b "$jar" -H 'Sec-Fetch-Site: same-origin' "${name[@]}"
	is "Sec-Fetch-Site" "$status" 200
	ask PATCH /api/v1/users/me -b "$jar" -H "Origin: $url" "${name[@]}"
	is "the server's own origin" "$status" 200
	ask PATCH /api/v1/users/me -b "$jar" -H "Origin: $origin" "${name[@]}"
	is "a listed origin" "$status $(header access-control-allow-credentials)" "200 true"
	ask GET /api/v1/users/me -b "$jar" -H 'Authorization: Bearer x'
	is_problem "a token takes precedence" 401 invalid_token
	is "it does not clear the cookie" "$(header set-cookie)" ""
	ask GET /api/v1/auth/check -b "$jar"
	is "check" "$status" 204
	ask POST /api/v1/auth/logout -b "$jar" -H "Origin: $url" -d ''
	is "logout without a body" "$status" 204
	matches "it clears the cookie" "$(header set-cookie)" '^session=; .*; Max-Age=0$'
	ask GET /api/v1/users/me -b "$jar"
	is_problem "the session has ended" 401 invalid_token
	matches "the cookie is cleared again" "$(header set-cookie)" '^session=; .*; Max-Age=0$'
	ask GET /api/v1/users/me -H "Cookie: session=$long"
	refused "a cookie of 9000 bytes" long_header 431
fi

# Many sign-ins are limited and do not block other requests.
crowd ada@example.com >"$site/crowd" &
ask GET /health/live -m 2
is "many sign-ins do not block other requests" "$status" 200
wait $!
is "five of forty concurrent sign-ins are allowed" "$(cat "$site/crowd")" ' 5 401 35 429 '

if [[ ${wanted[pool]-} == none ]]; then return; fi

# The pool stops and restarts.
pool_stop
ask GET /health/live -H "Origin: $origin"
refused "no pool" no_pool 502
is_shared "no pool"
is "no pool: Retry-After" "$(header retry-after)" 1
pool_start
is_back() { ask GET /health/live && [[ $status == 200 ]]; }
wait_until 3 is_back || true # lighttpd caches for a second that the pool is unavailable.
is "the pool is back" "$status" 200

# A pool that does not respond. The timeout of the site is 35 seconds; here, one.
web_again 's/35s\{0,1\}\([;,]\| retry\)/1\1/'
kill -STOP $(pgrep -P "$(api_pid "$site")") "$(api_pid "$site")"
ask GET /health/live -m 10 -H "Origin: $origin"
is_shared "no response"
is_problem "no response" 504 unavailable
is "no response: Retry-After" "$(header retry-after)" 1
kill -CONT $(pgrep -P "$(api_pid "$site")") "$(api_pid "$site")"
