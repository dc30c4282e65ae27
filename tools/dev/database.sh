# shellcheck shell=bash
# Commands: Database
# The database of `up`.

#: Usage: ./dev psql [ARGUMENTS]
#:
#: Run psql on the database of `up`.
#:
#: Passes the arguments to psql.
#:
#: Example:
#:   ./dev psql -c "SELECT count(*) FROM users"
cmd_psql() {
	prepare
	postgres_pid "$base/var/pg" >/dev/null || die "PostgreSQL is not running" "hint: ./dev up --detach"
	exec psql "$(owner_url "$base/var/pg" app)" "$@"
}

#: Usage: ./dev schema
#:
#: Write db/schema.sql from the migrations.
#:
#: Example:
#:   ./dev schema
cmd_schema() {
	test_session setup
	write_schema
}

write_schema() {
	build_program && test_environment &&
		run "Writing db/schema.sql" make -C "$build" schema
}

#: Usage: ./dev reset [--yes]
#:
#: Erase the database of `up`.
#:
#: Stops everything first. The next `./dev up` starts with an empty database.
#:
#: Example:
#:   ./dev reset --yes
cmd_reset() {
	local answer=
	case ${1-} in
	--yes | -y) answer=yes ;;
	'') ;;
	*) usage reset "unknown argument $1" ;;
	esac
	if [[ $answer != yes ]]; then
		[[ -t 0 ]] || die "Cannot ask for confirmation: standard input is not a terminal" "hint: ./dev reset --yes"
		read -r -p "Erase the database in var/pg? Type yes: " answer
		[[ $answer == yes ]] || die "Nothing was erased"
	fi
	prepare
	lock "$state/run/lock"
	stop_everything
	postgres_erase "$state/pg"
	say "${green}✓$plain Erased the database; ./dev up creates a new one"
}
