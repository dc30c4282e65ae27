#!/usr/bin/env bash
# Sessions in a cookie, in headless Chromium: a page of our own, a listed and a foreign origin.
# Not under sanitizers: it tests pages.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs_feature browser_sessions
needs node chromium "$TOP/tests/e2e/node_modules/playwright-core/package.json"
server=${SERVER:-nginx}
free_port
own=$port listed=$((own + 1)) foreign=$((own + 2))
while port_is_taken "$listed" || port_is_taken "$foreign"; do listed=$((listed + 2)) foreign=$((foreign + 2)); done
site_edit=$(page_edit) # A page of our own, which may send requests.
# The same site is another port of the host; another site has another name.
site_start AUTH_COOKIE=on SESSION_CACHE_SECONDS=0 AUTH_LOGIN_RATE_LIMIT=off AUTH_LOGIN_IP_RATE_LIMIT=off \
	CORS_ORIGINS="http://127.0.0.1:$listed"
CHROMIUM=$(command -v chromium) URL=$url LISTED=$listed FOREIGN=$foreign PASSWORD=$FIRST_ADMIN_PASSWORD \
	timeout 240 node "$TOP/tests/e2e/cookies.mjs"
