# shellcheck shell=bash
# Functions of the end-to-end tests. Each test is an executable file in this folder that
# `./dev test` runs. It sources this file, starts its own site (pool, web server, database),
# sends requests, and prints "ok - …" or "not ok - …":
#
#	. "$(dirname "$0")/lib.sh"
#	site_start
#	ask GET /health/live
#	is "it lives" "$status" 200
set -euo pipefail
: "${TOP:?run ./dev test NAME}" "${APP:?}" "${BASE:?}" "${BUILD:?}" "${TEST_POSTGRES:?}"
PATH=$PATH:/usr/sbin:/sbin
root=$TOP
for file in common settings process build postgres site; do
	. "$TOP/tools/dev/$file.sh"
done
export PYTHONDONTWRITEBYTECODE=1
base=$BASE build=$BUILD
name=$(basename "$0" | sed 's/\..*//')
site=$base/var/test/e2e-$name
log=$site/log/setup.log
server=nginx
bad=0
# Runs a command without the settings of the tests: "${clean_env[@]}" [NAME=VALUE…] COMMAND…
clean_env=(env -i HOME="$HOME" PATH="$PATH" MAKEFLAGS=CFLAGS=-O0)
for setting in CC CFLAGS NODE_EXTRA_CA_CERTS; do
	[[ -z ${!setting-} ]] || clean_env+=("$setting=${!setting}")
done

# needs THING…: commands and files. If one is missing (offline), the test is skipped with a message,
# except in CI, where it fails.
needs() {
	local thing
	for thing in "$@"; do
		if [[ -e $thing ]] || command -v "$thing" >/dev/null; then continue; fi
		[[ -z ${CI:-} ]] || fail_all "$name needs ${thing#"$TOP/"}"
		echo "ok - $name # SKIP there is no ${thing#"$TOP/"}"
		exit 0
	done
}

# python_packages LIST FOLDER: installs them in a virtual environment, which is kept until the list changes.
# Sets `venv`.
python_packages() {
	venv=$2
	! cmp -s "$1" "$venv/installed" || return 0
	rm -rf "$venv"
	{
		python3 -m venv "$venv" &&
			"$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
				--cache-dir "$state/pip" --require-hashes -r "$1" &&
			cp "$1" "$venv/installed"
	} >>"$log" 2>&1 || fail_all "pip cannot install ${1#"$TOP/"} (see $log)"
}

# needs_feature NAME: the test uses it as an example; skips the test if it was removed.
needs_feature() {
	[[ ! -d $TOP/src/features/$1 ]] || return 0
	echo "ok - $name # SKIP there are no $1"
	exit 0
}

# needs_no_feature NAME…: the test creates them; skips the test if a fork already has them.
needs_no_feature() {
	local feature
	for feature in "$@"; do
		[[ -d $TOP/src/features/$feature ]] || continue
		echo "ok - $name # SKIP there are $feature already"
		exit 0
	done
}

# mask FILE: prints a response or an output of ./dev without ids, times and tokens.
mask() {
	sed -E -e 's/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/UUID/g' \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g' -e 's/[0-9]{14}_/TIME_/' \
		-e 's/"request_id":"[^"]*"/"request_id":"ID"/g' \
		-e 's/"(access|refresh)_token":"[^"]*"/"\1_token":"TOKEN"/g' "$1"
}

# copy_files FOLDER: copies the files of the tree, without those that git ignores.
copy_files() {
	rm -rf "$1"
	mkdir -p "$1"
	(cd "$TOP" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - -f -) | tar -x -C "$1" -f -
}

# copy_tree [FOLDER]: copies the tree to a folder, `copy`, and enters it.
copy_tree() {
	copy=$base/var/test/${1:-$name}
	copy_files "$copy"
	cd "$copy"
	export MAKEFLAGS="${MAKEFLAGS-} CFLAGS=-O0"
}

# copy_build: copies what autoreconf, configure and make made, with its times: a build in the copy
# compiles only what changed. Makefile and config.status contain the place and are made again. With
# --coverage everything is built again: its objects count in the folder in which they were compiled.
copy_build() {
	[[ $BUILD == "$TOP/build" ]] || return 0
	(cd "$TOP" && cp -a --reflink=auto aclocal.m4 autom4te.cache build-aux config.h.in configure Makefile.in "$copy/")
	mkdir build
	# Another test may build its own program meanwhile: 1 is "file changed as we read it".
	(cd "$BUILD" && find . -type f \( -name '*.[acho]' -o -path '*/.deps/*' -o -name .dirstamp \
		-o -name stamp-h1 -o -name config.cache -o -name configured \) -print0 |
		tar -c --null -T - -f - --ignore-failed-read || (($? == 1))) | tar -x -C build -f -
}

