# shellcheck shell=bash
# The end-to-end tests.

# End-to-end tests print TAP: "ok - text", "not ok - text", "ok - text # SKIP reason". Those marked
# "Beside the others" start once the test programs are built, one at a time at low priority. After
# `make check`, two lanes run the others, then what is left of these; "Long" tests start first.
queue_e2e() {
	export APP TOP=$root BASE=$base BUILD=$build TEST_POSTGRES=$test_postgres
	APP=$(program)
	rm -rf "$state/test/reports" "$state"/test/*.status "$state"/test/*.log
	mkdir "$state/test/reports"
	e2e_list -l >"$state/test/beside"
	e2e_list -L >"$state/test/others"
}

e2e_list() { # OPTION of grep: -l those marked "Beside the others", -L all others
	local files
	mapfile -t files < <(((${#e2e[@]} == 0)) || grep "$1" '^# Beside the others: ' "${e2e[@]}")
	((${#files[@]})) || return 0
	grep -l '^# Long: ' "${files[@]}" || true
	grep -L '^# Long: ' "${files[@]}" || true
}

# e2e_lane LIST…: runs the tests of each list until it is empty; prints the name of each that has ended.
e2e_lane() {
	local list file
	for list in "$@"; do
		while file=$(flock "$state/test" sed -i -e '1w /dev/stdout' -e 1d "$state/test/$list") && [[ -n $file ]]; do
			e2e_run "$file"
			printf '%s\n' "$file"
		done
	done
}

# e2e_begin LANES NICENESS LIST…: starts lanes; adds their output to `lane_fds` and their session to `lane_pids`.
lane_fds=()
e2e_begin() {
	local fd
	exec {fd}< <(e2e_lanes "$@")
	lane_pids+=($!)
	lane_fds=("$fd" "${lane_fds[@]}")
}

e2e_lanes() {
	export ASAN_OPTIONS=log_path=$base/var/test/reports/asan
	export UBSAN_OPTIONS=log_path=$base/var/test/reports/ubsan:print_stacktrace=1
	# shellcheck disable=SC2016 # The shell that runs it expands it.
	exec setsid nice -n "$2" bash -euo pipefail -c '
		root=$1
		. "$root/tools/dev/common.sh"
		. "$root/tools/dev/test_e2e.sh"
		for ((i = 0; i < $2; i++)); do e2e_lane "${@:3}" & done
		wait' lanes "$root" "$1" "${@:3}" 2>>"$log" 9>&-
}

beside_begin() {
	[[ ! -s $state/test/beside ]] || e2e_begin 1 10 beside
}

# Counts each test when its name is read. A test without a result has failed.
run_e2e() {
	local file fd
	local -A missing=()
	for file in "${e2e[@]}"; do missing[$file]=yes; done
	((${#e2e[@]} == 0)) || e2e_begin 2 0 others beside
	for fd in "${lane_fds[@]}"; do
		while read -r file; do
			e2e_count "$file"
			unset "missing[$file]"
		done <&"$fd"
	done
	lane_pids=()
	for file in "${!missing[@]}"; do e2e_count "$file"; done
}

e2e_run() { # FILE
	local name=${1##*/} status=0 start=$SECONDS
	(cd "$root" && timeout 900 "$1" 9>&-) >"$state/test/${name%.*}.log" 2>&1 </dev/null || status=$?
	printf '%s\n' "$status" $((SECONDS - start)) >"$state/test/${name%.*}.status"
}

e2e_count() { # FILE
	local name=${1##*/} output status=1 took=0
	output=$state/test/${name%.*}
	say "${bold}${1#"$root/"}$plain"
	if [[ -f $output.status ]]; then { read -r status && read -r took; } <"$output.status" || true; fi
	[[ -f $output.log ]] || echo "The test did not run" >"$output.log"
	cat "$output.log" >>"$log"
	grep -E '^not ok| # SKIP' "$output.log" || true
	count_tap "$output.log" "$status" "$took"
}

count_tap() { # OUTPUT STATUS SECONDS
	local ok bad skip
	bad=$(grep -c '^not ok' "$1" || true)
	skip=$(grep -c '^ok.* # SKIP' "$1" || true)
	ok=$(grep -c '^ok' "$1" || true)
	if (($2 != 0 || bad > 0 || ok == 0)); then
		((bad > 0)) || bad=1
		tail -n 40 "$1" | sed 's/^/    /'
		say "    exit status $2"
	fi
	passed=$((passed + ok - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
	say "  $((ok - skip)) passed, $bad failed, $skip skipped${3:+ ($3 s)}"
}

# Fails if the application logged a password or token of a test. Secrets under twelve characters, IDs
# and e-mail addresses are ignored, since they may appear legitimately or by chance.
search_logs() {
	local secrets=$TEST_SECRETS.long lines found
	[[ -s $TEST_SECRETS ]] || return 0
	grep -E '^.{12,}$' "$TEST_SECRETS" | grep -v @ | grep -vxE '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}' |
		sort -u >"$secrets"
	lines=$({ find "$log" "$state/test" -name '*.log' -exec grep -ahF '{"timestamp":"' {} + || true; } |
		tee "$TEST_SECRETS.searched" | wc -l)
	if found=$(LC_ALL=C grep -aFf "$secrets" "$TEST_SECRETS.searched"); then
		say "not ok - the application logged a password or token of a test:" "$(head -n 5 <<<"$found")"
		failed=$((failed + 1))
	elif ((lines > 0)); then
		passed=$((passed + 1))
	fi
	rm -f "$TEST_SECRETS" "$TEST_SECRETS".*
}

# Reports of the sanitizers about processes of the end-to-end tests.
count_reports() {
	local report
	for report in "$state"/test/reports/*; do
		[[ -f $report ]] || continue
		say "not ok - a sanitizer reported an error (${report#"$root/"}):"
		head -n 60 "$report"
		failed=$((failed + 1))
	done
}
