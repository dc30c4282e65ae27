#!/usr/bin/env bash
# 10,000 jobs while workers are killed at random, the database restarts twice and one
# worker is stopped beyond its lease: every job ends succeeded or failed, with its effect, and
# exactly once if effect and end are one transaction.
# Long: it starts first.
. "$(dirname "$0")/../e2e/lib.sh"

jobs_app=$BUILD/tests/e2e/jobs_app
lease=3
pools=()
seed=${SEED:-$RANDOM}
RANDOM=$seed

sql() { psql -XAtq -v ON_ERROR_STOP=1 -d "$MIGRATE_DATABASE_URL" -c "$1"; }

set_up() {
	export ENV_FILE=/dev/null DATABASE_URL MIGRATE_DATABASE_URL JWT_SECRET_KEY LOG_FORMAT=json
	export JOB_LEASE_SECONDS=$lease JOB_WORKERS=4
	JWT_SECRET_KEY=$(random_hex 32)
	DATABASE_URL=$(database_url "$TEST_POSTGRES" "e2e_$name")
	MIGRATE_DATABASE_URL=$(owner_url "$TEST_POSTGRES" "e2e_$name")
	psql_admin "$TEST_POSTGRES" "DROP DATABASE IF EXISTS \"e2e_$name\" WITH (FORCE)" 2>/dev/null
	postgres_database "$TEST_POSTGRES" "e2e_$name"
	make_program -s tests/e2e/jobs_app >>"$log" 2>&1
	"$jobs_app" migrate up >>"$log" 2>&1
	sql 'CREATE TABLE effects (job uuid, n bigint, attempt int, pid int, what text);
		CREATE TABLE ends (job uuid, status text, attempt int, lease bigint);
		CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO ends VALUES (NEW.id, NEW.status, NEW.attempts, OLD.lease);
			RETURN NULL;
		END $$;
		CREATE TRIGGER note_end AFTER UPDATE ON jobs FOR EACH ROW
		WHEN (NEW.finished_at IS NOT NULL AND NEW.kind <> $q$timed$q$) EXECUTE FUNCTION note_end()'
}

pool_begin() {
	in_background "$site/log/work.log" "$jobs_app" work
	pools+=("$background_pid")
}

pools_stop() {
	local pool
	for pool in "${pools[@]}"; do end_process "$pool" TERM; done
}

at_end() {
	local status=$?
	pools_stop
	own_postgres_end
	((status != 0 || bad == 0)) || status=1
	exit "$status"
}

# Supervisors and workers of all pools.
processes() {
	local pool
	for pool in "${pools[@]}"; do
		tr ' ' '\n' <"/proc/$pool/task/$pool/children" 2>/dev/null | sed '/^$/d' || true
	done
}

random_process() { processes | sed -n "$((RANDOM % (4 * ${#pools[@]}) + 1))p"; }

kills=0
kill_one() {
	local pid
	pid=$(random_process)
	[[ -n $pid && $pid != "${stopped-}" ]] || return 0
	if kill -KILL "$pid" 2>/dev/null; then kills=$((kills + 1)); fi
}

# A live worker with a recent effect, never a supervisor.
stop_one() {
	local pid
	pid=$(sql "SELECT pid FROM effects ORDER BY ctid DESC LIMIT 200" 2>>"$log" | grep -m 1 -xFf <(processes)) || return 0
	kill -STOP "$pid" 2>>"$log" || return 0
	stopped=$pid
	resume_at=$((SECONDS + lease + 3))
}

restart_database() { # SIGNAL
	end_process "$(postgres_pid "$TEST_POSTGRES")" "$1"
	own_postgres_start >>"$log"
}

left() { sql "SELECT count(*) FROM jobs WHERE finished_at IS NULL" 2>>"$log" || echo unknown; }

trap at_end EXIT
trap 'exit 130' INT TERM
own_postgres
set_up
for what in 'brisk 6000' 'once 3000' 'failing 1000'; do
	# shellcheck disable=SC2086 # Two words.
	"$jobs_app" enqueue $what 100 >>"$log" 2>&1
done
is "10,000 jobs are enqueued" "$(sql 'SELECT count(*) FROM jobs')" 10000

pool_begin
pool_begin
began=$SECONDS stopped='' resume_at=0 restarts=0 resumed=no
while ((SECONDS < began + 300)); do
	todo=$(left)
	[[ $todo != 0 || ($stopped && $resumed == no) ]] || break
	if [[ $todo != unknown ]] && ((todo < 8500)) && [[ -z $stopped ]]; then stop_one; fi
	if [[ -n $stopped && $resumed == no ]] && ((SECONDS >= resume_at)); then
		kill -CONT "$stopped" 2>/dev/null || true
		resumed=yes
	fi
	if [[ $todo != unknown ]] && ((todo < 7000 - 3000 * restarts && restarts < 2)); then
		restart_database "$( ((restarts == 0)) && echo INT || echo QUIT)"
		restarts=$((restarts + 1))
	fi
	((todo < 500)) || kill_one # The last jobs may finish.
	sleep 0.2
done
echo "# seed $seed: $kills killed, $restarts restarts, $((SECONDS - began)) seconds"

pools_stop # Workers then write all results, which are counted below.
is "no job is left" "$(left)" 0
is "workers were killed" "$((kills >= 10))" 1
is "the database was restarted" "$restarts" 2
is "a worker was stopped and continued" "$resumed" yes
is "no job is lost" "$(sql "SELECT count(*) FROM jobs WHERE kind <> 'timed'")" 10000
is "no job is stuck" "$(sql "SELECT count(*) FROM jobs WHERE status NOT IN ('succeeded', 'failed')")" 0
is "all jobs that can succeed did" \
	"$(sql "SELECT count(*) FROM jobs WHERE kind <> 'failing' AND status <> 'succeeded'")" 0
is "each succeeded job has had its effect" \
	"$(sql "SELECT count(*) FROM jobs WHERE kind <> 'timed' AND status = 'succeeded' AND id NOT IN (SELECT job FROM effects)")" 0
is "transactional effects happened once" \
	"$(sql "SELECT count(*), count(DISTINCT job) FROM effects WHERE what = 'once'")" "3000|3000"
is "they happened in the attempt that ended the job" \
	"$(sql "SELECT count(*) FROM jobs JOIN effects ON job = id AND attempt = attempts WHERE what = 'once'")" 3000
is "each job ended once" "$(sql 'SELECT count(*), count(DISTINCT job) FROM ends')" "10000|10000"
is "each ended under a lease" "$(sql 'SELECT count(*) FROM ends WHERE lease IS NULL')" 0
is "failed jobs have used all attempts" \
	"$(sql "SELECT count(*) FROM jobs WHERE status = 'failed' AND attempts < max_attempts")" 0
