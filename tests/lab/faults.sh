#!/usr/bin/env bash
# Faults of production under load: workers, PostgreSQL, nginx, Redis, disk,
# clock, memory, descriptors, clients. Each time, errors follow the contract, the service recovers
# within 5 s after the fault, and every confirmed item exists exactly once.
# FAULTS=long takes minutes, as `./dev faults` does; FAULTS_NAMES selects faults.
# Not under sanitizers: it measures and limits memory.
# Long: it starts first.
. "$(dirname "$0")/../e2e/lib.sh"
needs_feature items
needs python3 prlimit

all='killed restarted paused failover web backlog slow cut cut_socket memory_flat disk clock descriptors no_memory redis'
length=${FAULTS:-short}
within=5
table=()

long() { [[ $length == long ]]; }
pick() { if long; then echo "$2"; else echo "$1"; fi; } # SHORT LONG
sql() { psql -XAtq -v ON_ERROR_STOP=1 -d "$MIGRATE_DATABASE_URL" -c "$1"; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
workers() { pgrep -P "$(api_pid "$site")" || true; }
deaths() { curl -s "$url/metrics" | sed -n 's/^worker_restarts_total //p'; }

# Starts the clients; load_end ends them.
load_begin() { # FAULT
	fault=$1 detail=
	coproc LOAD { TOKEN=$token exec python3 "$TOP/tests/lab/load.py" "$url" "$fault" "$(pick 4 8)" 2>>"$site/log/load.log"; }
	local line=
	read -t 20 -r line <&"${LOAD[0]}" || true
	[[ $line == loaded ]] || not_ok "$fault: the load did not start" "$(tail -n 3 "$site/log/load.log")"
}

# load_end [PATTERN]: outcomes allowed in addition to responses of the API.
load_end() {
	local result='' requests failed recovered told extra
	echo over >&"${LOAD[1]}" || true
	read -t 90 -r result <&"${LOAD[0]}" || true
	wait "${LOAD_PID-}" 2>/dev/null || true
	[[ -n $result ]] || { not_ok "$fault: the load ends" "$(tail -n 3 "$site/log/load.log")"; return; }
	printf '%s\n' "$result" >"$site/$fault.json"
	IFS=$'\t' read -r requests failed recovered told < <(jq -r '[.requests, .failed, .recovered // "never",
		(.told | to_entries | map(select(.key | startswith("broken:") | not) | "\(.key): \(.value)") | join(", "))] | @tsv' "$site/$fault.json")
	row "$requests" "$failed" "$recovered" "$told${detail:+; $detail}"
	is "$fault: errors have the documented format" "$(jq -r '.examples[]' "$site/$fault.json")" ""
	extra=$(jq -r '.told | keys[] | select(test("^(200|201|broken: .*)$") | not)' "$site/$fault.json" | grep -vxE "broken|409|${1-none}" || true)
	is "$fault: no unexpected failures" "$extra" ""
	[[ ${1-} == *broken* ]] || is "$fault: no connection is cut" "$(jq '.told.broken // 0' "$site/$fault.json")" 0
	is "$fault: recovered within $within s ($recovered)" "$([[ $recovered != never ]] && awk "BEGIN { print ($recovered <= $within) }")" 1
	books
}

row() { # REQUESTS FAILED RECOVERED TOLD
	table+=("$(printf '%-12s %9s %8s %11s   %s' "$fault" "$1" "$2" "$3" "$4")")
}

# Every confirmed item exists under its id, and none exists twice.
books() {
	local told=$site/$fault.told there=$site/$fault.there
	jq -r '.confirmed[] | "\(.[0]) \(.[1])"' "$site/$fault.json" | sort >"$told"
	sql "SELECT substr(title, length('$fault') + 2), id FROM items WHERE title LIKE '$fault %'" | tr '|' ' ' | sort >"$there"
	is "$fault: no confirmed item is lost" "$(comm -23 "$told" "$there" | head -n 3)" ""
	is "$fault: no item is created twice" "$(cut -d ' ' -f 1 "$there" | uniq -d | head -n 3)" ""
}

is_full() { [[ $(workers | wc -l) == "$WORKERS" ]]; }

# Kills a worker every 100 ms, ready or not.
fault_killed() {
	local n pool before victims victim start rest total
	local -A dead=()
	pool=$(api_pid "$site") before=$(deaths) total=$(pick 30 600)
	load_begin killed
	start=$(now_ms)
	for ((n = 1; n <= total; n++)); do
		read -r -a victims <"/proc/$pool/task/$pool/children" || true
		for victim in $(shuf -e -- "${victims[@]}"); do
			# A worker that is dead but not yet reaped counts once.
			[[ -z ${dead[$victim]-} ]] && kill -KILL "$victim" 2>/dev/null || continue
			dead[$victim]=1
			break
		done
		rest=$((start + 100 * n - $(now_ms)))
		((rest <= 0)) || sleep "$(printf '0.%03d' "$rest")"
	done
	n=${#dead[@]} detail="$n of $total kills, one every $((($(now_ms) - start) / total)) ms"
	load_end 502
	wait_until 10 is_full || true # the last worker may still wait for its back-off
	is "killed: each of $n was replaced and counted" "$(($(deaths) - before)) $(workers | wc -l)" "$n $WORKERS"
	is "killed: only the request of the killed worker fails" \
		"$(jq "(.told.\"502\" // 0) <= $n" "$site/killed.json")" true
	is "killed: nearly every attempt found a worker ($n of $total)" "$((10 * n >= 9 * total))" 1
}

database_processes() { local pid; pid=$(postgres_pid "$TEST_POSTGRES") && { echo "$pid"; pgrep -P "$pid"; }; }

# PostgreSQL restarts, with and without ending its sessions.
fault_restarted() {
	local n signal
	load_begin restarted
	for ((n = 0; n < $(pick 2 10); n++)); do
		signal=$( ((n % 2)) && echo QUIT || echo INT)
		end_process "$(postgres_pid "$TEST_POSTGRES")" "$signal"
		sleep 0.5
		own_postgres_start >>"$log"
		sleep "$(pick 0.5 4)"
	done
	detail="$n restarts"
	load_end 503
}

# PostgreSQL is stopped (SIGSTOP), so connections stay open.
fault_paused() {
	local processes
	load_begin paused
	mapfile -t processes < <(database_processes)
	kill -STOP "${processes[@]}"
	sleep "$(pick 3 40)"
	is "paused: live throughout" "$(http_status "$url/health/live")" 200
	kill -CONT "${processes[@]}" 2>/dev/null || true
	load_end '503|504'
}

# The primary dies and its standby takes over: confirmed rows are on both.
fault_failover() {
	local standby=$site/standby here=$DATABASE_URL owner=$MIGRATE_DATABASE_URL
	fault=failover
	postgres_erase "$standby"
	postgres_folder "$standby"
	as_postgres "$(postgres_bin)/pg_basebackup" -h "$(postgres_place "$TEST_POSTGRES")" -U postgres -R -X stream -c fast \
		-D "$(postgres_place "$standby")" 2>>"$log" || stop "failover: pg_basebackup creates a standby"
	as_postgres touch "$(postgres_place "$standby")/complete"
	postgres_start "$standby" "$site/log/standby.log" fsync=off max_connections=200 >>"$log" ||
		stop "failover: the standby starts"
	psql_admin "$TEST_POSTGRES" "ALTER SYSTEM SET synchronous_standby_names = '*'"
	psql_admin "$TEST_POSTGRES" "SELECT pg_reload_conf()" >>"$log"
	wait_until 10 is_synchronous || stop "failover: the standby follows"
	pool_stop
	DATABASE_URL="$(database_url "$TEST_POSTGRES,$standby" "e2e_$name")&target_session_attrs=read-write" pool_start
	load_begin failover
	end_process "$(postgres_pid "$TEST_POSTGRES")" QUIT
	sleep "$(pick 0.5 10)"
	as_postgres "$(postgres_bin)/pg_ctl" -s -D "$(postgres_place "$standby")" promote >>"$log"
	MIGRATE_DATABASE_URL=$(owner_url "$standby" "e2e_$name")
	load_end 503

	# Restore the first state.
	pool_stop
	DATABASE_URL=$here MIGRATE_DATABASE_URL=$owner
	postgres_stop "$site/standby"
	postgres_erase "$site/standby"
	own_postgres_start >>"$log"
	psql_admin "$TEST_POSTGRES" "ALTER SYSTEM RESET synchronous_standby_names"
	psql_admin "$TEST_POSTGRES" "SELECT pg_reload_conf()" >>"$log"
	pool_start
}
is_synchronous() { [[ $(psql_admin "$TEST_POSTGRES" "SELECT sync_state FROM pg_stat_replication") == sync ]]; }

# nginx restarts: connections in between are refused.
fault_web() {
	local n
	load_begin web
	for ((n = 0; n < $(pick 1 20); n++)); do
		web_stop "$site"
		web_start "$site" "$port" || not_ok "web: nginx does not start"
		sleep 0.5
	done
	detail="$n restarts"
	load_end broken
}

# No worker accepts, and the backlog is full.
fault_backlog() {
	local stopped began took
	mapfile -t stopped < <(workers)
	load_begin backlog
	kill -STOP "${stopped[@]}"
	python3 "$TOP/tests/e2e/half_dead.py" fill "$site/run/api.sock" >"$site/fill" 2>>"$log" &
	local holder=$!
	wait_until 10 grep -q full "$site/fill" || not_ok "backlog: does not fill up"
	began=$(now_ms)
	ask GET /health/live
	took=$(($(now_ms) - began))
	is_problem "backlog: full" 502 unavailable
	matches "backlog: full: Retry-After" "$(header retry-after)" '^[0-9]+$'
	is "backlog: immediate response ($took ms)" "$((took < 1500))" 1
	sleep "$(pick 1 10)"
	kill -CONT "${stopped[@]}"
	kill "$holder" 2>/dev/null || true
	load_end 502
}

# Slow clients of nginx, and a web server that stops in the middle of a request.
fault_slow() {
	local clients
	load_begin slow
	python3 "$TOP/tests/e2e/half_dead.py" slow "127.0.0.1:$port" "$(pick 100 400)" "$(pick 3 60)" 2>>"$log" &
	clients=$!
	python3 "$TOP/tests/e2e/half_dead.py" half "$site/run/api.sock" 2 "$(pick 1 60)" 2>>"$log"
	wait "$clients" || not_ok "slow: the slow clients"
	load_end none
}

# The connection breaks at each byte of a request with a key; then the whole request follows.
fault_cut() { cut_at_each_byte cut http "127.0.0.1:$port"; }
# The same if nginx dies while it sends a request to a worker.
fault_cut_socket() { cut_at_each_byte cut_socket fastcgi "$site/run/api.sock"; }
cut_at_each_byte() { # FAULT FORM ADDRESS
	local key
	key=$(random_hex 8)
	load_begin "$1"
	matches "$fault: cut at each byte" \
		"$(TOKEN=$token python3 "$TOP/tests/e2e/half_dead.py" cut "$2" "$3" "$key" "$(pick 7 1)" 2>>"$log")" '^201 of [0-9]+$'
	load_end none
	is "$fault: created once" "$(sql "SELECT count(*) FROM items WHERE title = '$key'")" 1
}

# Memory of all workers in KiB, without file mappings, which other processes share.
memory() { local pid; for pid in $(workers); do awk '/^Pss_(Anon|Shmem):/ { print $2 }' "/proc/$pid/smaps_rollup"; done | awk '{ n += $1 } END { print n }'; }
gets() { # N: the statuses, counted
	curl -sS --no-progress-meter --noproxy '*' -Z --parallel-immediate --parallel-max 8 -m 20 -o /dev/null -w '%{http_code}\n' \
		-H "Authorization: Bearer $token" "$url/api/v1/items?limit=5#[1-$1]" 2>>"$log" | sort | uniq -c | xargs
}
fault_memory_flat() {
	local n before after
	n=$(pick 3000 "${FAULTS_REQUESTS:-1000000}")
	fault=memory_flat
	pool_stop
	LOG_LEVEL=warn pool_start
	gets $((n / 10 > 2000 ? n / 10 : 2000)) >/dev/null
	before=$(memory)
	is "memory_flat: $n requests" "$(gets "$n")" "$n 200"
	after=$(memory)
	row "$n" 0 0 "$before KiB before, $after KiB after, of $WORKERS workers"
	is "memory_flat: $before KiB before, $after KiB after" "$((after <= before + 128))" 1
	pool_stop
	pool_start
}

# The disk of the log is full.
fault_disk() {
	load_begin disk
	pool_stop
	wait_until 20 not_alive || true
	api_start_on /dev/full
	sleep "$(pick 1 20)"
	for n in 1 2 3; do
		ask GET /api/v1/items -H "Authorization: Bearer $token"
		is "disk: full, requests are served" "$status" 200
		ask GET /api/v1/nothing
		is_problem "disk: full, a 404" 404 not_found
	done
	kill -TERM "$full"
	wait_until 20 is_dead "$full" || not_ok "disk: the pool did not stop"
	pool_start
	load_end 502
}
not_alive() { ! api_pid "$site" >/dev/null; }
api_start_on() { # FILE
	rm -f "$site/run/api.sock" "$site/run/api.pid"
	setsid env -C / "$APP" serve >"$1" 2>&1 </dev/null &
	full=$!
	wait_until 15 is_ready "$url" || not_ok "$fault: the pool did not start"
}

# The application's clock (not the machine's) is set back and forth by an hour.
fault_clock() {
	local shim=$site/clock.so
	fault=clock
	${CC:-cc} -shared -fPIC -O -o "$shim" "$TOP/tests/e2e/clock_shim.c" -ldl 2>>"$log" || fail_all "cannot build clock_shim.c"
	echo 0 >"$site/clock"
	pool_stop
	LD_PRELOAD=$shim CLOCK_FILE=$site/clock pool_start
	wait_until 10 is_ready "$url" || not_ok "clock: ready"
	sign_in
	is "clock: signed in" "$status" 200
	local early=$token refresh step
	refresh=$(member refresh_token)
	load_begin clock
	for step in -3600 0 3600 0; do
		echo "$step" >"$site/clock"
		ask POST /api/v1/auth/refresh --json "{\"refresh_token\":\"$refresh\"}"
		is "clock $step: a refresh works at once" "$status" 200
		refresh=$(member refresh_token)
		ask GET /api/v1/items -H "Authorization: Bearer $(member access_token)"
		is "clock $step: the new token" "$status" 200
		matches "clock $step: the log uses the shifted clock" "$(tail -n 1 "$site/log/api.log")" \
			"\"timestamp\":\"$(date -u -d "$step seconds" +%Y-%m-%dT%H:)"
		ask GET /api/v1/items -H "Authorization: Bearer $early"
		if [[ $step == 0 ]]; then
			is "clock $step: a current token" "$status" 200
		else # A worker may have cached it until it expires.
			matches "clock $step: a token from before the step" "$status $(member code)" '^(200 |401 (invalid_token|token_expired))$'
		fi
		sleep "$(pick 0 10)"
	done
	load_end 401
	pool_stop
	pool_start
}

descriptors() { local files=("/proc/$1/fd/"*); echo "${#files[@]}"; }
limit_workers() { # ARGUMENTS of prlimit…
	local pid
	for pid in $(workers); do prlimit --pid "$pid" "$@" || true; done
}

# Workers run out of descriptors: first for a connection to PostgreSQL, then for clients.
fault_descriptors() {
	local pid before
	before=$(deaths)
	load_begin descriptors
	for pid in $(workers); do prlimit --pid "$pid" --nofile="$(descriptors "$pid"):1024"; done
	psql_admin "$TEST_POSTGRES" "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'e2e_$name'" >>"$log"
	sleep "$(pick 1 20)"
	limit_workers --nofile=3:1024
	sleep "$(pick 1 20)"
	limit_workers --nofile=1024:1024
	load_end 503
	is "descriptors: no worker died" "$(deaths)" "$before"
}

# Workers may use little more memory than they have: large requests fail,
# and only those.
fault_no_memory() {
	local pid before n statuses='' room=300000 large=$site/large
	before=$(deaths)
	{ printf '{"title":"'; head -c 900000 /dev/zero | tr '\0' a; printf '"}'; } >"$large"
	load_begin no_memory
	for pid in $(workers); do
		prlimit --pid "$pid" --as="$(awk '/^VmSize/ { print $2 * 1024 + '$room' }' "/proc/$pid/status"):unlimited"
		room=$((room + 1000000))
	done
	for ((n = 0; n < $(pick 8 100); n++)); do
		ask POST /api/v1/items -H "Authorization: Bearer $token" -H 'Content-Type: application/json' --data-binary "@$large"
		statuses+=" $status:$(jq -r '.code, .errors[0].code // empty' <<<"$body" | paste -sd:)"
	done
	is "no_memory: a large request fails, or is rejected as too large" \
		"$(xargs -n 1 <<<"$statuses" | grep -vxE '50[23]:(unavailable|overloaded)|422:validation_error:too_long' | sort | uniq -c)" ""
	limit_workers --as=unlimited:unlimited
	detail="of $n requests with 900 KB $(xargs -n 1 <<<"$statuses" | grep -c ^50 || true) failed"
	load_end 503
	is "no_memory: no worker died" "$(deaths)" "$before"
}

# Redis is stopped, then dies, then restarts.
fault_redis() {
	local began took n redis
	needs redis-server
	redis_start() { in_background "$site/log/redis.log" redis-server --port 0 --unixsocket "$site/run/redis.sock" --save '' --appendonly no --dir "$site/run"; redis=$background_pid; disown; }
	redis_start
	fault=redis
	pool_stop
	REDIS_URL=unix://$site/run/redis.sock pool_start
	wait_until 10 is_ready "$url" || not_ok "redis: ready"
	load_begin redis
	for n in stopped gone back; do
		case $n in
		stopped) kill -STOP "$redis" ;;
		gone) kill -KILL "$redis" ;;
		back) redis_start ;;
		esac
		began=$(now_ms)
		ask POST /api/v1/auth/login --json "{\"email\":\"$n@example.com\",\"password\":\"wrong-horse-battery\"}"
		took=$(($(now_ms) - began))
		is "redis $n: sign-in gets a response" "$status" 401
		is "redis $n: without a long wait ($took ms)" "$((took < 1500))" 1
		sleep "$(pick 0.3 10)"
	done
	load_end none
	pool_stop
	kill -KILL "$redis" 2>/dev/null || true
	REDIS_URL=memory:// pool_start
}

# stop TEXT: a precondition failed, so the remaining tests are pointless.
stop() {
	not_ok "$1" "$(tail -n 20 "$log")"
	exit 1
}

settings=(AUTH_LOGIN_RATE_LIMIT=1000/minute MAX_REQUESTS=0)
long || settings+=(DB_STATEMENT_TIMEOUT_MS=500)
own_postgres
site_start "${settings[@]}"
psql_admin "$TEST_POSTGRES" "ALTER DATABASE \"e2e_$name\" SET synchronous_commit = on"
psql_admin "$TEST_POSTGRES" "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'e2e_$name'" >>"$log"
for each in ${FAULTS_NAMES:-$all}; do
	wait_until 10 is_ready "$url" || not_ok "$each: ready before it"
	began=$SECONDS
	sign_in
	"fault_$each" || stop "$each: completed"
	((bad == 0)) || stop "$each failed; the faults after it were skipped"
	echo "# $each took $((SECONDS - began)) s"
done
printf '# %-12s %9s %8s %11s   %s\n' fault requests failed 'recovery' responses
printf '# %s\n' "${table[@]}"
