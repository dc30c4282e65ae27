# shellcheck shell=bash
# The settings of the program, from the environment and .env.

# setting NAME [DEFAULT]: from the environment, else .env, by the rules of src/base/settings_file.c.
setting() {
	local line value
	if [[ -n ${!1+set} ]]; then
		printf '%s\n' "${!1}"
		return
	fi
	value=${2-}
	if [[ -r $root/.env ]]; then
		line=$(LC_ALL=C sed -n -e $'1s/^\xef\xbb\xbf//' -e "s/^[ \t]*\(export[ \t]\{1,\}\)\{0,1\}$1=[ \t]*//p" "$root/.env" | tail -n 1)
		line=${line%"${line##*[![:space:]]}"}
		case $line in
		\"*\" | \'*\') line=${line:1:-1} ;;
		esac
		[[ -z $line ]] || value=$line
	fi
	printf '%s\n' "$value"
}

# Creates .env from .env.example with random secrets, readable only by its owner.
make_env() {
	[[ ! -e $root/.env ]] || return 0
	[[ -r $root/.env.example ]] || die ".env.example is missing" "hint: git checkout .env.example"
	(
		umask 077
		sed -e "s|^#*JWT_SECRET_KEY=.*|JWT_SECRET_KEY=$(random_hex 32)|" \
			-e "s|^#*FIRST_ADMIN_EMAIL=|FIRST_ADMIN_EMAIL=|" \
			-e "s|^#*FIRST_ADMIN_PASSWORD=.*|FIRST_ADMIN_PASSWORD=$(random_hex 8)|" \
			-e "s|^#*DATABASE_URL=.*|# ./dev starts its own PostgreSQL in var/pg and ignores this setting.\nDATABASE_URL=$(database_url "$base/var/pg" app)|" \
			-e "s|^#*MIGRATE_DATABASE_URL=.*|MIGRATE_DATABASE_URL=$(owner_url "$base/var/pg" app)|" \
			"$root/.env.example" >"$root/.env.new"
		mv "$root/.env.new" "$root/.env"
	)
	say "${green}✓$plain Created .env with random secrets"
}

# export_settings URL: the settings that ./dev decides; the program reads the others from .env.
export_settings() {
	APP_URL=$(setting APP_URL "$1")
	export ENV_FILE=$root/.env
	DATABASE_URL=$(database_url "$base/var/pg" app)
	MIGRATE_DATABASE_URL=$(owner_url "$base/var/pg" app)
	LISTEN=unix:$base/var/run/api.sock
	PID_FILE=$state/run/api.pid
	# examples/web signs in with a cookie.
	AUTH_COOKIE=$(setting AUTH_COOKIE on)
	MAIL_DIR=$(setting MAIL_DIR "$state/mail")
	MAIL_TEMPLATES=$(setting MAIL_TEMPLATES "$root/deploy/mail")
	mkdir -p "$MAIL_DIR"
	export AUTH_COOKIE DATABASE_URL MIGRATE_DATABASE_URL LISTEN PID_FILE MAIL_DIR MAIL_TEMPLATES APP_URL
}

# Exports the settings that the running pool got from the environment of `up`, unless they are set
# here. For `run`, `token`, `env` and `mail`.
running_settings() {
	local pid names name line
	pid=$(api_pid "$base/var") || return 0
	names=$(env -i ENV_FILE=/dev/null "$(program)" settings --example | sed -n 's/^#*\([A-Z][A-Z0-9_]*\)=.*/\1/p')
	while IFS= read -r -d '' line; do
		name=${line%%=*}
		if [[ -z ${!name+set} ]] && grep -qx -e "$name" -e "${name%_FILE}" <<<"$names"; then
			export "${line?}"
		fi
	done <"/proc/$pid/environ"
}

find_port() {
	port=$(setting PORT 8000)
	[[ $port =~ ^[0-9]{1,5}$ ]] && ((port > 0 && port < 65536)) ||
		die "PORT=$port is not a port" "hint: PORT=8000 ./dev up"
}
