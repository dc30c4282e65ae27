# shellcheck shell=bash
# Commands: Run
# Starts and stops the service.

#: Usage: ./dev up [--detach|--watch]
#:
#: Install, build and run everything.
#:
#: Installs missing Debian or Ubuntu packages, builds, creates .env with random secrets,
#: starts its own PostgreSQL, migrates, seeds, starts the pool, the job workers and nginx (with
#: SERVER=apache or SERVER=lighttpd, that server), and prints the URLs. Ctrl-C stops everything; --detach runs it in
#: the background until `./dev down`; --watch builds, migrates and reloads when you save a file
#: (if the build fails, the old program keeps running). PORT (8000), SERVER and all other
#: settings come from the environment or from .env, except those of its own PostgreSQL and
#: sockets (DATABASE_URL, MIGRATE_DATABASE_URL, LISTEN, PID_FILE).
#:
#: Example:
#:   PORT=8001 ./dev up
cmd_up() {
	local detach=no watch=no port
	while (($#)); do
		case $1 in
		--detach | -d) detach=yes ;;
		--watch) watch=yes ;;
		*) usage up "unknown argument $1" ;;
		esac
		shift
	done
	find_port
	find_server
	prepare
	lock "$state/run/lock"
	if everything_runs && is_ready "$(running_url)"; then
		say "Already running: $(running_url)/docs  (./dev down stops it, ./dev restart applies changes)"
		[[ $(running_url) == *:$port && $(web_name "$base/var") == "$server" ]] ||
			warn "Still not on port $port of $server: ./dev restart does that"
		return 0
	fi
	web_stop "$base/var"
	refuse_taken_port
	: >"$log"
	trap 'up_failed' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	touch "$state/run/seen"
	set_up
	export_settings "http://127.0.0.1:$port"
	check_settings
	if [[ $detach == no && -t 1 ]]; then
		LOG_FORMAT=$(setting LOG_FORMAT text)
		export LOG_FORMAT
	fi
	api_stop "$base/var" # A pool that is still running has the old program.
	work_stop "$base/var"
	start_everything
	show_address
	docs_end
	unlock
	if [[ $detach == yes ]]; then
		trap - EXIT
		say "Running in the background. See ./dev status, logs -f, psql, down"
		return 0
	fi
	trap 'up_ended' EXIT
	follow "$watch"
}

refuse_taken_port() {
	! port_is_taken "$port" || die "Port $port is in use$(port_owner "$port")" "hint: PORT=$((port + 1)) ./dev up"
}

# Runs before anything is started or stopped.
check_settings() {
	local wrong
	wrong=$("$(program)" settings 2>&1 >/dev/null) || die "$wrong" "hint: correct it in .env or in the environment"
	[[ -z $wrong ]] || warn "$(sed -e 's/.*"message":"\(.*\)"}$/\1/' -e 's/^[0-9:.]* WARN *//' <<<"$wrong")"
}

built=no # yes: `restart` has built before it stopped the service
# The steps that need no running service.
set_up() {
	local packages_web=packages_$server
	install_packages $packages_build $packages_run ${!packages_web}
	docs_begin
	[[ $built == yes ]] || build_program
	make_env
}

#: Usage: ./dev setup
#:
#: Install and build, but start nothing.
#:
#: Installs the packages, fetches the pages of /docs, builds and creates .env: the first
#: steps of `up`.
#:
#: Example:
#:   ./dev setup
cmd_setup() {
	find_server
	prepare
	lock "$state/run/lock"
	: >"$log"
	trap progress_stop EXIT
	set_up
	docs_end
}

up_failed() {
	progress_stop
	something_runs || return 0
	stop_everything
	say "Stopped everything that was started"
}

follow_pid=
up_ended() {
	trap '' INT TERM HUP
	[[ -z $follow_pid ]] || kill "$follow_pid" 2>/dev/null || true
	something_runs || return 0
	say "" "Stopping"
	stop_everything
}

# Whether a file that the program contains or reads was saved since `run/seen`.
something_saved() {
	[[ -n $(find "$root/src" "$root/include" "$root/db/migrations" "$root/deploy/mail" "$root/.env" \
		-newer "$state/run/seen" -print -quit) ]]
}

# A reload applies the new program and settings without failing a request.
take_saved() {
	touch "$state/run/seen"
	build_program && run "Migrating the database" "$(program)" migrate up || return 0
	kill -HUP "$(api_pid "$base/var")" && work_stop "$base/var" &&
		run "Reloading $(running_url)" work_start "$base/var" || return 0
}

# follow WATCH: shows the logs until Ctrl-C or ./dev down. WATCH=yes reloads when a file is saved.
follow() {
	say "${dim}Ctrl-C stops everything. Logs: var/log/$plain"
	tail -q -n 0 -F "$state/log/api.log" "$state/log/work.log" "$state/log/$server.log" 2>/dev/null &
	follow_pid=$!
	while something_runs; do
		sleep 1 &
		wait $! || true
		[[ $1 == no ]] || ! something_saved || take_saved
	done
	say "Stopped by another command"
}

#: Usage: ./dev down
#:
#: Stop everything that `up` started.
#:
#: Example:
#:   ./dev down
cmd_down() {
	prepare
	end_everything
	# Running tests use that link too.
	if [[ $base != "$root" ]] && flock -n "$state/test/lock" true; then
		rm -f "$base" "$state/run/base"
		rmdir "${base%/*}"
	fi
}

end_everything() {
	if something_runs; then
		run "Stopping the web server, the pool, the job workers and PostgreSQL" stop_everything
	else
		stop_everything
		say "Nothing is running"
	fi
}

#: Usage: ./dev restart
#:
#: Build, stop, start in the background.
#:
#: Example:
#:   ./dev restart
cmd_restart() {
	prepare
	if something_runs; then
		stay_there
		build_program
		built=yes
		export_settings "http://127.0.0.1:$port"
		check_settings
		end_everything
	fi
	cmd_up --detach
}

# Keeps the current port and web server unless PORT or SERVER is set. Fails if the new port is in
# use, before anything is stopped.
stay_there() {
	local url
	url=$(running_url)
	[[ -z $url || -n $(setting PORT) ]] || export PORT=${url##*:}
	if [[ -n $url && -z $(setting SERVER) ]]; then
		SERVER=$(web_name "$base/var")
		export SERVER
	fi
	find_port
	find_server
	[[ $url == *:$port ]] || refuse_taken_port
}
