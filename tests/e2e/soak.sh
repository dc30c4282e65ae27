#!/usr/bin/env bash
# Mixed traffic, and then the books: rows, sessions, jobs, events and metrics are what the
# clients were told. SOAK_SECONDS: how long (`./dev soak` takes ten minutes).
. "$(dirname "$0")/e2e.sh"
needs_feature items
needs_feature tasks
needs python3

# All clients have one address; the limits of accounts and sessions stay.
site_start AUTH_LOGIN_IP_RATE_LIMIT=off AUTH_REGISTER_RATE_LIMIT=off AUTH_PASSWORD_RATE_LIMIT=off JOB_WORKERS=2
work_start "$site" || fail_all "the job workers do not start"
python3 "$TOP/tests/e2e/soak.py" "$url" "${SOAK_SECONDS:-15}" 4 2>>"$log" || { bad=1; tail -n 5 "$log"; }
