#!/usr/bin/env bash
# PgBouncer in transaction mode, as in deploy/hosts.md: consecutive statements may use different
# connections, and accounts, items and jobs still work.
. "$(dirname "$0")/lib.sh"
needs_feature items

pooler=$base/var/test/pgbouncer
shared=3 # connections to PostgreSQL, for 8 workers and 3 processes of `work`

block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d; p}" "$TOP/deploy/hosts.md"; }

pooler_start() {
	in_background "$pooler/log" env -C / "${as_postgres[@]}" pgbouncer "$(postgres_place "$pooler")/config"
	pooler_pid=$background_pid
	wait_started 10 test -S "$pooler/.s.PGSQL.6432" || fail_all "pgbouncer does not start: $(<"$pooler/log")"
}
pooler_stop() { end_process "$pooler_pid" INT; }

postgres_erase "$pooler"
postgres_folder "$pooler"
block ini | sed "s|^app = .*|e2e_$name = host=$(postgres_place "$TEST_POSTGRES") user=app|" >"$pooler/config"
printf '%s\n' listen_addr= "unix_socket_dir = $(postgres_place "$pooler")" listen_port=6432 auth_type=any >>"$pooler/config"
mkdir -p "$site"
pooler_start
while IFS='=' read -r name_ value; do export "$name_=${value%% *}"; done < <(block sh)
trap pooler_stop EXIT
site_start DATABASE_URL="postgresql://app@/e2e_$name?host=$pooler&port=6432" WORKERS=8 JOB_WORKERS=2 JOB_POLL_SECONDS=1
trap 'status=$?; work_stop "$site"; pooler_stop; (exit $status); site_end' EXIT
is "the settings of the manual" "$DB_PREPARED $JOB_LISTEN" "off off"
block sql | sed "s/ROLE app /ROLE app IN DATABASE \"e2e_$name\" /" | psql -XAtq -h "$TEST_POSTGRES" -U postgres >>"$log"
pooler_stop # Open connections do not have the new limits.
pooler_start
is "the role has the limits" "$(psql -XAtqd "$DATABASE_URL" -c 'SHOW statement_timeout')" 10s
work_start "$site" || fail_all "the job workers do not start"

json=(-H 'Content-Type: application/json')
works() { ask GET /health/ready && [[ $status == 200 ]]; }
wait_until 10 works || fail_all "not ready through the pooler"
ask POST /api/v1/auth/register "${json[@]}" -d '{"email":"ada@example.com","password":"brass lamp, green shade"}'
is "register" "$status" 201
ask POST /api/v1/auth/login "${json[@]}" -d '{"email":"ada@example.com","password":"brass lamp, green shade"}'
is "sign in" "$status" 200
ask POST /api/v1/auth/refresh "${json[@]}" -d "{\"refresh_token\":\"$(member refresh_token)\"}"
is "refresh" "$status" 200
token=$(member access_token)

# Concurrent requests, so that statements are likely to use different connections.
for i in {1..120}; do
	printf 'url = "%s/api/v1/items"\noutput = /dev/null\n' "$url"
done >"$site/many"
curl -sS --noproxy '*' --parallel --parallel-max 16 -K "$site/many" -w '%{http_code}\n' \
	-H "Authorization: Bearer $token" "${json[@]}" -d '{"title":"Lamp"}' >"$site/codes" 2>>"$log" || true
is "120 items, 16 at a time" "$(sort "$site/codes" | uniq -c | tr -s ' ')" " 120 201"
ask GET '/api/v1/items?limit=1' -H "Authorization: Bearer $token"
is "each item exists once" "$(member total)" 120
item=$(member id)
ask PATCH "/api/v1/items/$item" -H "Authorization: Bearer $token" "${json[@]}" -d '{"title":"Desk"}'
is "change one" "$status $(member title)" "200 Desk"
ask GET "/api/v1/items?limit=2&cursor=" -H "Authorization: Bearer $token"
is "an invalid cursor is rejected" "$status" 422

for i in {1..30}; do
	printf 'url = "%s/api/v1/jobs/example?name=j%d&duration=0"\noutput = /dev/null\n' "$url" "$i"
