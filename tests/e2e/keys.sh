#!/usr/bin/env bash
# Rotates the key of the access tokens under use: no user is signed out, and a bad
# key file changes nothing.
. "$(dirname "$0")/lib.sh"

keys=$base/var/test/keys
rm -rf "$keys"
mkdir -p "${keys%/*}"
export JWT_KEYS_DIR=$keys JWT_ALGORITHM=ES256 ENV_FILE=/dev/null
"$APP" keys make >/dev/null
# Key names contain the time in seconds, so two keys must not be created in the same second.
for file in "$keys"/*.pem; do
	mv "$file" "$keys/$(date -u -d '-1 minute' +%Y%m%dT%H%M%SZ)-${file#"$keys"/*Z-}"
done
site_start AUTH_LOGIN_RATE_LIMIT=off

published() { # NUMBER of keys
	ask GET /.well-known/jwks.json
	[[ $(grep -o '"kid"' <<<"$body" | wc -l) == "$1" ]]
}
reload() { kill -HUP "$(<"$PID_FILE")"; }
kid_of() { cut -d . -f 1 <<<"$1" | tr '_-' '/+' | { base64 -di 2>/dev/null || true; } | sed -n 's/.*"kid":"\([^"]*\)".*/\1/p'; }
works() { # TEXT TOKEN STATUS
	ask GET /api/v1/users/me -H "Authorization: Bearer $2"
	is "$1" "$status" "$3"
}

ask GET /.well-known/jwks.json
is "the public keys" "$status" 200
is "the public keys are cacheable" "$(header cache-control)" "public, max-age=600"
sign_in
old=$token
works "a token of the first key" "$old" 200

"$APP" keys make >>"$log" 2>&1
reload
wait_until 10 published 2 || true
is "the second key is published" "$(grep -o '"kid"' <<<"$body" | wc -l)" 2
sign_in
is "the second key does not sign yet" "$(kid_of "$token")" "$(kid_of "$old")"

# Makes the second key an hour old, and the first one a day old.
first=$(kid_of "$old")
for file in "$keys"/*.pem; do
	age="-1 hour"
	[[ $file != *"$first"* ]] || age="-1 day"
	mv "$file" "$keys/$(date -u -d "$age" +%Y%m%dT%H%M%SZ)-${file#"$keys"/*Z-}"
done
reload
signs_anew() { sign_in && [[ $(kid_of "$token") != "$first" ]]; }
wait_until 10 signs_anew || true
new=$token
matches "the second key signs later" "$(kid_of "$new")" '^[A-Za-z0-9_-]{43}$'
works "a token of the second key" "$new" 200
works "a token of the first key is still valid" "$old" 200

echo "no key" >"$keys/broken.pem"
reload
wait_until 10 grep -q 'not reloaded' "$site/log/api.log" || true
works "a broken key file has no effect" "$new" 200
rm "$keys/broken.pem"

for id in -looks-like-an-option "-- --as-a-long-one"; do
	# shellcheck disable=SC2086 # Two words.
	matches "the name of a key: $id" "$("$APP" keys retire $id 2>&1 || true)" 'there is no key -'
done
"$APP" keys retire "$first" >>"$log" 2>&1 && retired=yes || retired=no
is "a key that no token needs is retired" "$retired" yes
reload
wait_until 10 published 1 || true
works "tokens of the retired key are invalid" "$old" 401
works "tokens of the second key are valid" "$new" 200