# copy_check TEXT SCRIPTS TESTS [ARGUMENTS of make]: runs these tests and scripts of the copy on a new
# database.
copy_check() {
	psql_admin "$TEST_POSTGRES" "DROP DATABASE IF EXISTS e2e_copy_$name WITH (FORCE)" 2>/dev/null
	postgres_database "$TEST_POSTGRES" "e2e_copy_$name"
	local url owner
	url=$(database_url "$TEST_POSTGRES" "e2e_copy_$name") owner=$(owner_url "$TEST_POSTGRES" "e2e_copy_$name")
	if TEST_DATABASE_URL=$url TEST_MIGRATE_DATABASE_URL=$owner \
		make -C build -j2 check TESTS="$3 $2" "${@:4}" >check.log 2>&1; then
		ok "$1"
	else
		not_ok "$1" "$(grep -E 'error|not ok|^FAIL|\*\*\*|^[a-z].*:[0-9]+: ' check.log | head -n 40)"
	fi
}

# The lints of what a tool of tools/ writes: it changes no script and no makefile that a user calls.
lints_of_sources='$(filter-out %/scripts.sh %/make.sh,$(lints))'

# own_postgres: starts a cluster that this test may stop. Call own_postgres_end at the end.
own_postgres() {
	TEST_POSTGRES=$base/var/test/pg-$name
	rm -rf "$site"
	mkdir -p "$site/log"
	own_postgres_end
	own_postgres_start >>"$log"
}
own_postgres_start() {
	postgres_start "$TEST_POSTGRES" "$state/log/$name-postgres.log" fsync=off synchronous_commit=off \
		full_page_writes=off max_connections=100
}
own_postgres_end() {
	[[ $TEST_POSTGRES == */pg-$name ]] || return 0
	postgres_stop "$TEST_POSTGRES"
	postgres_erase "$TEST_POSTGRES"
}

# site_start [NAME=VALUE…]: with these settings in addition to those below.
site_start() {
	local setting
	rm -rf "$site"
	mkdir -p "$site/log" "$site/run" "$site/mail"
	export ENV_FILE=/dev/null DATABASE_URL MIGRATE_DATABASE_URL LISTEN=unix:$site/run/api.sock PID_FILE=$site/run/api.pid
	export JWT_SECRET_KEY FIRST_ADMIN_EMAIL=admin@example.com FIRST_ADMIN_PASSWORD=correct-horse-battery
	export LOG_FORMAT=json WORKERS=4 PASSWORD_YESCRYPT_COST=1 RATE_LIMIT=off
	JWT_SECRET_KEY=$(random_hex 32)
	DATABASE_URL=$(database_url "$TEST_POSTGRES" "e2e_$name")
	MIGRATE_DATABASE_URL=$(owner_url "$TEST_POSTGRES" "e2e_$name")
	for setting in "$@"; do export "${setting?}"; done
	psql_admin "$TEST_POSTGRES" "DROP DATABASE IF EXISTS \"e2e_$name\" WITH (FORCE)" 2>/dev/null
	postgres_database "$TEST_POSTGRES" "e2e_$name"
	[[ -z ${TEST_SECRETS-} ]] || printf '%s\n' "$JWT_SECRET_KEY" "$FIRST_ADMIN_PASSWORD" >>"$TEST_SECRETS"
	"$APP" migrate up >>"$log" 2>&1
	"$APP" seed >>"$log" 2>&1
	trap site_end EXIT
	trap 'exit 130' INT TERM
	env >"$site/env" # For processes that do not inherit the environment.
	pool_start
	free_port
	web_start "$site" "$port" || fail_all "$server does not start"
	url=http://127.0.0.1:$port
	wait_until 10 is_ready "$url" || fail_all "the site is not ready after 10 s"
}

# web_again [SED]: restarts the web server, its site also edited by SED.
web_again() {
	web_stop "$site"
	local site_edit="${site_edit-}
		${1-}"
	web_start "$site" "$port" || fail_all "$server does not start again"
}

free_port() {
	port=$((20000 + RANDOM % 10000))
	while port_is_taken "$port"; do port=$((port + 1)); done
}

pool_start() { api_start "$site" || fail_all "the pool did not start"; }
pool_stop() { api_stop "$site"; }

