# shellcheck shell=bash
# Commands: Check
# Measurements, fuzz targets and long tests.

#: Usage: ./dev fuzz [TARGET…] [--seconds N]
#:
#: Fuzz the parsers.
#:
#: TARGET is a file tests/lab/fuzz/fuzz_TARGET.c; the default is all targets. Each runs for one
#: minute (or N seconds) with the libFuzzer of clang, in build-fuzz/, one target per processor at a
#: time. New inputs are kept in var/fuzz/; `make check` runs only those in tests/lab/fuzz/corpus/.
#: Exit status 1: a finding; the output has the command that reproduces it.
#:
#: Example:
#:   ./dev fuzz json path --seconds 600
cmd_fuzz() {
	local seconds=60 targets=() name
	while (($#)); do
		case $1 in
		--seconds)
			[[ ${2-} =~ ^[1-9][0-9]{0,5}$ ]] || usage fuzz "--seconds needs a number"
			seconds=$2
			shift
			;;
		-*) usage fuzz "unknown argument $1" ;;
		*)
			[[ -f $root/tests/lab/fuzz/fuzz_$1.c ]] || die "There is no fuzz target $1" "hint: use one of tests/lab/fuzz/fuzz_*.c, such as json"
			targets+=("$1")
			;;
		esac
		shift
	done
	((${#targets[@]})) || mapfile -t targets < <(fuzz_targets)
	prepare
	lock "$state/test/lock"
	log=$state/log/fuzz.log
	: >"$log"
	install_packages $packages_build $packages_fuzz
	fuzz_all "$seconds" "${targets[@]}" ||
		die "A fuzz target failed" "hint: add the input to tests/lab/fuzz/corpus/ and fix the bug"
}

# fuzz_one TARGET SECONDS: runs the target and prints a result line.
fuzz_one() {
	local output=$state/fuzz/$1.log finding=$state/fuzz/finding-$1- status=0 word=ok
	mkdir -p "$state/fuzz/$1"
	"$build/tests/lab/fuzz/fuzz_$1" -max_total_time="$2" -timeout=60 -max_len=4096 -print_final_stats=1 \
		-artifact_prefix="$finding" "$state/fuzz/$1" "$root/tests/lab/fuzz/corpus/$1" >"$output" 2>&1 </dev/null || status=$?
	((status == 0)) || word='not ok'
	printf '%s - fuzz/%-16s %9s runs, %4s inputs kept\n' "$word" "$1" \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")" "$(find "$state/fuzz/$1" -type f | wc -l)"
	((status != 0)) || return 0
	grep -E 'does not hold|ERROR: |runtime error|SUMMARY' "$output" | sed 's/^/    /' || tail -n 5 "$output"
	printf '    reproduce: %s\n' "$build/tests/lab/fuzz/fuzz_$1 $(cd "$state/fuzz" && printf '%s\n' "$finding"* | tail -n 1)"
	return 1
}

# fuzz_all SECONDS TARGET…: builds and runs the targets.
fuzz_all() {
	local seconds=$1
	shift
	log=$state/log/fuzz.log
	: >"$log"
	build=$root/build-fuzz
	mkdir -p "$state/fuzz"
	CC=${CC:-clang} build_program --enable-fuzzing 'CFLAGS=-O1 -g' || return
	run "Building the fuzz targets" make -C "$build" -j"$(nproc)" "${@/#/tests/lab/fuzz/fuzz_}" || return
	say "${bold}$# targets, $seconds seconds each$plain"
	export -f fuzz_one
	export state build root
	printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -c "fuzz_one {} $seconds"
}

fuzz_targets() { (cd "$root/tests/lab/fuzz" && printf '%s\n' fuzz_*.c | sed 's/fuzz_\(.*\)\.c/\1/'); }

# Runs the targets at idle priority during the end-to-end tests, which mostly wait.
fuzz_begin() {
	# shellcheck disable=SC2016 # The shell that runs it expands it.
	setsid chrt --idle 0 nice -n 19 ionice -c 3 bash -euo pipefail -c '
		root=$1
		for file in "$root"/tools/dev/*.sh "$root"/tests/lab/commands.sh; do . "$file"; done
		fuzz_all 60 $(fuzz_targets)' fuzz "$root" \
		>"$state/test/fuzz.log" 2>&1 </dev/null 9>&- &
	fuzz_pid=$!
}

fuzz_end() {
	local status=0 start=$SECONDS
	say "${bold}tests/lab/fuzz$plain"
	wait "$fuzz_pid" || status=$?
	fuzz_pid=
	grep -A 9 '^not ok' "$state/test/fuzz.log" || true
	count_tap "$state/test/fuzz.log" "$status" "$((SECONDS - start))"
}

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
		grep -q "^fault_$name()" "$root/tests/lab/faults.sh" || usage faults "there is no fault $name"
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
	local file=$root/tests/lab/$1
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
#: tests/lab/bench/README.md and its chart. `./dev bench jobs` measures the job queue,
#: `./dev bench inside` the request pipeline without sockets, `./dev bench login` the latency of other
#: requests while many clients sign in, `./dev bench log` the cost of a log line. `./dev bench instructions`
#: records the instruction count of a request, which `./dev test` then enforces.
#:
#: Example:
#:   ./dev bench
cmd_bench() {
	local what=run
	case ${1-} in
	inside | instructions | jobs | log | login)
		what=$1
		shift
		;;
	esac
	test_session bench $packages_nginx $packages_bench
	build_program
	test_environment
	export APP TOP=$root BASE=$base BUILD=$build TEST_POSTGRES=$test_postgres
	APP=$(program)
	if [[ $what == instructions ]]; then
		"$root/tests/lab/instructions.sh" --write 9>&-
		return
	fi
	rm -rf "$state/test/bench"
	mkdir "$state/test/bench"
	psql_admin "$test_postgres" 'DROP DATABASE IF EXISTS bench WITH (FORCE)' 2>/dev/null
	postgres_database "$test_postgres" bench
	bench_build "$what"
	export JWT_SECRET_KEY DATABASE_URL MIGRATE_DATABASE_URL RUN_DIR=$base/var/test/bench SITE=$root/deploy/nginx/site.conf.in
	JWT_SECRET_KEY=$(random_hex 32)
	MIGRATE_DATABASE_URL=$(owner_url "$test_postgres" bench)
	DATABASE_URL=$MIGRATE_DATABASE_URL # `run` and `jobs` create tables.
	[[ $what == run || $what == jobs ]] || DATABASE_URL=$(database_url "$test_postgres" bench)
	"$root/tests/lab/bench/$what" "$@" 9>&-
}

bench_build() { # run, inside, jobs, log or login
	case $1 in
	run)
		run "Building the peers" make -C "$build" tests/lab/bench/bare tests/lab/bench/hand
		fetched "$root/tests/lab/bench/fastify" || npm_fetch "$root/tests/lab/bench/fastify" "Fetching Fastify" ||
			warn "Fastify could not be fetched and is not measured"
		run "Building the server in Go" go_build "$root/tests/lab/bench/go" || warn "The Go server does not build and is not measured"
		;;
	inside) run "Building the pipeline benchmark" make -C "$build" tests/lab/bench/within ;;
	jobs) run "Building the jobs" make -C "$build" tests/e2e/jobs_app ;;
	esac
}

# Keeps modules and caches in build/.
go_build() { # FOLDER
	(cd "$1" && GOPATH=$build/go GOCACHE=$build/go/cache GOFLAGS=-modcacherw GOTOOLCHAIN=local go build -o "$build/go/server")
}
