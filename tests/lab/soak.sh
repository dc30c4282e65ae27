#!/usr/bin/env bash
# Mixed traffic, then accounting: rows, sessions, jobs, events and metrics match the
# responses. SOAK_SECONDS: the duration (`./dev soak` takes ten minutes).
. "$(dirname "$0")/../e2e/lib.sh"
needs_feature items
needs_feature tasks
needs python3

# All clients share one address; only the limits by address are raised.
site_start AUTH_LOGIN_IP_RATE_LIMIT=off AUTH_REGISTER_RATE_LIMIT=off AUTH_PASSWORD_RATE_LIMIT=off JOB_WORKERS=2
work_start "$site" || fail_all "the job workers did not start"
python3 "$TOP/tests/lab/soak.py" "$url" "${SOAK_SECONDS:-15}" 4 2>>"$log" || { bad=1; tail -n 5 "$log"; }
