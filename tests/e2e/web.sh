#!/usr/bin/env bash
# The page of examples/web in headless Chromium.
# Not under sanitizers: it tests pages.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs_feature items
needs_feature tasks
needs node chromium "$TOP/tests/e2e/node_modules/playwright-core/package.json" \
	"$TOP/tests/e2e/node_modules/axe-core/axe.min.js"
site_edit=$(page_edit)
needs_feature browser_sessions
site_start AUTH_COOKIE=on SESSION_CACHE_SECONDS=0 JOB_POLL_SECONDS=1 MAIL_DIR="$site/mail" MAIL_TEMPLATES="$TOP/deploy/mail"
work_start "$site" || fail_all "the job workers do not start"
trap 'work_stop "$site"; site_end' EXIT

for file in / /verify-email /reset-password /app/app.js /app/api.js /app/app.css; do
	ask GET "$file?token=x"
	is "$file" "$status" 200
	matches "$file: policy" "$(header content-security-policy)" "^default-src 'none'; "
done
for file in / /verify-email /reset-password /app/app.js; do
	ask GET "$file%0a"
	is_problem "$file with a final newline" 400 bad_request
done
ask GET /app/README.md
is_problem "other files of the folder" 404 not_found
is "no inline script in the page" "$(grep -cE '<script>| on[a-z]+=| style=' "$TOP/examples/web/index.html" || true)" 0

CHROMIUM=$(command -v chromium) PACKAGE=$package URL=$url PASSWORD=$FIRST_ADMIN_PASSWORD MAILS=$site/mail \
	timeout 240 node "$TOP/tests/e2e/web.mjs"
