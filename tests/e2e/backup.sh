#!/usr/bin/env bash
# Backs up the database under load and restores it on another server by the commands
# of deploy/backup.md: the rows and privileges are the same, and the service works.
. "$(dirname "$0")/lib.sh"
needs_feature items

other=$base/var/test/backup
site_start SESSION_CACHE_SECONDS=0
trap 'status=$?; postgres_stop "$other"; postgres_erase "$other"; (exit $status); site_end' EXIT

# commands HEADING [NUMBER]: prints the commands of a section of deploy/backup.md, or of one block.
commands() {
	awk -v heading="## $1" -v number="${2-}" '/^## / { here = $0 == heading }
		/^```sh/ { block++; inside = here && (!number || ++n == number); next }
		/^```/ { inside = 0 } inside' "$TOP/deploy/backup.md"
}
follow() { (cd "$site" && bash -euo pipefail -c "$(commands "$@" | sed "s|^app |'$APP' |; s/DATABASE app /DATABASE e2e_$name /")" >>"$log" 2>&1); }

sign_in
for title in Lamp Table Chair; do
	ask POST /api/v1/items -H "Authorization: Bearer $token" --json "{\"title\":\"$title\"}"
done
is "sample data" "$status" 201
ask POST '/api/v1/jobs/example?name=later&duration=0' -H "Authorization: Bearer $token"
job=$(member job_id)
ask POST /api/v1/api-keys -H "Authorization: Bearer $token" --json '{"name":"robot","scopes":["items:read"]}'
key=$(member key)

if follow "Back up"; then ok "a dump"; else fail_all "the dump fails"; fi
is "one file" "$(ls "$site"/backup* | wc -l)" 1
rows() { pg_dump --data-only --inserts "$1" | grep -vE '^(--|SET |\\(un)?restrict|SELECT pg_catalog.set_config|$)' | sort | sha256sum; }
tables() { pg_dump --schema-only "$1" | grep -vE '^(--|$|\\(un)?restrict)'; }
rows_before=$(rows "$MIGRATE_DATABASE_URL") tables_before=$(tables "$MIGRATE_DATABASE_URL")

# An empty server; the old one is stopped.
pool_stop
psql_admin "$TEST_POSTGRES" "DROP DATABASE \"e2e_$name\" WITH (FORCE)"
postgres_erase "$other"
postgres_start "$other" "$site/log/other.log" fsync=off >>"$log"
export SUPERUSER_URL="postgresql://postgres@/postgres?host=$other"
DATABASE_URL=$(database_url "$other" "e2e_$name") MIGRATE_DATABASE_URL=$(owner_url "$other" "e2e_$name")
if follow "Restore" 1 && follow "Restore" 2; then ok "restored"; else fail_all "the restore fails"; fi
is "the same rows" "$(rows "$MIGRATE_DATABASE_URL")" "$rows_before"
is "the same tables and privileges" "$(diff <(tables "$MIGRATE_DATABASE_URL") - <<<"$tables_before" | head -n 20)" ""
if follow "Restore" 3 && follow "Restore" 4; then ok "the rest of the runbook"; else fail_all "the rest of the runbook fails"; fi

# The privileges of the application role.
as_app() { psql -XAtqd "$DATABASE_URL" -c "$1" 2>&1 | head -n 1; }
for act in "UPDATE audit_events SET target = 'x'" "DELETE FROM audit_events" "TRUNCATE audit_events" \
	"ALTER TABLE audit_events DISABLE TRIGGER ALL"; do
	matches "the application cannot ${act%% *} the audit log" "$(as_app "$act")" \
		'ERROR: +(permission denied for|must be owner of) table audit_events'
done
psql -XAtqd "$MIGRATE_DATABASE_URL" -c 'CREATE TABLE later (n int)' >>"$log"
is "the application can use future tables" "$(as_app 'INSERT INTO later VALUES (1) RETURNING n')" 1

pool_start
wait_until 15 is_ready "$url" || fail_all "not ready with the restored database"
ok "ready"
ask GET /api/v1/items -H "Authorization: Bearer $token"
is "earlier sessions have ended" "$status" 401
ask GET '/api/v1/items?sort=title' -H "X-API-Key: $key"
is "the API key is valid" "$status" 200
is "the items are restored" "$(grep -o '"title":"[^"]*"' <<<"$body" | tr -d '\n')" '"title":"Chair""title":"Lamp""title":"Table"'
sign_in
is "sign in" "$status" 200
ask POST /api/v1/items -H "Authorization: Bearer $token" --json '{"title":"Desk"}'
is "a new item" "$status" 201
ask GET "/api/v1/jobs/$job" -H "Authorization: Bearer $token"
is "a queued job is cancelled" "$(member status)" cancelled