done >"$site/many"
curl -sS --noproxy '*' --parallel --parallel-max 8 -K "$site/many" -w '%{http_code}\n' -X POST \
	-H "Authorization: Bearer $token" >"$site/codes" 2>>"$log" || true
is "30 jobs" "$(sort "$site/codes" | uniq -c | tr -s ' ')" " 30 202"
sql() { psql -XAtqd "$MIGRATE_DATABASE_URL" -c "$1"; }
jobs_over() { [[ $(sql "SELECT count(*) FROM jobs WHERE kind = 'example' AND status = 'succeeded'") == 30 ]]; }
wait_until 20 jobs_over || true
is "each ran once" "$(sql "SELECT status, attempts, count(*) FROM jobs WHERE kind = 'example' GROUP BY 1, 2")" "succeeded|1|30"
connections=$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'app'")
is "connections were shared" "$((connections >= 1 && connections <= shared))" 1
ask POST /api/v1/auth/logout-all -H "Authorization: Bearer $token"
ask GET /api/v1/items -H "Authorization: Bearer $token"
is "signed out" "$status" 401

# migrate needs its own session: it reports that and leaves no lock.
code=0
output=$(MIGRATE_DATABASE_URL=$DATABASE_URL "$APP" migrate up 2>&1) || code=$?
is "migrate rejects the pooler" "$code" 1
matches "migrate: hint" "$output" 'goes through a pooler .*MIGRATE_DATABASE_URL'
matches "migrate names the database" "$output" "^database e2e_$name on .*$pooler, port 6432, as role app \\(MIGRATE_DATABASE_URL\\)"
is "no lock is left" "$(sql "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND classid = hashtext('schema_migrations')::oid")" 0
"$APP" migrate status --json >"$site/json" 2>"$site/errors"
is "status is JSON" "$(jq -r '.[0].state' "$site/json")" applied
matches "it names the database on standard error" "$(cat "$site/errors")" "^database e2e_$name on .*, as role app_owner"
doctor() { "$APP" doctor --json 2>>"$log" | grep '"check":"pooler"'; }
matches "doctor: correct settings" "$(doctor)" '"state":"ok","text":"one that shares sessions"'
matches "doctor: prepared statements" "$(DB_PREPARED=on doctor)" '"state":"warning".*DB_PREPARED is on'
matches "doctor: LISTEN" "$(JOB_LISTEN=on doctor)" '"state":"warning".*JOB_LISTEN is on'
matches "doctor: no pooler" "$(DATABASE_URL=$MIGRATE_DATABASE_URL DB_PREPARED=on doctor)" '"state":"ok","text":"none"'

# A pooler whose connections are all busy.
for i in 1 2 3; do
	psql -XAtqd "$DATABASE_URL" -c 'SET statement_timeout = 0; SELECT pg_sleep(20)' >>"$log" 2>&1 &
done
busy() { [[ $(sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND state = 'active' AND usename = 'app'") == "$shared" ]]; }
wait_until 10 busy || true
output=$(DB_STATEMENT_TIMEOUT_MS=100 MIGRATE_DATABASE_URL=$DATABASE_URL "$APP" migrate status 2>&1) || true
matches "busy: the cause" "$output" 'cause: .*did not respond in time'
matches "busy: hint" "$output" 'hint: .*pooler'
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND pid <> pg_backend_pid()" >>"$log"
wait_until 10 works || true

# The pooler stops and restarts.
pooler_stop
ask POST /api/v1/auth/login "${json[@]}" -d '{"email":"ada@example.com","password":"brass lamp, green shade"}'
is_problem "no pooler" 503 unavailable
pooler_start
# Readiness is cached for a second, and a refused worker waits before it reconnects.
recovered() {
	local i
	for i in {1..8}; do
		ask POST /api/v1/auth/logout "${json[@]}" -d '{"refresh_token":"unknown"}'
		[[ $status == 204 ]] || return
	done
}
wait_until 10 recovered || true
ask POST /api/v1/auth/login "${json[@]}" -d '{"email":"ada@example.com","password":"brass lamp, green shade"}'
is "sign in again" "$status" 200
wrong='"level":"error".*(prepared statement|cached plan|25P0|26000|42P05)'
is "the logs have no unexpected errors" "$(cat "$site/log/api.log" "$site/log/work.log" | grep -cE "$wrong" || true)" 0
