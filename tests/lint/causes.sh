#!/bin/sh
# Every 503 has a cause (cause.def), and HACKING.md lists the causes.
cd "${srcdir:-.}" || exit 99
status=0

# fail() records no cause; returning the bare error records neither cause nor text.
found=$(find src examples tools/resource -name '*.[ch]*' -exec \
	grep -nHE 'return E_(UNAVAILABLE|OVERLOADED);|SQLSTATE\([^)]*E_(UNAVAILABLE|OVERLOADED)' {} +
	find src examples tools/resource -name '*.[ch]*' -exec perl -0777 -ne \
		'while (/\bfail\([^;]*?(E_(?:UNAVAILABLE|OVERLOADED))/g) {
			my $line = 1 + ($` =~ tr/\n//);
			print "$ARGV:$line: fail() with $1\n";
		}' {} +)
if test -n "$found"; then
	echo "$found"
	echo 'hint: use fail_unavailable() with a cause of include/app/cause.def'
	status=1
fi

words=$(sed -n 's/^CAUSE([^"]*"\([a-z_]*\)",$/\1/p' include/app/cause.def)
listed=$(sed -n '/^## 503 causes/,/^## Jobs/s/^| `\([a-z_]*\)` |.*/\1/p' HACKING.md)
if test "$words" != "$listed"; then
	echo 'HACKING.md:1: the table of 503 causes differs from include/app/cause.def:'
	echo "$words" >"${TMPDIR:-/tmp}/causes.$$"
	echo "$listed" | diff "${TMPDIR:-/tmp}/causes.$$" -
	rm -f "${TMPDIR:-/tmp}/causes.$$"
	status=1
fi
exit $status
