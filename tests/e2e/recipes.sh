#!/usr/bin/env bash
# doc/recipes.md in a copy of the tree: each patch applies to the tree alone, all of them together
# build and pass the lints, and the commands print what the page shows, except ids, times and tokens.
# In a fork, a recipe can have been applied before. If its files have gone another way, remove its section.
# Not under sanitizers: it builds its own program.
# Beside the others: it builds in a copy of the tree.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs_feature items
needs_feature tasks
needs_feature browser_sessions
needs python3
copy_tree
copy_build
mkdir -p "$site/log" "$copy.blocks"
[[ ! -d $TOP/deploy/docs/node_modules ]] || cp -r "$TOP/deploy/docs/node_modules" "$copy/deploy/docs/"
blocks=$copy.blocks

# The blocks in order, 01.sh, 02.sql, 03.diff …; the output of a command has its number.
rm -f "$blocks"/*
awk -v folder="$blocks" '
	/^```(sh|sql|diff)$/ { file = sprintf("%s/%02d.%s", folder, ++n, substr($0, 4)); next }
	/^```(json|text)$/ { file = sprintf("%s/%02d.out", folder, n); next }
	/^```/ { file = ""; next }
	file != "" { print >file }
' doc/recipes.md

free_port
other=$((port + 1))
while port_is_taken "$other"; do other=$((other + 1)); done

# Ignores the repository around the copy.
apply() { GIT_CEILING_DIRECTORIES=$(dirname "$copy") git apply "$@" 2>&1; }
is_applied() { apply --check -R "$1" >/dev/null; }
title() { sed -n 's|^+++ b/src/||p' "$1" | tail -n 1; }
dev() { "${clean_env[@]}" PORT="$port" "$@"; }

# Whether the command has run in this tree: KIND NAME SPEC.
is_generated() {
	case $1 in
	migration) compgen -G "db/migrations/*_$2.sql" >/dev/null ;;
	resource) [[ -d src/features/${2}s ]] ;;
	field) grep -q "\b${3%%:*};" "src/features/$2/$2.h" ;;
	esac
}

# First the commands that generate files, and each patch by itself. The patch after `new field` shows what
# the command did.
for block in "$blocks"/*; do
	case $block in
	*.sh)
		read -r _ new kind name spec _ <"$block"
		[[ $new == new ]] || continue
		file=
		! is_generated "$kind" "$name" "$spec" || continue
		file=$(dev bash -e "$block" 2>"$site/log/new.log") || fail_all "$(cat "$block")"
		file=$(grep -x 'db/migrations/.*' <<<"$file")
		;;
	*.sql)
		if [[ -n $file && $kind == field ]]; then
			is "the migration of the field" "$(cat "$file")" "$(cat "$block")"
		elif [[ -n $file ]]; then
			cp "$block" "$file"
		fi
		;;
	*.diff) is_applied "$block" || is "applies alone: $(title "$block")" "$(apply --check "$block")" "" ;;
	esac
done
for block in "$blocks"/*.diff; do
	is_applied "$block" || is "it applies: $(title "$block")" "$(apply "$block")" ""
done

dev ./dev up --detach >"$site/log/up.log" 2>&1 || fail_all "./dev up"
trap 'status=$?; dev ./dev down >/dev/null 2>&1; exit "$status"' EXIT

# Then the commands that show the results, in one shell.
{
	echo 'set -eu'
	for block in "$blocks"/*.sh; do
		! grep -q '^\./dev new ' "$block" || continue
		echo "{"
		sed -e "s|127.0.0.1:8000|127.0.0.1:$port|g" -e "s|127.0.0.1:9000|127.0.0.1:$other|g" -e "s|\"127.0.0.1\", 9000|\"127.0.0.1\", $other|" "$block"
		echo "} >$block.got"
	done
} >"$blocks/all"
is "the commands run" "$(dev bash "$blocks/all" 2>"$site/log/commands.log" || echo "failed: $(tail -n 20 "$site/log/commands.log")")" ""
for block in "$blocks"/*.out; do
	got=${block%.out}.sh.got
	[[ -e $got ]] || continue
	is "output of: $(grep -m1 -E 'curl|dev' "${block%.out}.sh")" "$(mask "$got")" "$(mask "$block")"
done

tests="tests/db/test_statements tests/features/test_fields tests/features/test_items"
lints="tests/lint/api.sh tests/lint/docs.sh tests/lint/format.sh tests/lint/layers.sh tests/lint/names.sh"
copy_check "the lints and tests pass" "$lints tests/db/schema.sh" "$tests" check_PROGRAMS="$tests"
