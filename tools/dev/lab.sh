# shellcheck shell=bash
# Commands: Check
# Measurements and long tests.

#: Usage: ./dev faults [NAME…]
#:
#: Inject faults under load and count failed requests.
#:
#: Takes half an hour. Kills workers; restarts, pauses and fails over PostgreSQL; restarts nginx;
#: fills the backlog and the disk; connects slow clients and clients that stop halfway; sends
#: 1,000,000 requests; changes the clock; exhausts descriptors and memory; stops Redis. Ends with a table:
#: requests, failures, seconds until recovery. `./dev test faults` runs all of them for a few seconds each.
#: NAME is one of: killed restarted paused failover web backlog slow cut cut_socket memory_flat disk clock descriptors no_memory redis.
#:
#: Example:
#:   ./dev faults killed paused
cmd_faults() {
	local name
	for name in "$@"; do
		grep -q "^fault_$name()" "$root/tests/e2e/faults.sh" || usage faults "there is no fault $name"
	done
	at_length faults.sh FAULTS=long FAULTS_NAMES="$*"
}

#: Usage: ./dev soak [--minutes N]
#:
#: Run mixed traffic, then check all records.
#:
#: Takes ten minutes by default. Clients register, sign in, refresh tokens, write items (with idempotency
#: keys), tasks and jobs, search, sign out and delete. Then the rows, sessions, jobs, audit events and
#: metrics are compared with the responses. `./dev test soak` takes fifteen seconds.
#:
#: Example:
#:   ./dev soak --minutes 10
cmd_soak() {
	local minutes=10
	if (($#)); then
		[[ $# == 2 && $1 == --minutes && $2 =~ ^[1-9][0-9]{0,3}$ ]] || usage soak "expected --minutes and a number"
		minutes=$2
	fi
	at_length soak.sh SOAK_SECONDS=$((60 * minutes))
}

at_length() { # FILE SETTING…
	local file=$root/tests/e2e/$1
	test_session test $packages_nginx $packages_test
	build_program
	test_environment
	env "${@:2}" TEST_SECRETS= APP="$(program)" TOP="$root" BASE="$base" BUILD="$build" TEST_POSTGRES="$test_postgres" \
		"$file" 9>&- | grep --line-buffered -E '^(not ok|  |#|ok.* # SKIP)' | sed -u 's/^# //'
}

#: Usage: ./dev bench [ARGUMENTS]
#:
#: Measure speed and memory.
#:
#: Compares the program with peers. Arguments: --only ROUTES, --rounds N, --seconds N, --connections N,
#: --rows N; --scale [ROWS] measures growing tables and numbers of connections; --write also updates
#: tests/bench/README.md and its chart. `./dev bench jobs` measures the job queue,
#: `./dev bench inside` the request pipeline without sockets, `./dev bench login` the latency of other
#: requests while many clients sign in, `./dev bench log` the cost of a log line. `./dev bench instructions`
#: records the instruction count of a request, which `./dev test` then enforces.
#:
#: Example:
#:   ./dev bench
cmd_bench() {
	test_session bench $packages_nginx $packages_bench
	build_program
	run "Building the peers" make -C "$build" tests/bench/bare tests/bench/hand
	test_environment
	rm -rf "$state/test/bench"
	mkdir "$state/test/bench"
	psql_admin "$test_postgres" 'DROP DATABASE IF EXISTS bench WITH (FORCE)' 2>/dev/null
	postgres_database "$test_postgres" bench
	if [[ ${1-} == jobs ]]; then
		run "Building the jobs" make -C "$build" tests/e2e/jobs_app
		JOBS_APP=$build/tests/e2e/jobs_app RUN_DIR=$base/var/test/bench JWT_SECRET_KEY=$(random_hex 32) \
			DATABASE_URL=$(owner_url "$test_postgres" bench) "$root/tests/bench/jobs" "${@:2}" 9>&-
		return
	fi
	if [[ ${1-} == log || ${1-} == login ]]; then
		APP=$(program) SITE=$root/deploy/nginx/site.conf.in RUN_DIR=$base/var/test/bench \
			DATABASE_URL=$(database_url "$test_postgres" bench) \
			MIGRATE_DATABASE_URL=$(owner_url "$test_postgres" bench) JWT_SECRET_KEY=$(random_hex 32) \
			"$root/tests/bench/$1" "${@:2}" 9>&-
		return
	fi
	if [[ ${1-} == instructions ]]; then
		APP=$(program) TOP=$root BASE=$base BUILD=$build TEST_POSTGRES=$test_postgres \
			"$root/tests/e2e/instructions.sh" --write 9>&-
		return
	fi
	if [[ ${1-} == inside ]]; then
		run "Building the pipeline benchmark" make -C "$build" tests/bench/within
		APP=$(program) WITHIN=$build/tests/bench/within RUN_DIR=$base/var/test/bench JWT_SECRET_KEY=$(random_hex 32) \
			DATABASE_URL=$(database_url "$test_postgres" bench) \
			MIGRATE_DATABASE_URL=$(owner_url "$test_postgres" bench) "$root/tests/bench/inside" 9>&-
		return
	fi
	fetched "$root/tests/bench/fastify" || npm_fetch "$root/tests/bench/fastify" "Fetching Fastify" ||
		warn "Fastify could not be fetched and is not measured"
	run "Building the server in Go" go_build "$root/tests/bench/go" || warn "The Go server does not build and is not measured"
	APP=$(program) GO_SERVER=$build/go/server BARE=$build/tests/bench/bare HAND=$build/tests/bench/hand \
		SITE=$root/deploy/nginx/site.conf.in RUN_DIR=$base/var/test/bench \
		DATABASE_URL=$(owner_url "$test_postgres" bench) JWT_SECRET_KEY=$(random_hex 32) \
		"$root/tests/bench/run" "$@" 9>&-
}

# Keeps modules and caches in build/.
go_build() { # FOLDER
	(cd "$1" && GOPATH=$build/go GOCACHE=$build/go/cache GOFLAGS=-modcacherw GOTOOLCHAIN=local go build -o "$build/go/server")
}
