# shellcheck shell=bash
# Commands: Run
# For the service that `up` has started.

#: Usage: ./dev status [--json]
#:
#: Show what is running, and where.
#:
#: Exit status 0: everything is running and ready; 3: it is not.
#:
#: Example:
#:   ./dev status --json
cmd_status() {
	local json=no pg api work web url ready=no
	case ${1-} in
	'') ;;
	--json) json=yes ;;
	*) usage status "unknown argument $1" ;;
	esac
	prepare
	url=$(running_url)
	pg=$(postgres_pid "$base/var/pg") || pg=
	api=$(api_pid "$base/var") || api=
	work=$(work_pid "$base/var") || work=
	web=$(web_pid "$base/var") || web=
	[[ -z $web ]] || ! is_ready "$url" || ready=yes
	if [[ $json == yes ]]; then
		[[ -z $web ]] && url=null || url="\"$url\""
		[[ $ready == no ]] && ready=false || ready=true
		printf '{"ready":%s,"url":%s,"processes":{"postgres":%s,"api":%s,"work":%s,"web":%s}}\n' \
			"$ready" "$url" "${pg:-null}" "${api:-null}" "${work:-null}" "${web:-null}"
	else
		show_process PostgreSQL "$pg" "var/pg"
		show_process pool "$api" "$(pgrep_children "$api") workers"
		show_process jobs "$work" "$(pgrep_children "$work") processes"
		show_process "web server" "$web" "$url"
		show_process ready "$([[ $ready == no ]] || echo yes)" "$url/health/ready"
	fi
	[[ $ready != [nf]* && -n $pg && -n $api && -n $work ]] || exit 3
}

show_process() { # NAME PID DETAIL
	if [[ -n $2 ]]; then
		printf '%s %-11s %-8s %s\n' "$green✓$plain" "$1" "$2" "$3"
	else
		printf '%s %-11s no\n' "$red✗$plain" "$1"
	fi
}

pgrep_children() { # PID
	[[ -z $1 ]] || sed 's/.*) . \([0-9]*\) .*/\1/' /proc/[0-9]*/stat 2>/dev/null | grep -cx "$1" || true
}

#: Usage: ./dev logs [-f] [api|work|nginx|apache|lighttpd|postgres|setup]
#:
#: Show the end of a log; -f follows it.
#:
#: The default is the log of the API. The files are in var/log/.
#:
#: Example:
#:   ./dev logs -f api
cmd_logs() {
	local arguments=(-n 200) name=api
	while (($#)); do
		case $1 in
		-f | --follow) arguments+=(-F) ;;
		api | work | nginx | apache | lighttpd | postgres | setup) name=$1 ;;
		*) usage logs "unknown argument $1" ;;
		esac
		shift
	done
	[[ -f $state/log/$name.log ]] || die "var/log/$name.log does not exist yet" \
		"hint: $([[ " $web_servers " != *" $name "* ]] || echo "SERVER=$name ")./dev up"
	exec tail "${arguments[@]}" "$state/log/$name.log"
}

#: Usage: ./dev run ARGUMENTS
#:
#: Run the program with the settings of `up`.
#:
#: Builds the program first. `./dev run help` lists its commands.
#:
#: Example:
#:   ./dev run migrate status
cmd_run() {
	local url
	prepare
	build_quietly
	make_env >&2
	running_settings
	url=$(running_url)
	export_settings "${url:-http://127.0.0.1:$(setting PORT 8000)}"
	cd "$root"
	exec "$(program)" "$@"
}

#: Usage: ./dev token [--email E] [--role R] [--hours N]
#:
#: Print an access token for the API of `up`.
#:
#: The default account is the first owner; an account that does not exist is created. The
#: arguments are those of the program: `./dev run token --help`.
#:
#: Example:
#:   curl -H "Authorization: Bearer $(./dev token)" …
cmd_token() {
	prepare
	postgres_pid "$base/var/pg" >/dev/null || die "PostgreSQL is not running" "hint: ./dev up --detach"
	cmd_run token "$@"
}

#: Usage: ./dev mail [-n N]
#:
#: Show the latest e-mails.
#:
#: Example:
#:   ./dev mail -n 1
cmd_mail() {
	local count=5 file found=no
	if (($#)); then
		[[ $# == 2 && $1 == -n && $2 =~ ^[1-9][0-9]{0,4}$ ]] || usage mail "expected -n and a number"
		count=$2
	fi
	prepare
	running_settings
	while read -r file; do
		found=yes
		say "${bold}$(date -r "$file" '+%F %T')$plain" "$(tr -d '\r' <"$file")" ""
	done < <(find "$(setting MAIL_DIR "$state/mail")" -name '*.eml' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n "$count" | cut -d' ' -f2-)
	[[ $found == yes ]] || say "No mail was sent yet. Without SMTP_URL, mails are stored here."
}

#: Usage: ./dev env
#:
#: Print the settings of `up` as shell assignments.
#:
#: Each line is NAME=value, quoted for the shell.
#:
#: Example:
#:   eval "$(./dev env)"; psql "$DATABASE_URL"
cmd_env() {
	local name port url
	find_port
	prepare
	[[ -e $root/.env ]] || die ".env does not exist yet" "hint: ./dev setup or ./dev up creates it"
	running_settings
	url=$(running_url)
	url=${url:-http://127.0.0.1:$port}
	export_settings "$url"
	printf '%s=%q\n' DATABASE_URL "$DATABASE_URL" MIGRATE_DATABASE_URL "$MIGRATE_DATABASE_URL" URL "$url" PORT "${url##*:}" \
		API_PREFIX "$(setting API_PREFIX /api/v1)" LISTEN "$LISTEN" PID_FILE "$PID_FILE" ENV_FILE "$ENV_FILE"
	for name in FIRST_ADMIN_EMAIL FIRST_ADMIN_PASSWORD JWT_SECRET_KEY; do
		printf '%s=%q\n' "$name" "$(setting "$name")"
	done
}
