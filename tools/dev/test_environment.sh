# shellcheck shell=bash
# What commands share that run tests: lock, log, packages, database, settings, tools.

fuzz_pid='' lane_pids=() # sessions of tests that run in the background

# test_session LOG PACKAGES…: for a command that calls test_environment after it has built.
test_session() {
	prepare
	lock "$state/test/lock"
	log=$state/log/$1.log
	: >"$log"
	trap tests_ended EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	install_packages $packages_build $packages_run "${@:2}"
}

tests_ended() {
	progress_stop
	local pid
	for pid in $fuzz_pid "${lane_pids[@]}"; do pkill -s "$pid" || true; done
	postgres_stop "$base/var/test/pg" || true
}

# Prevents settings of the environment and of .env from reaching a test.
test_environment() {
	local name
	for name in $(env -i "$(program)" settings --example | sed -n 's/^#*\([A-Z][A-Z0-9_]*\)=.*/\1/p'); do
		unset "$name" "${name}_FILE"
	done
	unset CREDENTIALS_DIRECTORY PORT SERVER
	export ENV_FILE=/dev/null TEST_DATABASE_URL TEST_MIGRATE_DATABASE_URL
	export TEST_SECRETS=$base/var/test/secrets TEST_LOG_LEVEL=debug
	rm -f "$TEST_SECRETS"
	test_postgres=$base/var/test/pg
	postgres_start "$test_postgres" "$state/log/test-postgres.log" \
		fsync=off synchronous_commit=off full_page_writes=off max_connections=200
	psql_admin "$test_postgres" 'DROP DATABASE IF EXISTS test WITH (FORCE)' 2>>"$log"
	postgres_database "$test_postgres" test
	psql_admin "$test_postgres" 'GRANT app TO app_owner' 2>>"$log" # Tests terminate connections of the application.
	TEST_DATABASE_URL=$(database_url "$test_postgres" test)
	TEST_MIGRATE_DATABASE_URL=$(owner_url "$test_postgres" test)
}

# Fetches Chromium and the npm packages of some end-to-end tests. Offline, those tests are skipped;
# in CI they fail. The packages of the tests are fetched during the build.
get_tools() {
	docs_begin
	docs_end
	(install_packages $packages_browser) || warn "Chromium could not be installed, so the browser tests are skipped"
	local folder=$root/tests/e2e
	if fetched "$folder" || ! has_command npm; then return; fi
	: >"$state/log/npm.log"
	(log=$state/log/npm.log npm_fetch "$folder" "Fetching the packages") >>"$state/log/npm.log" 2>&1 9>&- &
	tools_pid=$!
}

tools_pid=
tools_end() {
	[[ -n $tools_pid ]] || return 0
	run "Fetching the npm packages of the tests" wait "$tools_pid" ||
		warn "The tests of the pages, the OpenAPI document and the TypeScript client are skipped (see var/log/npm.log)"
	tools_pid=
}
