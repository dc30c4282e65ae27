#!/usr/bin/env bash
# Revocation by a command or by a request to another pool takes effect with the
# next request of every worker in each pool on this host, despite the auth caches.
. "$(dirname "$0")/lib.sh"
site_start SESSION_CACHE_SECONDS=300 AUTH_LOGIN_RATE_LIMIT=off AUTH_LOGIN_IP_RATE_LIMIT=off WORKERS=3

json=(-H 'Content-Type: application/json')
password='an honest password'
"$APP" user create --email owner@example.com --role owner <<<"$password" >>"$log"

# A second pool with its own web server.
second=$site/second
mkdir -p "$second/log" "$second/run"
first_url=$url
first_port=$port
trap 'web_stop "$second"; api_stop "$second"; site_end' EXIT
(
	LISTEN=unix:$second/run/api.sock PID_FILE=$second/run/api.pid
	export LISTEN PID_FILE
	api_start "$second"
) || fail_all "the second pool did not start"
port=$((first_port + 100))
while port_is_taken "$port"; do port=$((port + 1)); done
web_start "$second" "$port" || fail_all "the second web server did not start"
second_url=http://127.0.0.1:$port
wait_until 10 is_ready "$second_url" || fail_all "the second pool is not ready after 10 s"

# answers: prints the statuses of 40 concurrent requests to both pools, which reach every worker.
answers() {
	local i
	for ((i = 0; i < 20; i++)); do
		printf '%s\n' "$first_url/api/v1/users/me" "$second_url/api/v1/users/me"
	done | xargs -P 8 -n 1 curl -sS --noproxy '*' -o /dev/null -w '%{http_code}\n' \
		-H "Authorization: Bearer $token" | sort -u | xargs
}

sign_in() {
	url=$first_url
	ask POST /api/v1/auth/login "${json[@]}" -d "{\"email\":\"$1\",\"password\":\"$password\"}"
	token=$(member access_token)
	is "$1 is authenticated by all workers" "$(answers)" 200
}

# ends COMMAND…: runs it on a new account.
ends() {
	local email="user-$RANDOM$RANDOM@example.com"
	"$APP" user create --email "$email" --role admin <<<"$password" >>"$log"
	sign_in "$email"
	"$APP" user "$1" "$email" "${@:2}" <<<'another good password' >>"$log" 2>&1 ||
		not_ok "user $1"
	is "user $*: rejected from the next request on" "$(answers)" 401
}

ends deactivate
ends set-role viewer
ends set-password
ends delete --yes

# An API key of an account that a command deletes.
"$APP" user create --email program@example.com <<<"$password" >>"$log"
sign_in program@example.com
ask POST /api/v1/api-keys "${json[@]}" -H "Authorization: Bearer $token" \
	-d '{"name":"backup","scopes":["jobs:read"]}'
is "an API key" "$status" 201
token=$(member key)
is "the key is accepted by all workers" "$(answers)" 200
"$APP" user deactivate program@example.com >>"$log"
is "deactivating the account disables the key" "$(answers)" 401

# A request to one pool takes effect in the other one.
sign_in owner@example.com
ask POST /api/v1/auth/logout-all -H "Authorization: Bearer $token"
is "logout-all at the first pool" "$status" 204
is "it takes effect in the second pool" "$(answers)" 401

# Other changes keep the caches.
sign_in owner@example.com
"$APP" user list >>"$log"
is "a read-only command keeps the session" "$(answers)" 200
