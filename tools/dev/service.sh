# shellcheck shell=bash
# What `up` starts and stops.

everything_runs() {
	postgres_pid "$base/var/pg" >/dev/null && api_pid "$base/var" >/dev/null &&
		work_pid "$base/var" >/dev/null && web_pid "$base/var" >/dev/null
}

something_runs() {
	postgres_pid "$base/var/pg" >/dev/null || api_pid "$base/var" >/dev/null ||
		work_pid "$base/var" >/dev/null || web_pid "$base/var" >/dev/null
}

# The URL of the running web server; empty if none is running.
running_url() { ! web_pid "$base/var" >/dev/null || cat "$state/run/url" 2>/dev/null || true; }

stop_everything() {
	web_stop "$base/var"
	api_stop "$base/var"
	work_stop "$base/var"
	postgres_stop "$base/var/pg"
}

start_everything() {
	local site_edit
	site_edit=$(page_edit)
	postgres_start "$base/var/pg" "$state/log/postgres.log" || return
	postgres_database "$base/var/pg" app || return
	run "Migrating the database" "$(program)" migrate up || return
	run "Seeding the database" "$(program)" seed || return
	run "Starting the pool" api_start "$base/var" || die "The pool did not start" "hint: ./dev logs api"
	run "Starting the job workers" work_start "$base/var" || die "The job workers did not start" "hint: ./dev logs work"
	run "Starting $server" web_start "$base/var" "$port" || die "$server did not start" "hint: ./dev logs $server"
	run "Waiting for $(running_url)/health/ready" wait_until 20 is_ready "$(running_url)" ||
		die "The service is not ready after 20 s: $(curl -s --noproxy '*' -m 5 "$(running_url)/health/ready")" "hint: ./dev logs api"
}

json_text() { sed 's/[\\"]/\\&/g' <<<"$1"; }

# The e-mail address of an active owner: FIRST_ADMIN_EMAIL if it is one, else the oldest.
owner_email() { # FIRST_ADMIN_EMAIL
	local owners
	owners=$("$(program)" user list --role owner --active true --json | grep -o '"email":"[^"]*"' | cut -d '"' -f 4) || true
	grep -ixF -e "$1" <<<"$owners" || tail -n 1 <<<"$owners"
}

show_owner() { # URL
	local email password owner prefix body status
	email=$(setting FIRST_ADMIN_EMAIL admin@example.com)
	password=$(setting FIRST_ADMIN_PASSWORD)
	prefix=$(setting API_PREFIX /api/v1)
	owner=$(owner_email "$email")
	body="{\"email\":\"$(json_text "$owner")\",\"password\":\"$(json_text "$password")\"}"
	status=$(curl -s --noproxy '*' -m 10 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
		--data-binary @- "$1$prefix/auth/login" <<<"$body") || true
	if [[ -z $owner && -z $password ]]; then
		say "  No owner yet: set FIRST_ADMIN_PASSWORD in .env, then run ./dev restart"
	elif [[ -z $owner ]]; then
		say "  No active owner: run ./dev run user set-role $email owner, then ./dev run user activate $email"
	elif [[ $status == 401 || -z $password ]]; then
		say "  Owner: $owner, but its password differs from .env; to set it: ./dev run user set-password $owner"
	else
		say "  Owner: $owner  $password" "" \
			"  curl -s $1$prefix/auth/login -H 'Content-Type: application/json' -d '${body//\'/\'\\\'\'}'"
	fi
}

show_origins() {
	local origins
	origins=$("$(program)" settings | sed -n 's/^CORS_ORIGINS=//p')
	[[ $origins != '*' ]] || return 0
	say "" "  Allowed CORS origins: ${origins:-none}. To allow another, set in .env:" \
		"  CORS_ORIGINS=${origins:+$origins,}http://localhost:4200"
}

show_address() {
	local url
	url=$(running_url)
	say "" "  ${bold}$url/docs$plain    try the API     (reference: $url/redoc)"
	[[ $(setting SERVER nginx) != nginx ]] || say "  ${bold}$url/$plain        the start page (examples/web)"
	show_owner "$url"
	show_origins
	say ""
}
