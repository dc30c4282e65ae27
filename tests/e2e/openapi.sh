#!/usr/bin/env bash
# The OpenAPI document passes a public linter without an error or a warning, and its patterns
# accept the headers that the program accepts.
# Not under sanitizers: it only reads the document.
. "$(dirname "$0")/lib.sh"
needs jq node "$TOP/tests/e2e/node_modules/@redocly/cli/package.json"
mkdir -p "$site/log"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

# lint FILE: prints the findings and sets `found` to their number.
lint() {
	found=
	node "$TOP/tests/e2e/node_modules/@redocly/cli/bin/cli.js" lint --format=json \
		--config="$TOP/tests/e2e/redocly.yaml" "$1" >"$site/found.json" 2>>"$log" || true
	found=$(sed -n 's/^ *"\(errors\|warnings\)": *\([0-9]*\).*/\2/p' "$site/found.json" | xargs)
}

for prefix in /api/v1 ''; do
	API_PREFIX=$prefix "$APP" openapi >"$site/openapi.json"
	lint "$site/openapi.json"
	is "the document under '$prefix' has no findings" "$found" "0 0"
	[[ $found == "0 0" ]] || cat "$site/found.json"
done

is "it is small: 1,450 bytes for each operation" \
	"$("$APP" openapi | jq "[.paths[][]] | $("$APP" openapi | wc -c) < 1450 * length")" true
is "its tags are in the order of use" "$(jq '["Sign-in", "Users", "Items", "Tasks", "Jobs", "API keys",
	"Audit log", "Operations"] as $order | [.tags[].name | select(IN($order[]))] as $tags
	| ($tags | length) > 1 and $tags == [$order[] | select(IN($tags[]))]' "$site/openapi.json")" true
is "an operation documents the errors of its own, and default" \
	"$(jq -c '.paths["/users/{id}"].patch.responses | keys' "$site/openapi.json")" '["200","404","409","default"]'
is "signing in takes JSON, the token endpoint a form" \
	"$(jq -c '[.paths["/auth/login", "/auth/token"].post.requestBody.content | keys[]]' "$site/openapi.json")" \
	'["application/json","application/x-www-form-urlencoded"]'
is "security is one scheme" "$(jq -c '[.paths[][].security[]] | unique' "$site/openapi.json")" '[{"bearer":[]}]'
is "request schemas have no default" "$(jq -c '[.. | objects | select(has("default") and has("type"))]' "$site/openapi.json")" '[]'

sed 's/"operationId":"users_create"/"operationId":"users_list"/; s/"title":"[^"]*"/"titel":"x"/' \
	"$site/openapi.json" >"$site/bad.json"
lint "$site/bad.json"
is "the linter reports an error" "$([[ $found != "0 0" && -n $found ]] && echo yes)" yes

needs_feature items
site_start RATE_LIMIT=off
TOKEN=$("$APP" token) URL=$url node "$TOP/tests/e2e/openapi.mjs"
for path in /openapi.json /api/v1/openapi.json; do
	ask GET $path -H 'Accept-Encoding: gzip'
	is "$path: compressed" "$(header content-encoding)" gzip
	ask GET $path -H 'Accept-Encoding: gzip' -H "If-None-Match: $(header etag)"
	is "$path: 304 for the compressed one" "$status" 304
done
ask GET /api/v1/users/me -H 'Accept-Encoding: gzip' -H "Authorization: Bearer $("$APP" token)"
is "no secrets are compressed (BREACH)" "$status$(header content-encoding)" 200
