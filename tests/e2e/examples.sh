#!/usr/bin/env bash
# The programs in examples/: each client works against a running site, and so does
# the smallest application.
# Not under sanitizers: it runs the clients.
. "$(dirname "$0")/lib.sh"
needs_feature items
needs_feature tasks
needs node jq python3 curl openssl "$TOP/tests/e2e/node_modules/typescript/package.json"
site_start AUTH_LOGIN_RATE_LIMIT=1000/minute
clients=$TOP/examples/clients

# Changes the expiry of the token in the file, as if an hour had passed.
expire() {
	local part claims parts signed
	IFS=. read -ra parts < <(jq -r .access_token "$1")
	part=$(tr '_-' '/+' <<<"${parts[1]}")
	while ((${#part} % 4)); do part+='='; done
	claims=$(base64 -d <<<"$part" | jq -c '.iat -= 3600 | .nbf -= 3600 | .exp -= 3600' | tr -d '\n' | base64url)
	signed=${parts[0]}.$claims
	signed+=.$(printf %s "$signed" | openssl dgst -sha256 -hmac "$JWT_SECRET_KEY" -binary | base64url)
	jq --arg token "$signed" '.access_token = $token' "$1" >"$1.new"
	mv "$1.new" "$1"
}
base64url() { base64 -w 0 | tr '/+' '_-' | tr -d '='; }

sign_in
for ((i = 1; i <= 24; i++)); do
	ask POST /api/v1/items -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "{\"title\":\"Item $i\"}"
done
is "an item is created" "$status" 201

export API=$url/api/v1 EMAIL=$FIRST_ADMIN_EMAIL no_proxy='*'
did="signed in as $EMAIL
created once: yes
changed to archived
not changed again: precondition_failed
refused: title too_short, color unknown_field
listed 25 items in 3 pages
deleted: 204"
for client in "$clients"/client.sh "$clients"/client.py "$clients"/client.mjs; do
	text=${client##*/}
	export TOKENS=$site/tokens-$text.json
	is "$text" "$(PASSWORD=$FIRST_ADMIN_PASSWORD "$client" 2>&1)" "$did"
	is "$text: only its user can read the tokens" "$(stat -c %a "$TOKENS")" 600
	is "$text: without a password, with the stored token" "$("$client" 2>&1)" "$did"
	expire "$TOKENS"
	is "$text: with an expired token" "$("$client" 2>&1)" "refreshed
$did"
	rm "$TOKENS"
	matches "$text: a wrong password" "$(PASSWORD=wrong-horse-battery "$client" 2>&1 || true)" \
		'401 invalid_credentials: '
	is "$text: no tokens are stored" "$([[ -e $TOKENS ]] || echo none)" none
done

# The types generated from the OpenAPI document, and the errors they catch.
mkdir "$site/typed"
cp "$clients"/client.ts "$clients"/tsconfig.json "$site/typed"
"$APP" openapi >"$site/openapi.json"
modules=$TOP/tests/e2e/node_modules
node "$modules/openapi-typescript/bin/cli.js" "$site/openapi.json" -o "$site/typed/api.d.ts" >>"$log" 2>&1
types() { node "$modules/typescript/bin/tsc" -p "$site/typed" 2>&1; }
is "the typed client matches the document" "$(types)" ""
cat >>"$site/typed/client.ts" <<-'END'
	void new Client("", "").create({ titel: "Lamp" });
	void new Client("", "").list({ status: "lost" });
END
found=$(types) || true
matches "an unknown member is reported" "$found" "'titel' does not exist"
matches "an invalid choice is reported" "$found" '"lost"'

# The smallest application.
pool_stop
web_stop "$site"
APP=$BUILD/examples/notes/notes
program() { printf '%s\n' "$APP"; }
make_program examples/notes/notes >>"$log" 2>&1 9>&-
site_start
ask POST /api/v1/notes -H 'Content-Type: application/json' -d '{"body":"Water the plants"}'
is "a note is created" "$status" 201
ask GET "$(header location)"
is "the note can be read" "$(member body)" "Water the plants"
ask GET /health/ready
is "the application is ready" "$status" 200
ask GET /openapi.json
is "the application has no accounts" "$(grep -c '"/api/v1/users"' <<<"$body" || true)" 0
