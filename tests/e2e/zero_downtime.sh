#!/usr/bin/env bash
# No request fails during reloads, restarts behind a kept socket,
# replacement of workers, and migrations by the rules of deploy/README.md.
. "$(dirname "$0")/lib.sh"
needs_feature items

pool_start() {
	in_background "$site/log/api.log" python3 "$TOP/tests/e2e/keep_socket.py" "$site/run/api.sock" "$APP" serve
	service_pid=$background_pid
	wait_started 15 api_pid "$site" >/dev/null || fail_all "the pool does not start"
}
api_stop() { [[ -z ${service_pid-} ]] || end_process "$service_pid"; }
site_start LISTEN= MAX_REQUESTS=150

sign_in
is "signed in" "$status" 200

# Eight clients that never stop; curl drops what follows #.
load_start() {
	stdbuf -oL curl -sS --no-progress-meter --noproxy '*' -Z --parallel-immediate --parallel-max 8 -m 20 -o /dev/null -w '%{http_code}\n' \
		-H "Authorization: Bearer $token" "$url/api/v1/items#[1-1000000]" >"$site/codes" 2>"$site/errors" 9>&- &
	load=$!
	wait_until 10 has_answers 100 || fail_all "no load"
}
has_answers() { (($(wc -l <"$site/codes") >= $1)); }
more_answers() { # a hundred more
	local now
	now=$(wc -l <"$site/codes")
	wait_until 20 has_answers $((now + 100)) || not_ok "no more responses"
}
load_stop() { # TEXT
	kill "$load"
	wait "$load" || true
	is "$1: all $(wc -l <"$site/codes") responses" "$(sort "$site/codes" | uniq -c | sed 's/^ *[0-9]* //' | xargs)" 200
	is "$1: no broken connection" "$(cat "$site/errors")" ""
}

reloads() { grep -c 'pool reloaded' "$site/log/api.log" || true; }
has_reloaded() { (($(reloads) >= $1)); }
load_start
for n in {1..20}; do
	kill -HUP "$(api_pid "$site")"
	wait_until 20 has_reloaded "$n" || not_ok "reload $n did not complete"
done
load_stop "20 reloads"

is_new() { local pid; pid=$(api_pid "$site") && [[ $pid != "$1" ]]; }
load_start
for n in {1..5}; do
	pid=$(api_pid "$site")
	kill -TERM "$pid"
	wait_until 20 is_new "$pid" || not_ok "restart $n did not complete"
	more_answers
done
load_stop "5 restarts"

worker=$(pgrep -o -P "$(api_pid "$site")")
load_start
wait_until 20 is_dead "$worker" || not_ok "a worker was not replaced"
load_stop "workers replaced after MAX_REQUESTS"

change() { psql -X -q -v ON_ERROR_STOP=1 "$MIGRATE_DATABASE_URL" -c "SET lock_timeout = '2s'" -c "$1"; }
load_start
change 'ALTER TABLE items ADD COLUMN colour text'
more_answers
change 'CREATE INDEX CONCURRENTLY items_by_colour ON items (colour)'
more_answers
change 'ALTER TABLE items ADD CONSTRAINT colour_given CHECK (colour IS NOT NULL) NOT VALID'
change 'UPDATE items SET colour = $$red$$'
change 'ALTER TABLE items VALIDATE CONSTRAINT colour_given'
more_answers
change 'ALTER TABLE items DROP COLUMN colour'
more_answers
load_stop "migrations"
