#!/usr/bin/env bash
# The JSON reader against another one, Node's, on documents by hand and by chance.
. "$(dirname "$0")/e2e.sh"
needs node
make -s -C "$BUILD" tests/e2e/json_verdicts
node "$TOP/tests/e2e/json.mjs" "$BUILD/tests/e2e/json_verdicts" "$TOP/tests/fuzz/corpus/json"
