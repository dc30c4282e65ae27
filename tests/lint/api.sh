#!/bin/sh
# Checks that doc/API.md documents the routes, error codes, audit actions, metrics and settings.
# Runs in the build directory.
src=${srcdir:-.}
program=./$PACKAGE
api=$src/doc/API.md
status=0

ask() {
	env -i PATH="$PATH" LSAN_OPTIONS=detect_leaks=0 ENV_FILE=/dev/null "$program" "$@"
}

# compare WHAT DOCUMENTED ACTUAL: two sorted lists.
compare() {
	test "$2" = "$3" && test -n "$3" && return
	test -n "$3" || echo "the program has no $1: has its form changed?"
	printf '%s\n' "$2" >doc/API.documented
	printf '%s\n' "$3" | diff doc/API.documented - | sed -n \
		-e "s|^<\(.*\)|doc/API.md:1: documents the $1\1, which the program does not have|p" \
		-e "s|^>\(.*\)|doc/API.md:1: does not document the $1\1|p"
	rm -f doc/API.documented
	status=1
}

# | METHOD | `path` | who | …
compare route \
	"$(sed -n 's/^| \([A-Z]*\) | `\([^`?]*\)[^`]*` | \([a-z]*\) |.*/\1 \2 \3/p' "$api" | sed 's| P/| /api/v1/|' | sort)" \
	"$(ask routes | awk '{ print $1, $3, $2 }' | sort)"

# | status | `code`, `code` (…) |
compare "error code" \
	"$(sed -n 's/^| \([45][0-9][0-9]\) | \(.*\) |$/\1 \2/p' "$api" | awk -F '`' '{ for (i = 2; i < NF; i += 2) if ($i ~ /^[a-z_]+$/) print substr($1, 1, 3), $i }' | sort)" \
	"$(sed -n 's/^ERROR(E_[A-Z_]*, \([0-9]*\), "\([a-z_]*\)".*/\1 \2/p' "$src/include/app/error.def" | sort)"

compare "audit action" \
	"$(sed -n '/^## 8/,/^## 9/{/Actions/,$p;}' "$api" | grep -o '`[a-z_]*`' | tr -d '`' | sort)" \
	"$(sed -n 's/.*\[AUDIT_.* - 1\] = "\(.*\)",/\1/p' "$src/src/features/audit/audit.c" | sort)"

metrics=$(sed -n 's/^\t\.name = "\(.*\)",/\1/p' "$src/src/shared/metrics.c")
if test -z "$metrics"; then
	echo "src/shared/metrics.c:1: no metrics found: has their form changed?"
	status=1
fi
for metric in $metrics; do
	grep -q "\`${metric}[\`{]" "$api" && continue
	echo "doc/API.md:1: does not document the metric $metric"
	status=1
done

names=$(ask settings --example | sed -n 's/^#*\([A-Z_]*\)=.*/\1/p')
for name in $(grep -oE '`[A-Z]+_[A-Z_]+' "$api" | tr -d '`' | sort -u); do
	echo "$names" | grep -qx "$name" && continue
	echo "doc/API.md:1: documents the setting $name, which the program does not have"
	status=1
done
exit $status
