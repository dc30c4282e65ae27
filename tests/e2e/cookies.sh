#!/usr/bin/env bash
# Sessions in a cookie, in headless Chromium, behind each web server: a page of our own, a listed and a foreign origin.
# Not under sanitizers: it tests pages.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs_feature browser_sessions
needs node chromium "$TOP/tests/e2e/node_modules/playwright-core/package.json"
free_port
own=$port listed=$((own + 1)) foreign=$((own + 2))
while port_is_taken "$listed" || port_is_taken "$foreign"; do listed=$((listed + 2)) foreign=$((foreign + 2)); done
# The same site is another port of the host; another site has another name.
site_start AUTH_COOKIE=on SESSION_CACHE_SECONDS=0 AUTH_LOGIN_RATE_LIMIT=off AUTH_LOGIN_IP_RATE_LIMIT=off \
	CORS_ORIGINS="http://127.0.0.1:$listed"
in_chromium() {
	echo "# behind $server"
	CHROMIUM=$(command -v chromium) URL=$url LISTED=$listed FOREIGN=$foreign PASSWORD=$FIRST_ADMIN_PASSWORD \
		timeout 240 node "$TOP/tests/e2e/cookies.mjs" || bad=$((bad + 1))
}
in_chromium
for next in apache lighttpd; do
	web_stop "$site"
	server=$next
	web_start "$site" "$port" || fail_all "$server does not start"
	wait_until 10 is_ready "$url" || fail_all "the site is not ready behind $server"
	in_chromium
done
