#!/usr/bin/env bash
# Clients generated from the OpenAPI document by openapi-generator (Python and TypeScript),
# openapi-python-client, @hey-api/openapi-ts and openapi-typescript: tests/clients/ has a program for
# each, and all print the same.
# Beside the others: it has a site of its own.
# Long: it starts first.
# Not under sanitizers: it runs the clients.
. "$(dirname "$0")/lib.sh"
modules=$TOP/tests/e2e/node_modules
needs node python3 "$modules/openapi-fetch/package.json" "$modules/@hey-api/openapi-ts/package.json"
needs_feature items

rm -rf "$site"
mkdir -p "$site/log" "$site/clients"
python_packages "$TOP/tests/clients/requirements.txt" "$state/python-clients"
cp "$TOP"/tests/clients/* "$site/clients"
ln -s "$modules" "$site/clients/node_modules"
cd "$site/clients"
"$APP" openapi >openapi.json
export PYTHONDONTWRITEBYTECODE=1 PATH=$venv/bin:$PATH no_proxy='*' NO_COLOR=1

# generate NAME COMMAND…: fails the test of each client of NAME.
generate() {
	local name=$1
	shift
	"$@" >"$site/log/$name.log" 2>&1 && return
	not_ok "$name generates a client" "$(tail -n 20 "$site/log/$name.log")"
}
generate openapi-generator openapi-generator-cli batch openapi_generator_*.json
generate openapi-python-client openapi-python-client generate --path openapi.json --meta none \
	--output-path openapi_python_client_generated
generate hey-api node "$modules/@hey-api/openapi-ts/bin/index.cjs" --input openapi.json \
	--output hey_api_generated --client @hey-api/client-fetch
generate openapi-typescript node "$modules/openapi-typescript/bin/cli.js" openapi.json \
	--output openapi_fetch_generated.d.ts
generate tsc node "$modules/typescript/bin/tsc" -p .

# Another site directory: site_start empties its own.
site=$site/site
site_start AUTH_REGISTER_RATE_LIMIT=off

# is_client NAME COMMAND…
is_client() {
	local client=$1 email=$1@example.com
	shift
	is "$client" "$("$@" "$url" "$email" 2>&1)" "registered: $email
signed in: bearer
the caller: member
created: Lamp active
updated: Lamp Brass archived
replaced: Lantern active
read: Lantern
listed: Lamp 5, Lamp 4, Lamp 3, Lamp 2, Lantern in 3 pages
deleted: 204
then: 404 not_found
invalid: 422 validation_error cursor invalid_format"
}
is_client openapi-generator-python python openapi_generator.py
is_client openapi-generator-typescript node compiled/openapi_generator.js
is_client openapi-python-client python openapi_python_client.py
is_client hey-api-openapi-ts node compiled/hey_api.js
is_client openapi-typescript node compiled/openapi_fetch.js
