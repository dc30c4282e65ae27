# shellcheck shell=bash
# Commands: Check
# Fuzz targets: tests/fuzz/.

#: Usage: ./dev fuzz [TARGET…] [--seconds N]
#:
#: Fuzz the parsers.
#:
#: TARGET is a file tests/fuzz/fuzz_TARGET.c; the default is all targets. Each runs for one
#: minute (or N seconds) with the libFuzzer of clang, in build-fuzz/, one target per processor at a
#: time. New inputs are kept in var/fuzz/; `make check` runs only those in tests/fuzz/corpus/.
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
			[[ -f $root/tests/fuzz/fuzz_$1.c ]] || die "There is no fuzz target $1" "hint: use one of tests/fuzz/fuzz_*.c, such as json"
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
		die "A fuzz target failed" "hint: add the input to tests/fuzz/corpus/ and fix the bug"
}

# fuzz_one TARGET SECONDS: runs the target and prints a result line.
fuzz_one() {
	local output=$state/fuzz/$1.log finding=$state/fuzz/finding-$1- status=0 word=ok
	mkdir -p "$state/fuzz/$1"
	"$build/tests/fuzz/fuzz_$1" -max_total_time="$2" -timeout=60 -max_len=4096 -print_final_stats=1 \
		-artifact_prefix="$finding" "$state/fuzz/$1" "$root/tests/fuzz/corpus/$1" >"$output" 2>&1 </dev/null || status=$?
	((status == 0)) || word='not ok'
	printf '%s - fuzz/%-16s %9s runs, %4s inputs kept\n' "$word" "$1" \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")" "$(find "$state/fuzz/$1" -type f | wc -l)"
	((status != 0)) || return 0
	grep -E 'does not hold|ERROR: |runtime error|SUMMARY' "$output" | sed 's/^/    /' || tail -n 5 "$output"
	printf '    reproduce: %s\n' "$build/tests/fuzz/fuzz_$1 $(cd "$state/fuzz" && printf '%s\n' "$finding"* | tail -n 1)"
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
	run "Building the fuzz targets" make -C "$build" -j"$(nproc)" "${@/#/tests/fuzz/fuzz_}" || return
	say "${bold}$# targets, $seconds seconds each$plain"
	export -f fuzz_one
	export state build root
	printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -c "fuzz_one {} $seconds"
}

fuzz_targets() { (cd "$root/tests/fuzz" && printf '%s\n' fuzz_*.c | sed 's/fuzz_\(.*\)\.c/\1/'); }

# Runs the targets at idle priority during the end-to-end tests, which mostly wait.
fuzz_begin() {
	# shellcheck disable=SC2016 # The shell that runs it expands it.
	setsid chrt --idle 0 nice -n 19 ionice -c 3 bash -euo pipefail -c '
		root=$1
		for file in "$root"/tools/dev/*.sh; do . "$file"; done
		fuzz_all 60 $(fuzz_targets)' fuzz "$root" \
		>"$state/test/fuzz.log" 2>&1 </dev/null 9>&- &
	fuzz_pid=$!
}

fuzz_end() {
	local status=0 start=$SECONDS
	say "${bold}tests/fuzz$plain"
	wait "$fuzz_pid" || status=$?
	fuzz_pid=
	grep -A 9 '^not ok' "$state/test/fuzz.log" || true
	count_tap "$state/test/fuzz.log" "$status" "$((SECONDS - start))"
}
