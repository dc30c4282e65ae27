#!/usr/bin/env bash
# `doctor`: reports no problem on a correct site, then each fault that the test creates.
. "$(dirname "$0")/lib.sh"
site_start ENVIRONMENT=production

# doctor: sets `output`, `code`.
doctor() {
	code=0
	output=$("$APP" doctor --url "$url" --log "${pool_log:-/dev/null}" --json 2>"$site/errors") || code=$?
}
state() { sed -n "s/.*\"check\":\"$1\",\"state\":\"\([a-z]*\)\".*/\1/p" <<<"$output"; }
text_of() { sed -n "s/.*\"check\":\"$1\".*\"text\":\"\(.*\)\",\"hint\".*/\1/p" <<<"$output"; }
# finds CHECK STATE PATTERN: also checks that there is a hint.
finds() {
	is "$1: $3" "$(state "$1")" "$2"
	[[ $2 == warning ]] || is "$1: exit status" "$code" 1
	matches "$1: text" "$(text_of "$1")" "$3"
	is "$1: hint" "$(grep "\"check\":\"$1\"" <<<"$output" | grep -c '"hint":"..*"')" 1
}
# with NAME=VALUE…: runs doctor once with these settings.
with() {
	(
		export "${@?}"
		doctor
		printf '%s\n' "$code" "$output"
	) >"$site/look"
	code=$(head -n 1 "$site/look")
	output=$(tail -n +2 "$site/look")
}

with FIRST_ADMIN_PASSWORD=
is "no problem: exit status" "$code" 0
is "no problem: no fault" "$(grep -c '"state":"fault"' <<<"$output" || true)" 0
for check in settings database migrations indexes pooler role connections clock socket "web server" redis orders; do
	is "no problem: $check" "$(state "$check")" ok
done
is "nothing on standard error" "$(cat "$site/errors")" ""
is "no secret in the output" "$(grep -c "$JWT_SECRET_KEY\|$FIRST_ADMIN_PASSWORD" <<<"$output" || true)" 0
is "JSON: all members of each check" \
	"$(jq '[.[] | select(.check and .state and .text and has("hint"))] | length' <<<"$output")" 14
matches "as text" "$("$APP" doctor --url "$url")" '^ok +database +PostgreSQL [0-9]+'

# Slow lists.
pool_log=$site/pool.log
printf 'slow statement %s\n' users_find users_list:-created_at:0:near >"$pool_log"
with DB_SLOW_MS=1
is "no order needs an index" "$(state orders)" ok
if [[ -d $TOP/src/features/items ]]; then # the core has no order without an index
	echo 'slow statement items_list:title:1:near' >>"$pool_log"
	doctor
	finds orders warning 'items are listed slowly by title'
	truncate -s 20G "$site/long.log"
	cat "$pool_log" >>"$site/long.log"
	pool_log=$site/long.log
	doctor
	finds orders warning 'items are listed slowly by title'
	rm "$site/long.log"
fi
pool_log=$site/none.log
doctor
finds orders fault 'none.log: No such file'
pool_log=

# Settings.
with DATABASE_URL=
finds settings fault 'DATABASE_URL.* must be set'
with ENVIRONMENT=development
finds settings warning 'weak secrets are not refused'
with JWT_SECRET_KEY=changemechangemechangemechangeme1
finds settings fault 'JWT_SECRET_KEY: production needs a random key'
printf '# MAX=1\n\nexport APP_NAME=x\nMAX_BODY_BYTE=1\nq83vEjRWabcdef==\n JWT_SECRET_KEY_FILE=%s\nPORT=1\nno line\n' /dev/null >"$site/strays.env"
chmod 600 "$site/strays.env"
with ENV_FILE="$site/strays.env"
finds settings fault 'unknown setting MAX_BODY_BYTE in .*strays.env line 4 \(did you mean MAX_BODY_BYTES\?\)$'
with ENV_FILE="$site/strays.env" ENVIRONMENT=development
finds settings warning 'line 4 .*; unknown setting in .* line 5; .* line 8 has no effect: write NAME=value'
printf '%s\n' "JWT_SECRET_KEY=$JWT_SECRET_KEY" >"$site/open.env"
chmod 644 "$site/open.env"
with ENV_FILE="$site/open.env"
finds settings fault 'open.env: every user of this host can read its secrets: chmod 600 '
output=$("$APP" --env-file "$site/open.env" doctor --json --url "$url") && code=0 || code=$?
finds settings fault 'open.env: every user of this host can read its secrets: chmod 600 '
doctor
finds settings warning 'FIRST_ADMIN_PASSWORD is still set'
with DB_STATEMENT_TIMEOUT_MS=60000
finds time-outs warning 'longer than its request'

