#!/usr/bin/env bash
# The tour in README.md: every command and output as printed, except
# for ids, times and tokens.
# Not under sanitizers: it compares outputs.
. "$(dirname "$0")/e2e.sh"
needs_feature items
site_start
cd "$site"

# The blocks of one language, numbered: tour.1.sh, tour.2.sh …; an answer has the number of
# the command before it.
awk '
	/^```sh$/ { n++; file = "tour." n ".sh"; next }
	/^```json$/ { file = "tour." n ".json"; next }
	/^```/ { file = ""; next }
	file != "" { print >file }
' "$TOP/README.md"

mask() {
	sed -E -e 's/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/UUID/g' \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g' \
		-e 's/"request_id":"[^"]*"/"request_id":"ID"/g' \
		-e 's/"(access|refresh)_token":"[^"]*"/"\1_token":"TOKEN"/g' "$1"
}

# One shell for all of them: a block uses the variables of those before it.
count=$(find . -name 'tour.*.sh' | wc -l)
{
	echo 'set -eu'
	for n in $(seq "$count"); do
		echo "{"
		sed "s|http://127.0.0.1:8000|$url|g" "tour.$n.sh"
		echo "} >tour.$n.out"
	done
} >tour
is "the README has a tour" "$((count >= 5))" 1
is "the commands run" "$(bash tour 2>&1 || echo "failed")" ""
for n in $(seq "$count"); do
	[[ -f tour.$n.json ]] || continue
	is "answer to: $(grep -m1 curl "tour.$n.sh")" "$(mask "tour.$n.out")" "$(mask "tour.$n.json")"
done
