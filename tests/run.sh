#!/bin/sh
# Runs one test for `make check`: program and arguments. Criterion runs each test in a
# process of its own and does not see what the sanitizers say when that one ends; so
# they write files, and a test that left one has failed.
set -u

reports=$(pwd)/tests/reports/$(basename "$1")
rm -rf "$reports"
mkdir -p "$reports" || exit 99

# The quotes are for a space in the path.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}log_path='$reports/asan'"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}log_path='$reports/ubsan':print_stacktrace=1"
export LSAN_OPTIONS="suppressions='${srcdir:-.}/tests/leaks.supp':print_suppressions=0"

# These mostly wait for processes that they start.
case $1 in
*tests/e2e/*) export CRITERION_JOBS="${CRITERION_JOBS:-6}" ;;
esac

case $1 in
*.sh)
	"$@"
	status=$?
	;;
*)
	"$@" >"$reports.tap"
	status=$?
	cat "$reports.tap"
	# Criterion finds none where /proc is not mounted, and is content.
	if grep -qx '1\.\.0' "$reports.tap"; then
		echo "$1: no test found in it; is /proc mounted?" >&2
		status=1
	fi
	rm -f "$reports.tap"
	;;
esac

for report in "$reports"/*; do
	test -e "$report" || continue
	echo "$1: a sanitizer found a mistake:" >&2
	cat "$report" >&2
	test $status -ne 0 || status=1
done
rm -rf "$reports"
exit $status
