#!/usr/bin/env bash
# `./dev remove` in a copy of the tree: only the migrations of a resource remain, no other
# test is removed, and the tree builds and passes its tests. First a generated resource,
# then the two that are part of the tree.
# Not under sanitizers: it builds its own programs.
# Beside the others: it builds in a copy of the tree.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs_feature items
needs_feature tasks
needs_feature browser_sessions
needs_no_feature gadgets
copy_tree
copy_build
git init -q .
git add -A
git -c user.name=x -c user.email=x@example.com commit -q -m before

# refused TEXT FEATURE WANTED
refused() {
	local output code=0
	output=$(perl tools/remove_resource ${2:+"$2"} 2>&1) || code=$?
	if [[ $code == 2 && $(wc -l <<<"$output") == 1 && $output == *"$3"* ]]; then
		ok "refused: $1"
	else
		not_ok "refused: $1" "  exit status $code" "$output"
	fi
}

refused "no argument" "" "expected one FEATURE"
refused "an unknown feature" lamps "there is no such feature"
refused "a path" ../features/items "there is no such feature"
refused "users" users "is a part of the core"
refused "jobs" jobs "is a part of the core"
refused "health" health "is a part of the core"
is "nothing was changed" "$(git diff --name-only)" ""

perl tools/new_resource gadget name:text task:ref:tasks? >new.log 2>&1 || { cat new.log; fail_all "a resource is created"; }
refused "a resource that another feature uses" tasks "src/features/gadgets/gadgets.c uses it"
refused "a resource that is not committed" gadgets "changes that are not committed"
perl tools/remove_resource gadgets --force >remove.log 2>&1 || { cat remove.log; fail_all "it is removed"; }
is "only the migrations of a created resource remain" \
	"$(git status --porcelain | grep -vE ' (db/migrations/.*|new\.log|remove\.log)$')" ""

printf 'ALTER TABLE ONLY lamps\n    ADD CONSTRAINT x FOREIGN KEY (i) REFERENCES tasks(id);\n' >>db/schema.sql
refused "a resource that another table references" tasks "the table lamps refers to it"
git checkout -q db/schema.sql
rm db/migrations/*gadgets.sql

perl tools/remove_resource browser_sessions >remove.log 2>&1 || { cat remove.log; fail_all "a feature is removed"; }
is "a feature is removed with its test" "$(git ls-files --deleted tests | xargs)" tests/features/test_browser_sessions.c
is "nothing in the sources uses it" "$(grep -rl "browser_sessions" src include tests/features tests/support |
	xargs grep -l 'features/browser_sessions\|browser_sessions_feature' || true)" ""
git add -A
git -c user.name=x -c user.email=x@example.com commit -q -m without

perl tools/remove_resource tasks >remove.log 2>&1 || { cat remove.log; fail_all "tasks are removed"; }
removed_tests() { git ls-files --deleted tests | xargs; }
is "the tests of tasks are removed, and no others" "$(removed_tests)" \
	"tests/features/test_tasks.c tests/support/make_task.c tests/support/make_task.h"
is "nothing in the sources names them" "$(grep -rlE 'tasks_|struct task\b|make_task|"/tasks|tasks:read' src include tests/features tests/support Makefile.am || true)" ""
./dev remove items >remove.log 2>&1 || { tail -n 40 remove.log; fail_all "items are removed"; }
ok "items are removed, and the rest builds"
is "the tests of items are removed, and no others" "$(removed_tests | sed 's/[^ ]*_tasks\?\.[ch] \?//g; s/ $//')" \
	"tests/features/test_items.c tests/features/test_search.c tests/support/make_item.c tests/support/make_item.h"
is "each script that needs items says so" \
	"$(grep -lE '/api/v1/items|(FROM|INTO|ON|TABLE) items' tests/{e2e,lab}/*.sh | xargs grep -LE '^needs_feature items|/src/features/items')" ""
is "nothing in the sources names items" "$(grep -rlE 'items_feature|struct item\b|make_item|"/items"|items:read' src tests/features tests/support Makefile.am | grep -v '^include' || true)" ""

# Builds all test programs. Runs only the tests that read the rows of all features; with
# `./dev test --all`, all tests of database and features.
what="those that read all features"
tests="tests/db/test_migrations tests/db/test_statements tests/features/test_access tests/features/test_api_keys"
tests+=" tests/features/test_docs tests/features/test_fields tests/features/test_jobs tests/features/test_lists"
if [[ ${TEST_ALL-} == yes ]]; then
	what="all tests of database and features"
	tests="\$(filter tests/db/% tests/features/%,\$(check_PROGRAMS))"
fi
copy_check "every test program builds, and $what pass, and the lints" "tests/db/schema.sh $lints_of_sources" "$tests"
document=$(build/"$package" openapi)
is "the OpenAPI document has neither resource" "$(grep -cE '"/api/v1/(items|tasks)' <<<"$document" || true)" 0
