#!/bin/sh
# Names. Source files have unique names, so that logs, backtraces and grep find one. The product's
# name is only in configure.ac, so that a fork changes it in one place.
cd "${srcdir:-.}" || exit 99
status=0

sources=$(find src tests db include -name node_modules -prune -o -name '*.[ch]' -print)
for name in $(echo "$sources" | sed 's|.*/||' | sort | uniq -d); do
	echo "$sources" | grep "/$name\$" | sed 's/$/:1: another file has this name: rename one/'
	status=1
done

# Static functions have their name at the start of the line after the return type (./dev format).
found=$(find src -name '*.[ch]' ! -name migration_files.c ! -name password_list.c -exec awk '
	FNR == 1 { is_static = 0 }
	is_static && /^[a-z_0-9]+\(/ { print substr($0, 1, index($0, "(") - 1) "()", FILENAME ":" FNR }
	/^static .*PRINTF_LIKE\(.*\) [a-z_0-9]+\(/ {
		sub(/.*PRINTF_LIKE\([^)]*\) /, "")
		print substr($0, 1, index($0, "(") - 1) "()", FILENAME ":" FNR
	}
	/^(static (const )?)?struct [a-z_0-9]+ \{/ {
		sub(/^(static (const )?)?struct /, "")
		print "struct-" $1, FILENAME ":" FNR
	}
	{ is_static = /^static [^(={;]*$/ }' {} + |
	sort -u | awk '
	{ split($2, place, ":") }
	$1 == name && place[1] != file { print last; print }
	{ name = $1; file = place[1]; last = $0 }' | sort -u)
if test -n "$found"; then
	echo "$found" | sed 's/^\([^ ]*\) \(.*\)/\2: another file also has \1/; s/struct-/struct /'
	echo 'hint: begin the names with the subject of their file'
	status=1
fi

# ./dev remove must not break tests of the core, so only tests that include a resource's header or
# factory may use the resource.
resources=$(sed -n 's/^\t"\([a-z-]*\):read".*/\1/p' src/features/api_keys/api_keys_scopes.c |
	grep -vx jobs | paste -s -d '|' -)
headers=$(echo "$resources" | tr - _)
tests=$(grep -LE "^#include \"(support/make_|features/($headers)/)" tests/features/*.c tests/db/*.c
	grep -l '^#include "support/make_gizmo.h"' tests/features/*.c tests/db/*.c)
if test -n "$resources" && echo "$tests" | xargs grep -nE "($resources):(read|write)|/($resources)[\"/?]"; then
	echo 'hint: use gizmos (tests/support/gizmos.c) in a test of the core: a resource of the application can be removed'
	status=1
fi

# The product's name may be in texts for people, and in AC_INIT.
product=$(sed -n 's/^AC_INIT(\[\([^]]*\)\].*/\1/p' configure.ac)
if test -z "$product"; then
	echo 'configure.ac:1: no AC_INIT([name], …) found'
	exit 1
fi
found=$(grep -rliIw --exclude-dir=node_modules "$product" \
	src include tests db deploy doc m4 examples Makefile.am |
	while read -r file; do
		# Skips files that a build in the source tree generates.
		test -e "$file.in" && continue
		case $(basename "$file") in
		README.md | recipes.md | "$product"* | *.8 | *.rows | *.log | *.trs | *.Po) continue ;;
		esac
		grep -niHw "$product" "$file"
	done)
if test -n "$found"; then
	echo "$found"
	echo "hint: the product's name is only in AC_INIT: use PACKAGE, @PACKAGE@ or \$PACKAGE"
	status=1
fi
if test "$(grep -ciw "$product" configure.ac)" -ne 1; then
	grep -niw "$product" configure.ac | sed 's/^/configure.ac:/'
	echo "hint: the product's name is in configure.ac once, in AC_INIT"
	status=1
fi
exit $status
