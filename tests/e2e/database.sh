#!/usr/bin/env bash
# The database stops and restarts: requests get 503 immediately, and the service recovers without
# intervention.
. "$(dirname "$0")/lib.sh"
trap site_end EXIT
own_postgres
site_start

sign_in
is "signed in" "$status" 200

postgres_stop "$TEST_POSTGRES"
ask GET /health/live
is "live while the database is down" "$status" 200
not_ready() { ! is_ready "$url"; }
wait_until 20 not_ready || true # Readiness is cached for a second.
ask GET /health/ready
is "not ready" "$status" 503
for try in 1 2 3 4 5 6; do
	ask GET /api/v1/jobs -H "Authorization: Bearer $token"
	is_problem "list $try" 503 unavailable
	matches "list $try: Retry-After" "$(header retry-after)" '^[0-9]+$'
done
ask POST /api/v1/auth/login --json '{"email":"admin@example.com","password":"correct-horse-battery"}'
is_problem "login" 503 unavailable

own_postgres_start >>"$log"
wait_until 15 is_ready "$url" || true
ask GET /health/ready
is "ready again" "$status" 200
works() { ask GET /api/v1/jobs -H "Authorization: Bearer $token" && [[ $status == 200 ]]; }
wait_until 10 works || true
is "the list again" "$status" 200