# Services that accept no connection: the backlog of this one is full.
in_background "$site/deaf" python3 -c '
import socket, time
listener = socket.create_server(("127.0.0.1", 0), backlog=0)
held = [socket.socket() for _ in range(4)]
for one in held:
    one.setblocking(False)
    one.connect_ex(listener.getsockname())
print(listener.getsockname()[1], flush=True)
time.sleep(600)'
wait_started 10 test -s "$site/deaf" || fail_all "no service that accepts no connection"
deaf=127.0.0.1:$(<"$site/deaf")
began=${EPOCHREALTIME/./}
url=http://$deaf with DATABASE_URL="postgresql://app@$deaf/app" SMTP_URL="smtp://$deaf" REDIS_URL="redis://$deaf/0"
is "in time without any service" "$((${EPOCHREALTIME/./} - began < 10000000))" 1
end_process "$background_pid" KILL
is "Redis is down" "$(state redis)" fault
is "the database is down" "$(state database) $code" "fault 1"
is "the mail server is down" "$(state mail)" fault
is "the web server is down" "$(state "web server")" fault
is "checks that need no service" "$(state time-outs) $(state socket)" "ok ok"
with SMTP_URL=smtp://:secret@127.0.0.1:1
finds mail fault '127.0.0.1 does not accept connections'
is "no password of SMTP_URL in the output" "$(grep -c :secret <<<"$output" || true)" 0
with SMTP_URL=
finds mail warning 'without SMTP_URL'
is "a warning is not a fault" "$code" 0
with REDIS_URL=redis://:secret@127.0.0.1:1/0
finds redis fault 'Redis does not respond'
is "no password of REDIS_URL in the output" "$(grep -c :secret <<<"$output" || true)" 0
with REDIS_URL=unix://$site/redis.sock?db=1
finds redis fault 'Redis does not respond'
with WORKERS=900
finds connections fault 'this host needs 90[0-9], the database accepts'
with DATABASE_URL="${DATABASE_URL/app@/app_owner@}"
finds role warning 'owns the tables'
"$APP" migrate down >>"$log"
doctor
finds migrations fault '1 migrations are pending'
"$APP" migrate up >>"$log"
psql -X -q "$MIGRATE_DATABASE_URL" -c 'REVOKE ALL ON jobs FROM app'
doctor
finds role fault 'role app may not read 1 of the tables'
psql -X -q "$MIGRATE_DATABASE_URL" -c 'GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO app'

psql -Xq "$MIGRATE_DATABASE_URL" -c "INSERT INTO job_pauses (queue) VALUES ('a'), ('b')"
! psql -Xq "$MIGRATE_DATABASE_URL" -c 'CREATE UNIQUE INDEX CONCURRENTLY half_built ON job_pauses ((1))' 2>>"$log" || not_ok "an index fails"
doctor
finds indexes warning 'half_built$'
psql -Xq "$MIGRATE_DATABASE_URL" -c 'DROP INDEX half_built' -c 'DELETE FROM job_pauses'
with DATABASE_URL="${DATABASE_URL}&connect_timeout=2&port=1"
finds database fault 'No such file or directory|Connection refused'
psql_admin "$TEST_POSTGRES" "ALTER DATABASE \"e2e_$name\" SET default_transaction_read_only = on" >>"$log"
doctor
finds database fault 'read-only: default_transaction_read_only is on'
psql_admin "$TEST_POSTGRES" "ALTER DATABASE \"e2e_$name\" RESET default_transaction_read_only" >>"$log"

# The clock.
# shellcheck disable=SC2086 # CC may have arguments.
${CC:-cc} -shared -fPIC -O -o "$site/clock.so" "$TOP/tests/e2e/clock_shim.c" -ldl 2>>"$log" || fail_all "cannot build clock_shim.c"
for step in -3600 3600; do
	echo "$step" >"$site/clock"
	with LD_PRELOAD="$site/clock.so" CLOCK_FILE="$site/clock" ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
	finds clock fault 'differ by (3599|3600|3601) s'
done

# The socket.
chmod 666 "$site/run/api.sock"
doctor
finds socket fault 'all users of this host can write'
chmod 660 "$site/run/api.sock"
with LISTEN=
is "an inherited socket" "$(state socket)" unknown

# The web server.
web_again 's/fastcgi_param HTTP_PROXY "";/& fastcgi_param HTTP_AUTHORIZATION "";/'
doctor
finds "web server" fault 'does not pass Authorization'
web_again
pool_stop
doctor
finds "web server" fault 'cannot connect to the service: 502'
finds socket fault 'No such file'
web_stop "$site"
doctor
finds "web server" fault 'connect'

"$APP" doctor --colour >/dev/null 2>&1 && code=0 || code=$?
is "an invalid argument" "$code" 2
