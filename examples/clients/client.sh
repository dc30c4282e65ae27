#!/usr/bin/env bash
# A client in shell, with curl and jq: the practices that every client should follow.
#
#	API=http://127.0.0.1:8000/api/v1 EMAIL=ada@example.com PASSWORD=… ./client.sh
#
# The tokens of the last sign-in are kept in the file TOKENS, so the next run needs no password.
set -euo pipefail
: "${API:=http://127.0.0.1:8000/api/v1}" "${TOKENS:=tokens.json}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 077 # Only this user may read the tokens.

# send METHOD PATH [ARGUMENTS of curl…]: sets `status`; the response is in $work/body and
# $work/head. Other users of the machine can see arguments, so the token is passed in a
# file.
send() {
	local method=$1 path=$2
	shift 2
	status=$(curl -sS -m 30 -X "$method" -D "$work/head" -o "$work/body" -w '%{http_code}' \
		-H @<([[ ! -s $TOKENS ]] || jq -r '"Authorization: Bearer " + .access_token' "$TOKENS") \
		"$@" "$API$path")
}

member() { jq -r "$1" "$work/body"; }
header() { sed -n "s/^$1: *\(.*\)\r$/\1/Ip" "$work/head"; }
json=(-H 'Content-Type: application/json' --data-binary) # followed by the body, or @FILE

# Errors have a stable form: status, code, detail, errors.
problem() {
	jq -r '"\(.status) \(.code): \(.detail)", (.errors[]? | "  \(.field) \(.message)")' "$work/body" >&2
}

sign_in() {
	: "${EMAIL:?}" "${PASSWORD:?}"
	jq -n '{email: env.EMAIL, password: env.PASSWORD}' >"$work/in"
	rm -f "$TOKENS"
	send POST /auth/login "${json[@]}" @"$work/in"
	[[ $status == 200 ]] || { problem; exit 1; }
	cp "$work/body" "$TOKENS"
}

# A refresh token is valid once: store its successor before anything else.
refresh() {
	jq '{refresh_token}' "$TOKENS" >"$work/in"
	rm -f "$TOKENS"
	send POST /auth/refresh "${json[@]}" @"$work/in"
	[[ $status == 200 ]] || return 1
	cp "$work/body" "$TOKENS"
}

# api METHOD PATH [ARGUMENTS…]: like send; repeats the request with new tokens if the access
# token has expired. Returns 1 for a problem.
api() {
	[[ -s $TOKENS ]] || sign_in
	send "$@"
	if [[ $status == 401 && $(member .code) == token_expired ]]; then
		echo "refreshed"
		refresh || sign_in
		send "$@"
	fi
	((status < 400))
}

# Examples.

api GET /users/me || { problem; exit 1; }
echo "signed in as $(member .email)"

# A POST that can be repeated: a lost response does not create a second item.
key=$(cat /proc/sys/kernel/random/uuid) made=()
for try in first second; do
	api POST /items -H "Idempotency-Key: $key" "${json[@]}" '{"title":"Lamp"}' || { problem; exit 1; }
	made+=("$(member .id)")
done
item=${made[0]}
echo "created once: $([[ $item == "${made[1]}" ]] && echo yes || echo no)"

# Changes the item only if it is still the version that was read.
api GET "/items/$item"
tag=$(header etag)
api PATCH "/items/$item" -H "If-Match: $tag" "${json[@]}" '{"status":"archived"}' || { problem; exit 1; }
echo "changed to $(member .status)"
api PATCH "/items/$item" -H "If-Match: $tag" "${json[@]}" '{"status":"draft"}' ||
	echo "not changed again: $(member .code)"

api POST /items "${json[@]}" '{"title":"","color":"red"}' ||
	echo "refused: $(member '[.errors[] | "\(.field) \(.code)"] | join(", ")')"

# Every row of a list, page by page; with cursors, no row is repeated or skipped.
count=0 pages=0 cursor=
while
	api GET "/items?limit=10${cursor:+&cursor=$cursor}" || { problem; exit 1; }
	count=$((count + $(member '.items | length'))) pages=$((pages + 1))
	cursor=$(member '.next_cursor // empty')
	[[ -n $cursor ]]
do :; done
echo "listed $count items in $pages pages"

api DELETE "/items/$item"
echo "deleted: $status"
