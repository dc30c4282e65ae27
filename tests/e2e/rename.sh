#!/usr/bin/env bash
# `./dev rename` in a copy of the tree: only CHANGES and LICENSE contain the old name, and
# the program has the new one.
# Not under sanitizers: it builds its own programs.
# Beside the others: it builds in a copy of the tree.
. "$(dirname "$0")/lib.sh"
copy_tree
git init -q .
git -c user.name=x -c user.email=x@example.com -c core.autocrlf=false commit -q --allow-empty -m x
git add -A
commit() { git add -A && git -c user.name=x -c user.email=x@example.com commit -q -m "$1"; }
commit before
new=quern-$$ # which no file contains

# NAME | PART OF THE MESSAGE
refused="
Shop          | lower-case letters
1shop         | lower-case letters
shop_api      | lower-case letters
-shop         | lower-case letters
shop--api     | lower-case letters
ab            | 3 to 32
a.b/c         | lower-case letters
$package      | is already the name
items         | is a word that the sources contain
json          | is a word that the sources contain
"
while IFS='|' read -r bad_name wanted; do
	wanted=${wanted# } code=0
	output=$(sh tools/rename "${bad_name%% *}" 2>&1) || code=$?
	if [[ $code == 2 && $(wc -l <<<"$output") == 1 && $output == *"$wanted"* ]]; then
		ok "refused: ${bad_name%% *}"
	else
		not_ok "refused: $bad_name" "  exit status $code" "$output"
	fi
done < <(sed '/^$/d' <<<"$refused")
echo >>README.md
matches "refused: uncommitted changes" "$(sh tools/rename "$new" 2>&1)" 'not committed'
git checkout -q README.md
is "nothing was changed" "$(git status --porcelain)" ""

./dev rename "$new" >rename.log 2>&1 || { cat rename.log; fail_all "it is renamed"; }
ok "it is renamed"
is "no file contains the old name" "$(git grep -liI -- "$package" ':!CHANGES.md' ':!LICENSE')" ""
is "no file is named after it" "$(git ls-files | grep -i -- "$package")" ""
matches "the README has the new name" "$(head -n 1 README.md)" "^# Q${new#q}$"
mkdir -p build
(autoreconf -fi -Werror && cd build && ../configure --enable-werror && make -j2) >build.log 2>&1 || {
	tail -n 30 build.log
	fail_all "it builds"
}
ok "it builds"
is "the program has the new name" "$(cd build && ./"$new" --version | sed 's/ .*//')" "$new"
is "the build output does not contain the old name" "$(grep -lai -- "$package" "build/$new" build/doc/app.8 build/deploy/*/* || true)" ""
if make -C build check check_PROGRAMS=tests/unit/test_settings TESTS="tests/unit/test_settings \$(lints)" >check.log 2>&1; then
	ok "settings and lints pass"
else
	not_ok "settings and lints pass" "$(tail -n 40 check.log)"
fi
commit renamed
sh tools/rename "$package" >>rename.log 2>&1
is "renaming back restores all files" "$(git diff HEAD~1 --name-only)" ""

git checkout -q . && git clean -fdq
git reset -q --hard HEAD~1
rm -r build
drop=()
[[ ! -d tests/lab ]] || drop+=(--drop lab)
for feature in tasks items; do [[ ! -d src/features/$feature ]] || drop+=(--drop "$feature"); done
./dev rename "$new" --drop users >rename.log 2>&1 || true
matches "refused: dropping a part of the core" "$(<rename.log)" '^\./dev rename: --drop takes lab, items or tasks$'
# Without CFLAGS, since make would pass them to a second configure.
MAKEFLAGS='' ./dev rename "$new" "${drop[@]}" >rename.log 2>&1 || { cat rename.log; fail_all "it is renamed, and parts are dropped"; }
is "the parts are gone" "$(ls -d tests/lab src/features/{items,tasks} 2>/dev/null)" ""
is "no document names tests/lab" "$(git grep -l 'tests/lab' -- '*.md' '*.am' .github/dependabot.yml ':!CHANGES.md')" ""
matches "its commands are gone" "$(./dev bench 2>&1)" 'unknown command bench$'
if make -C build check check_PROGRAMS=tests/db/test_migrations TESTS="tests/db/test_migrations $lints_of_sources" >check.log 2>&1; then
	ok "without them, the lints pass"
else
	not_ok "without them, the lints pass" "$(tail -n 40 check.log)"
fi
