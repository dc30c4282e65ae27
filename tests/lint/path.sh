#!/bin/sh
# Checks that each function of "The path of a request" in HACKING.md is in the file that it names.
cd "${srcdir:-.}" || exit 99

sed -n '/^## The path of a request/,/^## Principles/s/^| `\(src[^`]*\)` | `\([a-z_]*\)` |.*/\1 \2/p' HACKING.md | {
	status=0 rows=0
	while read -r file function; do
		rows=$((rows + 1))
		grep -qs "^$function(" "$file" && continue
		echo "HACKING.md: $file has no function $function: correct the path of a request"
		status=1
	done
	test $rows -ge 20 || {
		echo "HACKING.md: the path of a request has $rows rows: keep the form of the table"
		status=1
	}
	exit $status
}
