#!/usr/bin/env bash
# The database becomes read-only and writable again, as in a failover: reads go on, health and
# doctor report it, and writes and jobs go on afterwards without a restart.
# Beside the others: it has its own database.
. "$(dirname "$0")/lib.sh"
site_start ENVIRONMENT=production RATE_LIMIT=off AUTH_LOGIN_RATE_LIMIT=off JOB_WORKERS=2
work_start "$site" || fail_all "the job workers do not start"

sql() { psql_admin "$TEST_POSTGRES" "$1"; }
end_sessions() {
	sql "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE datname = 'e2e_$name' AND usename = 'app' AND pid <> pg_backend_pid()" >>"$log"
}
doctor() { "$APP" doctor --json 2>>"$log" || true; }
write() { ask PATCH /api/v1/users/me -H "Authorization: Bearer $token" --json '{"full_name":"Ada"}'; }
writes() { write && [[ $status == 200 ]]; }
start_job() { ask POST "/api/v1/jobs/example?name=x&duration=0" -H "Authorization: Bearer $token"; }
database_status() { jq -r .checks.database.status <<<"$body"; }

sign_in
write
is "write" "$status" 200
ask GET /health
is "health" "$status $(database_status)" "200 ok"

sql "ALTER DATABASE \"e2e_$name\" SET default_transaction_read_only = on"
end_sessions
write
is_problem "write while read-only" 503 unavailable
matches "the cause is named" "$body" 'read-only'
ask GET /api/v1/users/me -H "Authorization: Bearer $token"
is "read while read-only" "$status" 200
read_only() { ask GET /health && [[ $(database_status) == read-only ]]; }
wait_until 20 read_only || true
is "health while read-only" "$status $(database_status) $(jq -r .status <<<"$body")" "200 read-only degraded"
ask GET /health/ready
is_problem "not ready" 503 unavailable
matches "doctor reports the read-only database" "$(doctor | grep '"check":"database"')" '"state":"fault".*read-only: default_transaction_read_only is on.*RESET'
errors=$("$APP" user create --email ada@example.com <<<'brass lamp, green shade' 2>&1 >/dev/null) || true
matches "a command prints the cause" "$errors" 'cause: cannot execute .* in a read-only transaction'
matches "a command prints a hint" "$errors" 'hint: connect to the primary, or reset default_transaction_read_only'

# Every session is read-only now, also those of `work`.
sql "ALTER DATABASE \"e2e_$name\" RESET default_transaction_read_only"
wait_until 20 writes || true
failed_writes() {
	local i failed=0
	for i in {1..40}; do writes || failed=$((failed + 1)); done
	echo "$failed"
}
recovered() { [[ $(failed_writes) == 0 ]]; }
wait_until 20 recovered || true
is "all 40 writes succeed" "$(failed_writes)" 0
start_job
is "a job is accepted" "$status" 202
job=$(member id)
job_done() { ask GET "/api/v1/jobs/$job" -H "Authorization: Bearer $token" && [[ $(member status) == succeeded ]]; }
wait_until 15 job_done || true
is "the job runs" "$(member status)" succeeded
is_ready_again() { ask GET /health/ready && [[ $status == 200 ]]; }
wait_until 20 is_ready_again || true
is "ready again" "$status" 200
is "doctor reports a writable database" "$(doctor | grep '"check":"database"' | grep -c '"state":"ok"')" 1
