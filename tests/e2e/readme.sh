#!/usr/bin/env bash
# README.md: every command and output as printed, except ids, times and tokens. Other scripts run
# ./dev up and ./dev test.
# Not under sanitizers: it compares outputs.
. "$(dirname "$0")/lib.sh"
needs_feature items
site_start
cd "$site"

# The blocks of one language, numbered: tour.1.sh, tour.2.sh …; a response has the number of
# the command before it.
awk '
	/^```sh$/ { n++; file = "tour." n ".sh"; next }
	/^```json$/ { file = "tour." n ".json"; next }
	/^```/ { file = ""; next }
	file != "" { print >file }
' "$TOP/README.md"

# One shell for all blocks, since they use variables of earlier blocks.
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
	is "response to: $(grep -m1 curl "tour.$n.sh")" "$(mask "tour.$n.out")" "$(mask "tour.$n.json")"
done

# Each command of ./dev that the README names exists.
for command in $(grep -oE '\./dev [a-z]+' "$TOP/README.md" | sed 's/.* //' | sort -u); do
	is "./dev $command" "$("$TOP/dev" "$command" --help 2>&1 | sed -n '1s/^\(Usage: [^ ]* [^ ]*\).*/\1/p')" "Usage: ./dev $command"
done

# A fork merges a later change of the original.
if [[ ! -e $TOP/.git ]]; then
	ok "a later change is merged # SKIP the tree is not a clone"
	exit
fi
export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@example.com GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@example.com
origin=$site/origin/$package.git
mkdir -p "$site/fork"
copy_files "$origin"
commit() { git -C "$1" add -A && git -C "$1" commit -qm "$2"; }
git -C "$origin" init -qb main
commit "$origin" first
clone=$(sed -n 's/^    \(git clone .*\)/\1/p' "$TOP/README.md" | sed "s|https://[^ ]*|$origin|")
merge=$(sed -n '/^    git remote add/,/^$/s/^    //p' "$TOP/README.md" | sed "s|URL|$origin|")
is "the repository is cloned" "$(cd "$site/fork" && eval "$clone" >>"$log" 2>&1 && ls dev)" dev
fork=$site/fork/$package
echo fork >"$fork/src/features/mine"
commit "$fork" mine
echo later >"$origin/later"
commit "$origin" later
is "a later change is merged" "$(cd "$fork" && bash -e <<<"$merge" >>"$log" 2>&1; cat later src/features/mine | xargs)" "later fork"
