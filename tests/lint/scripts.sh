#!/bin/sh
# Checks each shell script with shellcheck, without the files that it sources: variables that these
# define are not reported. The files of ./dev are short.
cd "${srcdir:-.}" || exit 99
status=0

if ! command -v shellcheck >/dev/null; then
	echo 'shellcheck is not installed (Debian package shellcheck)'
	exit 77
fi

find . \( -name node_modules -o -name var -o -name .git -o -name build-aux -o -name '=*' \) -prune \
	-o -type f \( -name '*.sh' -o -name dev -o -path './.ci/*' -o -path './tools/*' -o -path './debian/tests/*' \) -print |
	while read -r file; do
		head -n 1 "$file" | grep -qE '^#(!.*| shellcheck shell=(ba)?)sh$' && echo "$file"
	done | xargs shellcheck --norc --severity=warning --exclude=SC1090,SC1091,SC2034,SC2120,SC2154,SC2164 || status=1

for file in dev tools/dev/*.sh tests/lab/commands.sh; do
	test -e "$file" || continue
	maximum=250
	test "$file" != dev || maximum=100
	test "$(wc -l <"$file")" -gt $maximum || continue
	echo "$file:$maximum: has more than $maximum lines: move functions to another file in tools/dev/"
	status=1
done
exit $status
