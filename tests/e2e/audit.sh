#!/usr/bin/env bash
# tools/audit with test lists: it reports vulnerabilities with a fix in linked libraries and in the
# npm locks, ignores packages that the program does not link, and fails if a list cannot be
# fetched. The real lists are not used.
# Beside the others: it needs no site.
# Not under sanitizers: the program links the same libraries.
. "$(dirname "$0")/lib.sh"
needs debsecan npm jq python3

mkdir -p "$site/log"
lists_pid=
trap 'status=$?; [[ -z $lists_pid ]] || kill "$lists_pid"; ((status != 0 || bad == 0)) || status=1; exit "$status"' EXIT

ask_audit() { # sets `output` and `result`.
	result=0
	output=$(npm_config_registry=http://127.0.0.1:$port/npm npm_config_cache=$site/npm npm_config_fetch_retries=0 \
		"$TOP/tools/audit" "$APP" --source "http://127.0.0.1:$port/debsecan" 2>&1) || result=$?
}

audit() { # VERSION SEVERITY
	free_port
	in_background "$site/log/lists.log" python3 "$TOP/tests/e2e/audit_lists.py" "$port" "$1" "$2"
	lists_pid=$background_pid
	wait_until 10 port_is_taken "$port" || fail_all "the lists do not start"
	ask_audit
	kill "$lists_pid"
	lists_pid=
}

audit 0 none
is "no vulnerability: status" "$result" 0
is "no vulnerability: no package is listed" "$(grep -E '^(libpq5|bash|typescript)|CVE' <<<"$output")" ""
audit 1:99 none
is "a library: status" "$result" 1
matches "a library: package and name" "$output" '^libpq5: CVE-2026-0001'
is "bash is not linked" "$(grep bash <<<"$output")" ""
audit 0 high
is "an npm package: status" "$result" 1
matches "an npm package: lock file and severity" "$output" '^tests/e2e: typescript: high'
ask_audit
is "a list that cannot be fetched: status" "$result" 2
matches "a list that cannot be fetched: message" "$output" 'could not fetch'
