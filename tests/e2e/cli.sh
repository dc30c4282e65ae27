#!/usr/bin/env bash
# The commands for accounts, tokens and sessions, while the site runs.
. "$(dirname "$0")/lib.sh"
site_start SESSION_CACHE_SECONDS=0 AUTH_LOGIN_RATE_LIMIT=off AUTH_LOGIN_IP_RATE_LIMIT=off

# app ARGUMENTS…: sets `output`, `errors` (in one line) and `code`; standard input is that of the caller.
app() {
	code=0
	output=$("$APP" "$@" 2>"$site/errors") || code=$?
	errors=$(tr '\n' ' ' <"$site/errors")
}

# on_terminal COMMAND: runs it on a terminal; use expect and type.
on_terminal() { coproc TERMINAL { exec script -qec "$1" /dev/null 2>&1; }; }
heard=
expect() {
	local char
	heard=
	while IFS= read -r -t 10 -n 1 -d '' char <&"${TERMINAL[0]}"; do
		heard+=$char
		[[ $heard != *"$1" ]] || return 0
	done
	return 1
}
type_line() { printf '%s\r' "$1" >&"${TERMINAL[1]}"; }
hear_rest() {
	heard=$(timeout 10 cat <&"${TERMINAL[0]}" || true)
	kill "${TERMINAL_PID-}" 2>/dev/null || true
}

login() { # EMAIL PASSWORD
	ask POST /api/v1/auth/login -H 'Content-Type: application/json' \
		-d "{\"email\":\"$1\",\"password\":\"$2\"}"
}

# Creating accounts.
app user create --email ada@example.com --role admin --name 'Ada Lovelace' <<<'brass lamp, green shade'
is "create" "$code$errors" 0
matches "create: prints the account" "$output" 'role +admin'
login ada@example.com 'brass lamp, green shade'
is "create: the account signs in" "$status" 200
token=$(member access_token)
# Values of users cannot contain terminal escapes or fake lines of output.
psql -XqAtd "$DATABASE_URL" -c "UPDATE users SET full_name = E'Eve\n  role        owner\x1b[2J\u009b\u202e' WHERE email = 'ada@example.com'"
app user show ada@example.com
matches "a name with control characters: escaped" "$output" '^  name        Eve\\u000a  role        owner\\u001b\[2J\\u009b\\u202e$'
is "a name with control characters: one line" "$(grep -c '^  role' <<<"$output")" 1
app user show ada@example.com --json
is "a name with control characters: as JSON" "$(jq -r .full_name <<<"$output" | od -An -c | tr -d ' \n')" \
	"$(printf 'Eve\n  role        owner\033[2J\302\233\342\200\256\n' | od -An -c | tr -d ' \n')"
is "a name with control characters: no escape sequence" "$(LC_ALL=C grep -c $'[\x1b\x9b\xae]' <<<"$output" || true)" 0
psql -XqAtd "$DATABASE_URL" -c "UPDATE users SET full_name = 'Ada Lovelace' WHERE email = 'ada@example.com'"
psql -XqAtd "$DATABASE_URL" -c "INSERT INTO jobs (kind, queue, status, error, finished_at) VALUES ('example', 'default', 'failed', E'x\nforged\x1b[2J', now())"
app jobs list
matches "a job's error with control characters: escaped" "$output" 'x\\u000aforged\\u001b\[2J$'
psql -XqAtd "$DATABASE_URL" -c "DELETE FROM jobs WHERE error LIKE 'x%forged%'"
app user create --email ada@example.com <<<'brass lamp, green shade'
is "address taken" "$code" 1
matches "address taken: message" "$errors" 'already registered'
app user create --email nobody <<<'brass lamp, green shade'
is "invalid address" "$code" 1
matches "invalid address: message" "$errors" '--email must be an e-mail address'
app user create --email bob@example.com --role king <<<'brass lamp, green shade'
matches "invalid role: message" "$code $errors" '1 .*--role must be one of: viewer, member, admin, owner'
app user create --email bob@example.com <<<'short'
matches "short password" "$code $errors" '1 .*password must have at least 8 characters'
app user create --email bob@example.com </dev/null
matches "no password" "$code $errors" '1 .*standard input'
app user create </dev/null
matches "no address" "$code $errors" '1 .*hint: --email'
app user create --email bob@example.com --password secret </dev/null
is "a password cannot be an argument" "$code" 2
app user create --json --email 'Bob@Example.com' --inactive <<<'brass lamp, green shade'
body=$output
is "json" "$(member email) $(member role) $(member is_active)" 'Bob@Example.com member false'
id=$(member id)

