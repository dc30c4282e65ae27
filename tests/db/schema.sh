#!/bin/sh
# Compares db/schema.sql with the schema that the migrations create. Runs in the build directory, on
# the database of TEST_DATABASE_URL, as its owner. `--write` (make schema) writes the file.
set -u

src=${srcdir:-.}
program=./$PACKAGE
file=$src/db/schema.sql
name=schema_check_$$

skip() {
	echo "skipped: $1"
	exit 77
}

test -n "${TEST_DATABASE_URL:-}" || skip 'TEST_DATABASE_URL is not set'
url=${TEST_MIGRATE_DATABASE_URL:-$TEST_DATABASE_URL}
command -v pg_dump >/dev/null || skip 'there is no pg_dump (Debian package postgresql-client)'

ask() {
	PGOPTIONS="-c client_min_messages=warning" psql -XAtq \
		-v ON_ERROR_STOP=1 -d "$url" -c "$1"
}

version=$(ask 'SHOW server_version_num') || exit 99
version=${version%????}
dumper=$(pg_dump --version | sed 's/.* \([0-9]*\)\..*/\1/')
test "$version" = "$dumper" || skip "pg_dump $dumper does not match the server, PostgreSQL $version"

trap 'ask "DROP SCHEMA IF EXISTS $name CASCADE"; rm -f "$name.sql"' EXIT
trap 'exit 99' HUP INT TERM

if ! output=$(DATABASE_URL=$url DB_SCHEMA=$name ENV_FILE=/dev/null \
	JWT_SECRET_KEY=of-no-use-here-but-long-enough-to-pass "$program" migrate up 2>&1); then
	echo "$output"
	exit 1
fi

# Without lines that depend on the machine, the server's version or the schema's name.
{
	echo "-- The schema that the migrations create, by pg_dump. After a change: ./dev schema"
	pg_dump --schema-only --no-owner --no-privileges --schema="$name" -d "$url" ||
		echo 'pg_dump failed'
} | sed -e '/^--$/d' -e '/^-- \(Name:\|Dumped \|PostgreSQL database dump\)/d' \
	-e '/^\\\(un\)*restrict /d' -e '/^SET /d' -e '/^SELECT pg_catalog.set_config/d' \
	-e '/^CREATE SCHEMA /d' -e "s/$name\\.//g" | cat -s >"$name.sql"

if test "${1:-}" = --write; then
	cp "$name.sql" "$file"
elif ! cmp -s "$file" "$name.sql"; then
	# The hint comes first: `./dev test` prints ten lines.
	echo 'db/schema.sql:1: differs from the schema that the migrations create'
	echo 'hint: ./dev schema updates it'
	diff -u "$file" "$name.sql"
	exit 1
fi