fail_all() {
	echo "not ok - $1"
	tail -n 30 "$site"/log/*.log || true
	exit 1
}

# Also stops the job workers and the standby of tests that have them.
site_end() {
	local status=$?
	trap '' INT TERM # `./dev test` and timeout both send one.
	work_stop "$site"
	postgres_stop "$site/standby"
	postgres_erase "$site/standby"
	web_stop "$site"
	api_stop "$site"
	own_postgres_end
	((status != 0 || bad == 0)) || status=1
	exit "$status"
}

# note_secrets TEXT…: texts that no log may contain; `./dev test` searches once all tests have run.
note_secrets() {
	[[ -n ${TEST_SECRETS-} ]] || return 0
	{
		grep -ohE '"(current_password|new_password|password|refresh_token|access_token|token|key)": *"[^"\\]*' <<<"$*" |
			sed 's/.*"//'
		grep -ohE '(Bearer|X-API-Key:) +[^ ]+' <<<"$*" | sed 's/.* //'
		grep -ohE 'session=[A-Za-z0-9_-]{43}' <<<"$*" | sed 's/.*=//'
	} >>"$TEST_SECRETS" || true
}

# ask METHOD PATH [ARGUMENTS of curl…]: sets `status`, `headers` (names in small letters)
# and `body`. The path is sent as given.
ask() {
	local method=$1 path=$2 output=$site/answer
	shift 2
	[[ $method != HEAD ]] || set -- --head "$@"
	: >"$output"
	status=$(curl -sS --noproxy '*' --path-as-is -m 20 -X "$method" -D "$output.head" -o "$output" \
		-w '%{http_code}' "$@" "$url$path" 2>>"$log") || true
	headers=$(sed 's/\r$//; 1d; s/^[^:]*:/\L&/' "$output.head")
	body=
	note_secrets "$@" "$headers" "$(tr -d '\0' <"$output")"
	[[ $method == HEAD ]] || body=$(tr -d '\0' <"$output") # For HEAD, curl writes the headers there.
}

# sign_in: as the first owner; sets `token`.
sign_in() {
	ask POST /api/v1/auth/login --json '{"email":"admin@example.com","password":"correct-horse-battery"}'
	token=$(member access_token)
}

# crowd EMAIL: counts the statuses of 40 concurrent sign-ins.
crowd() {
	seq 40 | xargs -P 16 -I{} curl -s -o /dev/null -w '%{http_code}\n' \
		-H 'Content-Type: application/json' \
		-d "{\"email\":\"$1\",\"password\":\"wrong\"}" "$url/api/v1/auth/login" |
		sed 's/503/401/' | sort | uniq -c | tr -s ' \n' ' '
}

# ask_raw TEXT: sends the text unchanged, in one write, over a new connection.
ask_raw() {
	local answer
	exec 7<>"/dev/tcp/127.0.0.1/$port"
	printf '%b' "$1" >"$site/raw"
	cat "$site/raw" >&7
	answer=$(timeout 10 cat <&7 | tr -d '\0\r') || true
	exec 7>&-
	status=$(sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' <<<"$answer")
	headers=$(sed '1d; /^$/,$d; s/^[^:]*:/\L&/' <<<"$answer")
	body=$(sed '1,/^$/d' <<<"$answer")
}

header() { sed -n "s/^$1: *//p" <<<"$headers"; }                # one per line
member() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" <<<"$body"; } # of flat JSON

ok() { echo "ok - $1"; }
not_ok() {
	bad=$((bad + 1))
	printf '%s\n' "not ok - $1" "${@:2}"
}

is() { # TEXT GOT WANTED
	if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1" "  got    ${2:0:2000}" "  wanted $3"; fi
}

matches() { # TEXT GOT PATTERN
	if grep -qE -- "$3" <<<"$2"; then ok "$1"; else not_ok "$1" "  got     ${2:0:2000}" "  pattern $3"; fi
}

# The form of every error, also those of the web server.
is_problem() { # TEXT STATUS CODE
	is "$1: status" "$status" "$2"
	is "$1: code" "$(member code)" "$3"
	is "$1: type" "$(header content-type)" application/problem+json
	is "$1: status in the body" "$(member status)" "$2"
	is "$1: request id" "$(member request_id)" "$(header x-request-id)"
	matches "$1: it has an id" "$(header x-request-id)" '^[A-Za-z0-9._-]{8,64}$'
	is "$1: not stored" "$(header cache-control)" no-store
	is "$1: no MIME sniffing" "$(header x-content-type-options)" nosniff
}
