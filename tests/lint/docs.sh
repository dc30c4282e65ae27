#!/bin/sh
# Checks that .env.example and the manual page match the program. Runs in the build directory.
src=${srcdir:-.}
program=./$PACKAGE
manual=doc/app.8
status=0

# Runs the program without the settings of this machine.
ask() {
	env -i PATH="$PATH" LSAN_OPTIONS=detect_leaks=0 ENV_FILE=/dev/null "$program" "$@"
}

if ! ask settings --example | diff -u "$src/.env.example" -; then
	echo '.env.example:1: differs from what the program prints'
	echo "hint: $program settings --example >.env.example"
	status=1
fi

# Whether the manual page contains the word; it writes hyphens as \-.
in_manual() {
	sed 's/\\-/-/g' "$manual" | grep -qE "(^|[^A-Za-z_-])$1([^A-Za-z_-]|\$)"
}

for name in $(ask settings --example | sed -n 's/^#* *\([A-Z][A-Z0-9_]*\)=.*/\1/p'); do
	in_manual "$name" && continue
	echo "doc/app.8.in:1: does not document the setting $name"
	status=1
done

for command in $(ask help | sed -n 's/^  \([a-z][a-z-]*\)  *[A-Z].*/\1/p'); do
	# Its subcommands and options, from the usage line.
	for word in "$command" $(ask "$command" --help |
		sed -n '1s/^Usage: [^ ]* [^ ]*//p' | grep -oE -e '(--)?[a-z][a-z-]*'); do
		in_manual "$word" && continue
		echo "doc/app.8.in:1: does not document $word of the command $command"
		status=1
	done
done

# The size of the core, without blank lines and comments.
lines=$(find "$src/src" "$src/include" -path "$src/src/features" -prune -o ! -name password_list.c ! -name migration_files.c -name '*.[ch]' -exec cat {} + |
	grep -cvE '^[[:blank:]]*(//|/?\*.*)?$')
for file in README.md HACKING.md; do
	stated=$(tr '\n' ' ' <"$src/$file" | sed -n 's/.*core .*is about \([0-9]*\),000 lines.*/\1000/p')
	test -n "$stated" && test $((lines - stated)) -lt 1000 && test $((stated - lines)) -lt 1000 && continue
	echo "$file:1: the core is not about ${stated:-?} lines: it has $lines"
	status=1
done

# The benchmarks in README.md are those of the last `./dev bench --write`.
test ! -d "$src/tests/lab" || grep -E '^\| (`(GET|POST) |memory of )' "$src/README.md" | tr -d '`*' | sed -E 's/ *\| */|/g; s/, requests\/s//; s/memory of [^|]*/memory/' |
	while IFS='|' read -r _ name ours fastapi fastify go _; do
		actual=$(awk -F ' *[|] *' -v name="$name" '
			/^## Scale/ { exit }
			$2 != "" { row = $2; sub("P/", "", row) }
			{ is_row = name == "memory" ? NF == 6 && $3 ~ /^[0-9.]+$/ : row == name }
			is_row { figure[name == "memory" ? $2 : $3] = name == "memory" ? $3 : $4 }
			END { print figure["this service"] "|" figure["FastAPI"] "|" figure["Fastify"] "|" figure["Go, net/http"] }
		' "$src/tests/lab/bench/README.md")
		test "$actual" = "$ours|$fastapi|$fastify|$go" && continue
		echo "README.md:1: $name: $ours|$fastapi|$fastify|$go, but tests/lab/bench/README.md has $actual"
	done >doc/bench.wrong
if test -d "$src/tests/lab" && test "$(grep -cE '^\| (`(GET|POST) |memory of )' "$src/README.md")" -eq 0; then
	echo "README.md:1: no benchmarks found: has their form changed?"
	status=1
fi
if test -s doc/bench.wrong; then
	cat doc/bench.wrong
	status=1
fi
rm -f doc/bench.wrong

# The libraries that the build needs are listed in several places.
for library in $(sed -n "/^packages_build=/,/'\$/p" "$src/tools/dev/packages.sh" | grep -o 'lib[^ :]*-dev'); do
	for file in deploy/README.md deploy/docker/Dockerfile debian/control; do
		grep -qE "[[:blank:]]$library(,| |\$)" "$src/$file" && continue
		echo "$file:1: does not install $library, which ./dev does"
		status=1
	done
done

if command -v man >/dev/null; then
	complaints=$(MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$manual" 2>&1 >/dev/null)
	if test -n "$complaints"; then
		echo "$complaints"
		echo "doc/app.8.in:1: man reports warnings"
		status=1
	fi
fi
exit $status
