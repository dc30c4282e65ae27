#!/usr/bin/env bash
# ./dev in a copy of the tree and its build: its help, `up`, and its messages for usage errors and failures.
# Not under sanitizers: it builds its own program.
# Beside the others: it builds in a copy of the tree.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs_feature items
rm -rf "$site/mail"
mkdir -p "$site/log" "$site/mail"
copy_tree
copy_build
[[ ! -d $TOP/deploy/docs/node_modules ]] || cp -r "$TOP/deploy/docs/node_modules" deploy/docs/
free_port
mine=$port
url=http://127.0.0.1:$mine

# dev [NAME=VALUE…] ARGUMENTS…: sets `code` and `output`.
dev() {
	local settings=()
	while [[ ${1-} == [A-Z]*=* ]]; do
		settings+=("$1")
		shift
	done
	code=0
	output=$("${clean_env[@]}" "${settings[@]}" ./dev "$@" 2>&1 </dev/null) || code=$?
}
refused() { # TEXT STATUS WANTED
	is "$1: exit status" "$code" "$2"
	matches "$1: message" "$output" "$3"
}
runs() { is "$1: the service keeps running" "$(http_status "$url/health/ready")" 200; }

dev help
is "help lists the commands that are used most" "$(grep -c '^  [a-z]' <<<"$output")" 12
dev --help --all
names=$(sed -n 's/^  \([a-z]*\)  *[A-Z].*/\1/p' <<<"$output")
is "help --all lists all commands" "$(($(wc -l <<<"$names") > 20))" 1
for name in $names; do
	dev "$name" --help
	is "help of $name" "$code $(sed -n '1s/^\(Usage: \.\/dev [a-z]*\).*/\1/p; 3s/^[A-Z].*\.$/fine/p' <<<"$output" | paste -sd ' ') $(tail -n 2 <<<"$output" | sed -n '1s/^Example://p; 2s/^  .*[^ ].*/fine/p' | xargs)" \
		"0 Usage: ./dev $name fine fine"
done

dev faults --help
is "help of faults names them all" "$(sed -n '/^NAME is one of:/,/^$/p' <<<"$output" | sed 's/.*: //; s/\.$//' | xargs)" \
	"$(sed -n "s/^all='\(.*\)'/\1/p" tests/lab/faults.sh)"

dev bogus
refused "an unknown command" 2 '^\./dev: unknown command bogus$'
dev up --bogus
refused "an unknown argument" 2 'unknown argument --bogus'
dev down now
refused "a command without arguments" 2 '^\./dev down: unknown argument now$'
mkdir -p 'var/a folder'
ln -s "$copy/dev" 'var/a folder/dev'
is "through a link in a folder with a space" "$('var/a folder/dev' help | head -n 1)" 'Usage: ./dev COMMAND [ARGUMENTS]'
rm -r 'var/a folder'
dev faults bogus
refused "an unknown fault" 2 'there is no fault bogus'
dev env
refused "env without .env" 1 'hint: \./dev setup'
dev SERVER=iis up
refused "an unknown web server" 1 'hint: SERVER=nginx'
dev package --arch
refused "a package without an architecture" 2 '^\./dev package: .*--arch an architecture such as arm64$'
dev PORT=99999 up
refused "an invalid port" 1 'hint: PORT=8000'

trap 'status=$?; ./dev down >/dev/null 2>&1; exit "$status"' EXIT
dev PORT="$mine" JWT_SECRET_KEY="$(random_hex 32)" MAIL_DIR="$site/mail" up --detach
[[ $code == 0 ]] || { printf '%s\n' "$output"; fail_all "./dev up --detach"; }
curl=$(grep -m 1 '^  curl ' <<<"$output") || fail_all "up prints a curl line"
is "the curl line works" "$(bash -c "$curl" | grep -o '"token_type":"bearer"')" '"token_type":"bearer"'
dev token
is "a token from the settings of the running pool" "$(curl -s -o /dev/null -w '%{http_code}' \
	-H "Authorization: Bearer $(tail -n 1 <<<"$output")" "$url/api/v1/users/me")" 200