# Prompts on a terminal.
on_terminal "'$APP' user create"
expect 'address: ' && type_line grace@example.com
expect 'Password: ' && type_line 'brass lamp, green shade'
expect 'Repeat the password: ' && type_line 'brass lamp, green shade'
hear_rest
matches "create with prompts" "$heard" 'role +member'
is "the password is not shown" "$(grep -c 'brass' <<<"$heard" || true)" 0
login grace@example.com 'brass lamp, green shade'
is "the account signs in" "$status" 200
on_terminal "'$APP' user set-password grace@example.com"
expect 'Password: ' && type_line 'another lamp, red shade'
expect 'Repeat the password: ' && type_line 'another lamp, blue shade'
hear_rest
matches "passwords that differ" "$heard" 'do not match'
on_terminal "'$APP' user delete grace@example.com"
expect 'Type yes: ' && type_line no
hear_rest
matches "delete: not confirmed" "$heard" 'nothing was changed'
login grace@example.com 'brass lamp, green shade'
is "delete: nothing was changed" "$status" 200

# Listing.
app user list
is "list" "$code$errors$(grep -c @ <<<"$output")" 04
app user list --role admin --json
body=$output
is "list: filter" "$(member email)" ada@example.com
app user list --limit 1
matches "list: more" "$errors" '1 of 4; --offset 1 shows more'
app user list --active maybe
matches "list: invalid filter" "$code $errors" '1 .*is_active must be|1 .*is_active'
app user show "$id"
matches "show by id" "$output" 'Bob@Example.com'
app user show bob@EXAMPLE.com --json
body=$output
is "show by address" "$(member id)" "$id"
app user show nobody@example.com
matches "show: unknown account" "$code $errors" '1 .*no account nobody@example.com'
app user show
is "show without an account" "$code" 2

# Usage errors: nothing changes, and the message names the argument.
wrong='user list --limit|--limit
user list --limit 1 --limit 2|--limit
user list --json=1|--json=1
user list nobody|nobody
user show ada@example.com grace@example.com|grace@example.com
user show --quiet|--quiet
user set-role ada@example.com|set-role: missing argument R
user|expected one of: .*set-password, activate, deactivate, delete
jobs retry --watch '"$id"'|--watch
jobs prune --hours 12x|invalid --hours "12x": expected a number
migrate down 0|invalid N "0": expected a number
audit prune|prune: missing argument --older-than
audit prune --older-than 90x|invalid age 90x: expected 
log-level loud --pid 1|unknown level loud: expected debug, info
openapi v3|v3'
while IFS='|' read -r words said; do
	# shellcheck disable=SC2086 # Words.
	app $words </dev/null
	matches "usage error: $words" "$code $errors" "^2 .*${said}.* --help. for its usage"
done <<<"$wrong"
app user list --limit=1 --json --role admin
is "an option as --name=value" "$code$(grep -c @ <<<"$output")" 01

