# shellcheck shell=bash
# Commands: Check
# Selects tests and runs them.

passed=0 failed=0 skipped=0

#: Usage: ./dev test [--smoke|--all] [--sanitizers] [--fuzz] [NAME…]
#:
#: Run all tests, or the named ones.
#:
#: Builds, then runs `make check` and the end-to-end tests in tests/e2e/ on a separate
#: database. The last line has the totals. NAME is a file in tests/ without its extension;
#: FILE::TEST runs one test of a file.
#: --smoke: a selection that takes one minute.
#: --all: also removes items and tasks from a copy of the tree and runs its database and feature tests.
#: --sanitizers: builds in build-asan/ with the address and undefined behaviour sanitizers; skips
#: the tests that build their own program or repeat a test with another web server.
#: --fuzz: also runs each target of `./dev fuzz` for one minute, at idle priority, as CI does.
#:
#: Example:
#:   ./dev test test_buf nginx test_items::patch
cmd_test() {
	local sanitizers=no coverage=no fuzz=no pattern='' checking=no smoke=() names=()
	local checks e2e arguments
	while (($#)); do
		case $1 in
		--sanitizers) sanitizers=yes ;;
		--fuzz)
			declare -F cmd_fuzz >/dev/null || usage test "--fuzz needs tests/lab/fuzz/"
			fuzz=yes
			;;
		--smoke)
			mapfile -t smoke < <(smoke_tests)
			names+=("${smoke[@]}")
			;;
		--coverage) coverage=yes ;;
		--all) export TEST_ALL=yes ;;
		-*) usage test "unknown argument $1" ;;
		*::*)
			names+=("${1%%::*}")
			pattern=${1##*::}
			;;
		*) names+=("$1") ;;
		esac
		shift
	done
	if [[ -n $pattern ]]; then
		((${#names[@]} == 1)) || usage test "FILE::TEST cannot be combined with other names"
		export CRITERION_TEST_PATTERN="*/$pattern"
	fi
	prepare
	find_tests "${names[@]}"
	((${#checks[@]} == 0 && ${#names[@]} > 0)) || checking=yes
	export MAKEFLAGS="${MAKEFLAGS-} WERROR=-Werror"
	[[ $fuzz == no ]] || packages_test+=" $packages_fuzz"
	test_session test $packages_test $packages_lint ${e2e:+$packages_nginx}
	if ((${#e2e[@]} && ${#smoke[@]} == 0)); then
		install_packages $packages_apache $packages_lighttpd
		! grep -qE '^needs .*(node|npm)' "${e2e[@]}" || get_tools
	fi
	local flags=()
	if [[ $sanitizers == yes ]]; then
		build=$root/build-asan
		flags+=(--enable-sanitizers)
	elif [[ $coverage == yes ]]; then
		build=$root/build-coverage
		flags+=(--enable-coverage 'CFLAGS=-O0 -g')
	fi
	build_program "${flags[@]}"
	find "$build" -name '*.gcda' -delete
	test_environment
	queue_e2e
	[[ $checking == no ]] || build_checks
	tools_end
	beside_begin
	[[ $checking == no ]] || run_checks
	[[ $fuzz == no ]] || fuzz_begin
	run_e2e
	[[ $fuzz == no ]] || fuzz_end
	search_logs
	count_reports
	say "" "$passed passed, $failed failed$( ((skipped == 0)) || printf ', %d skipped' "$skipped")"
	if [[ $coverage == yes ]]; then coverage_report || failed=$((failed + 1)); fi
	((failed == 0 && passed > 0))
}

#: Usage: ./dev coverage [NAME…]
#:
#: Measure line and branch coverage.
#:
#: Runs the tests in build-coverage/ and prints the line and branch coverage of each
#: folder; var/coverage.html shows each line. Exit status 1 if the line coverage of all sources is
#: below 90 %, or the branch coverage of auth, schema, http or db is below 85 %.
#:
#: Example:
#:   ./dev coverage
cmd_coverage() {
	packages_test+=" $packages_coverage"
	cmd_test --coverage "$@"
}

# Prints a row for each folder of src/. The goals apply only if all tests ran.
coverage_report() {
	local table=$state/coverage.csv
	run "Counting lines and branches" gcovr --root "$root" --object-directory "$build" --filter "$root/src/" \
		--csv "$table" --html-details "$state/coverage.html" "$build"
	say "" "$(printf '%-24s %8s %10s' Folder Lines Branches)"
	awk -F, -v all="$((${#names[@]} == 0))" '
		function percent(part, whole) { return whole ? 100 * part / whole : 100 }
		NR > 1 {
			n = split($1, part, "/")
			folder = part[1] "/" part[2] (part[2] == "features" && n > 3 ? "/" part[3] : "")
			for (i = 0; i < 2; i++) {
				name = i ? "all of src" : folder
				lines[name] += $2; lines_run[name] += $3
				branches[name] += $5; branches_taken[name] += $6
			}
		}
		END {
			lines_goal["all of src"] = 90
			branch_goal["src/features/auth"] = branch_goal["src/schema"] = 85
			branch_goal["src/http"] = branch_goal["src/db"] = 85
			for (name in lines) {
				l = percent(lines_run[name], lines[name])
				b = percent(branches_taken[name], branches[name])
				low = all && (l < lines_goal[name] || b < branch_goal[name])
				bad = bad || low
				printf "%-24s %6.1f %% %8.1f %%%s\n", name, l, b, low ? "  below its goal" : ""
			}
			exit bad
		}' "$table" | sort
}

# The lints, the unit tests, and some tests that use PostgreSQL and nginx.
smoke_tests() {
	local name
	(cd "$root/tests" && printf '%s\n' unit/test_*.c lint/*.sh) | sed 's|.*/||; s|\..*||; /^test_password$/d'
	for name in test_db test_statements test_migrations test_http test_auth test_users test_items readme; do
		# A fork may have removed its feature.
		[[ -z $(printf '%s\n' "$root"/tests/{db,features,e2e}/"$name".* | grep -v '\*') ]] || printf '%s\n' "$name"
	done
}

# find_tests NAME…: sets `checks` (run by make check) and `e2e` (executable files in tests/e2e/ and tests/lab/).
find_tests() {
	local name file found
	checks=() e2e=()
	if (($# == 0)); then
		for file in "$root"/tests/{e2e,lab}/*; do
			[[ -f $file && -x $file ]] || continue
			[[ $sanitizers == no ]] || ! grep -q '^# Not under sanitizers: ' "$file" || continue
			e2e+=("$file")
		done
		return
	fi
	for name in "$@"; do
		found=no
		for file in "$root"/tests/{e2e,lab}/"$name" "$root"/tests/{e2e,lab}/"$name".*; do
			[[ -f $file && -x $file ]] || continue
			e2e+=("$file") found=yes
		done
		for file in "$root"/tests/{*,lab/fuzz}/"$name".c "$root"/examples/*/"$name".c "$root"/tests/{db,lint}/"$name".sh; do
			[[ -f $file ]] || continue
			file=${file#"$root/"}
			[[ $file != *.c ]] || file=${file%.c}
			checks+=("$file") found=yes
		done
		[[ $found == yes ]] || die "There is no test $name" "hint: use the name of a file in tests/, such as test_buf"
	done
}