dev mail
matches "mail uses its MAIL_DIR too" "$output" '^No mail was sent'
echo 'Subject: hello' >"$site/mail/one.eml"
dev mail
matches "mail shows a stored mail" "$output" '^Subject: hello$'
dev PORT="$mine" up --detach
refused "up again" 0 'Already running'
dev PORT=1 up --detach
refused "up with another port" 0 '\./dev restart does that'
dev status --json
matches "status" "$output" "\"ready\":true,\"url\":\"$url\""
dev env
matches "env has the URL of the running service" "$output" "^URL=$url$"
dev run settings
matches "links in mails use that URL" "$output" "APP_URL[ =]+$url"

dev PORT=99999 restart
refused "restart with an invalid port" 1 'is not a port'
runs "restart with an invalid port"
echo 'LOG_LEVEL=loud' >>.env
dev restart
refused "restart with a bad setting" 1 'LOG_LEVEL'
runs "restart with a bad setting"
echo 'LOG_LEVELS=info' | tee -a .env >/dev/null
sed -i -e '/^LOG_LEVEL=loud/d' .env
dev restart
refused "restart with a misspelt setting warns" 0 'unknown setting LOG_LEVELS in .*\.env line [0-9]+ \(did you mean LOG_LEVEL\?\)$'
sed -i -e '$d' -e 's/^FIRST_ADMIN_PASSWORD=.*/FIRST_ADMIN_PASSWORD=another-one-by-now/' .env
dev restart
refused "restart keeps its port and detects the changed password" 0 "$url/docs|user set-password"
matches "restart: the first admin" "$output" 'user set-password admin@example.com'
runs "restart"
matches "origins: how to allow another" "$output" '^  CORS_ORIGINS=http://localhost:3000,http://localhost:5173,http'
is "the site file has the same origins" "$(grep -c '"http://localhost:3000,http://localhost:5173"' var/nginx/site.conf)" 1
sed -i -e 's/^FIRST_ADMIN_EMAIL=.*/FIRST_ADMIN_EMAIL=new@example.com/' -e 's/^#*CORS_ORIGINS=.*/CORS_ORIGINS=https:\/\/app.example.com/' .env
dev restart
refused "a first owner in .env that is not in the database" 0 'Owner: admin@example.com,.*user set-password admin@example.com'
matches "origins in .env" "$output" '^  CORS_ORIGINS=https://app.example.com,http'
dev token
is "the token is for the owner in the database" "$(curl -s "$url/api/v1/users/me" -H "Authorization: Bearer $(tail -n 1 <<<"$output")" |
	grep -o '"role":"[a-z]*"')" '"role":"owner"'

dev test test_items
matches "a single test prints the totals" "$output" '^[0-9]+ passed, 0 failed$'
is "a single test: exit status" "$code" 0
printf '%s\n' '-- migrate:up' 'CREATE TABLE notes (id integer PRIMARY KEY);' '' '-- migrate:down' 'DROP TABLE notes;' \
	>db/migrations/20991231000000_notes.sql
dev test schema
refused "the test of db/schema.sql fails after a new migration" 1 'hint: \./dev schema updates it'
dev schema
dev test schema
refused "it passes after ./dev schema" 0 '^1 passed, 0 failed$'
dev new migration nothing --autogenerate
refused "a migration for rows that match the tables" 0 'nothing to do: the tables match their rows'
dev down
is "down" "$code $(http_status "$url/health/live")" "0 000"

# A newer compiler has new warnings: only `test` fails because of them, also after `build`.
echo 'static int never_called(void) { return 0; }' >>src/base/ids.c
dev build
refused "build succeeds with a warning" 0 'test` treats them as errors$'
dev test test_buf
refused "test fails with a warning" 1 'never_called.*-Werror'