# Changing.
app user activate bob@example.com
login bob@example.com 'brass lamp, green shade'
is "activate" "$status" 200
bobs=$(member access_token)
app user set-role bob@example.com viewer
matches "set-role" "$output" 'role +viewer'
app user set-role bob@example.com user
matches "set-role: user is member" "$output" 'role +member'
ask GET /api/v1/users/me -H "Authorization: Bearer $bobs"
is_problem "set-role ends the sessions in workers that run" 401 invalid_token
app user set-password bob@example.com <<<$'another lamp, red shade\r'
is "set-password: CR LF" "$code" 0
login bob@example.com 'another lamp, red shade'
is "set-password: the new password is valid" "$status" 200
app user deactivate bob@example.com
login bob@example.com 'another lamp, red shade'
is "deactivate" "$status" 401
app user deactivate "$FIRST_ADMIN_EMAIL"
matches "the last owner cannot be demoted" "$code $errors" '1 .*last owner'
app user delete bob@example.com </dev/null
matches "delete needs confirmation" "$code $errors" '1 .*--yes'
app user delete bob@example.com --yes
is "delete" "$code $output" '0 deleted Bob@Example.com'
app user show "$id"
is "delete: the account is gone" "$code" 1
ask GET '/api/v1/audit?action=user_deleted' -H "Authorization: Bearer $token"
is "the audit log has the command as actor" "$(member actor_kind)" cli

# Tokens.
app token
is "a token for the first admin" "$code" 0
ask GET /api/v1/users/me -H "Authorization: Bearer $output"
is "a token for the first admin: the account" "$(member email)" "$FIRST_ADMIN_EMAIL"
app token --email new@example.com --role admin --hours 1 --json
body=$output
is "a token for a new account" "$code $(member role) $(member expires_in)" '0 admin 3600'
ask GET /api/v1/users -H "Authorization: Bearer $(member access_token)"
is "a token for a new account: an admin" "$status" 200
app token --email new@example.com --role viewer
matches "another role" "$code $errors" '1 .*hint: .* user set-role new@example.com viewer'
app token --email user@example.com --role user --json
body=$output
is "a token for a user: a member" "$code $(member role)" '0 member'
app token --email user@example.com --role user
is "a token for an existing account" "$code" 0
app token --role king
matches "no such role" "$code $errors" '1 .*--role must be one of: viewer, member, admin, owner'
app token --hours 0
is "invalid hours" "$code" 2
ENVIRONMENT=production app token
matches "not in production" "$code $errors" '1 .*production'

# Sample data, twice.
app seed --sample
[[ ! -d $TOP/src/features/items ]] || matches "sample" "$code ${output//$'\n'/ }" '^0 .*items: created 5 for grace@example.com'
[[ ! -d $TOP/src/features/tasks ]] || matches "sample tasks" "${output//$'\n'/ }" 'tasks: created 4 for linus@example.com'
login linus@example.com 'brass lamp, green shade'
is "a sample account signs in" "$status" 200
app seed --sample
is "sample again: creates nothing" "$code$(grep -c created <<<"$output" || true)" 00
ENVIRONMENT=production app seed --sample
matches "sample: not in production" "$code $errors" '1 .*production'

# Sessions.
"$APP" user deactivate linus@example.com >>"$log"
app sessions cleanup --json
matches "cleanup" "$code $output" '^0 \{"sessions":[1-9][0-9]*,"refresh_tokens":0\}$'
app sessions cleanup
matches "cleanup again" "$code $output" '^0 removed 0 sessions'
ask GET /api/v1/users/me -H "Authorization: Bearer $token"
is "cleanup keeps live sessions" "$status" 200
for command in user token sessions seed; do
	app "$command" --help
	matches "$command --help" "$code ${output//$'\n'/ }" "^0 Usage: .*Example:.* $command "
	help=$output
	app help "$command"
	is "help $command" "$code $output" "0 $help"
done
app help nonsense
matches "help of an unknown command" "$code $errors" "^2 .*unknown command nonsense"

# The owner of the tables needs no secret of the service.
migrate() { code=0 && output=$(env -u JWT_SECRET_KEY -u DATABASE_URL "$@" "$APP" migrate up 2>&1) || code=$?; }
migrate
is "migrate with only MIGRATE_DATABASE_URL" "$code" 0
migrate -u MIGRATE_DATABASE_URL
is "migrate without a database" "$code" 1
matches "migrate without a database: message" "$output" 'set MIGRATE_DATABASE_URL'
