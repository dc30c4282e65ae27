#!/usr/bin/env bash
# Odd requests get the same response from each web server.
# Not under sanitizers: the tests behind nginx send the same requests.
. "$(dirname "$0")/lib.sh"
needs node
site_start RATE_LIMIT=off AUTH_LOGIN_RATE_LIMIT=off AUTH_LOGIN_IP_RATE_LIMIT=off
TOKEN=$("$APP" token)
export TOKEN
for server in $web_servers; do
	web_again
	echo "# $server"
	node "$TOP/tests/e2e/requests.mjs" "$port" "$server" || bad=1
done
