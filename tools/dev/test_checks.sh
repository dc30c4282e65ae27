# shellcheck shell=bash
# The programs and lints of `make check`.

# Test programs are compiled without optimization to save time, unless CFLAGS is set.
build_checks() {
	arguments=(check)
	if ((${#checks[@]})); then
		arguments+=("TESTS=${checks[*]}")
		arguments+=("check_PROGRAMS=$(printf '%s\n' "${checks[@]}" | sed '/\.sh$/d' | xargs)")
	fi
	[[ $sanitizers$coverage != nono || -n ${CFLAGS-} ]] || arguments+=('CFLAGS=-g -O0')
	run "Building the tests" make -C "$build" -j"$(nproc)" "${arguments[@]}" TESTS=
}

run_checks() {
	local status log_from
	log_from=$(wc -c <"$log")
	say "${bold}make check$plain"
	if make -C "$build" -j"$(nproc)" "${arguments[@]}" 9>&- 2>&1 | tee -a "$log" |
		{ grep -v --line-buffered -e '^{"timestamp":' -e '# SKIP test was skipped' -e ']: \*\*\* ' -e '^make: \*\*\*' |
			grep -E --line-buffered '^(FAIL|XPASS|ERROR|SKIP)|: (warning|error|fatal error):' || true; }; then
		status=0
	else
		status=${PIPESTATUS[0]}
	fi
	count_check "$(tail -c "+$((log_from + 1))" "$log")"
	[[ -z $pattern ]] || skipped=0 # the other tests of the file
	say "  $passed passed, $failed failed, $skipped skipped"
	if ((status != 0)); then
		[[ ! -f $build/test-suite.log ]] || why_failed "$build/test-suite.log"
		say "  Full output: ${log#"$root/"}"
		((failed > 0)) || failed=1
	fi
}

# Prints the name of each failed test and at most ten lines of its output.
why_failed() { # test-suite.log
	awk '
		/^(FAIL|ERROR): [^ ]*$/ { left = 10; script = 1; next } # the section of a program or a script
		/^TAP version/ { left = 0; script = 0 }
		/^not ok/ { left = 11; if (!shown[$0]++) print ""; }
		/^(ok|PASS|SKIP|# )/ { if (!script) left = 0; next }
		/^FAIL/ { next }
		/^(=+|)$/ || /^ *(---|\.\.\.)$/ || /assertions: / || /failures:$/ { next }
		left-- > 0 { print "  " substr($0, 1, 400) }' "$1"
}

# Adds up automake's totals.
count_check() {
	local word number
	while read -r word number; do
		case $word in
		PASS: | XFAIL:) passed=$((passed + number)) ;;
		FAIL: | XPASS: | ERROR:) failed=$((failed + number)) ;;
		SKIP:) skipped=$((skipped + number)) ;;
		esac
	done < <(sed -n 's/^# \([A-Z]*:\) *\([0-9]*\)$/\1 \2/p' <<<"$1")
}
