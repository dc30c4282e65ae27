#!/usr/bin/env bash
# Compares the JSON reader with Node's on handwritten and random documents.
. "$(dirname "$0")/lib.sh"
needs node
documents=$TOP/tests/lab/fuzz/corpus/json
[[ -d $documents ]] || { echo "ok - $name # SKIP there is no tests/lab"; exit 0; }
make_program -s tests/e2e/json_verdicts
node "$TOP/tests/e2e/json.mjs" "$BUILD/tests/e2e/json_verdicts" "$documents"
