#!/bin/sh
# Checks that each public header compiles by itself.
src=${srcdir:-.}
status=0

for header in "$src"/include/app/*.h; do
	name=app/$(basename "$header")
	# CPPFLAGS is split into words. base.h needs config.h.
	# shellcheck disable=SC2086
	if ! printf '#include "%s"\n' "$name" |
		${CC:-cc} -std=gnu17 -Wall -Wextra -Werror -fsyntax-only -I. -I"$src/include" \
			${CPPFLAGS-} -x c -; then
		echo "include/$name:1: does not compile by itself: include what it uses"
		status=1
	fi
done
exit $status
