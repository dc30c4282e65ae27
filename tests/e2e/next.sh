#!/usr/bin/env bash
# The pages of examples/next, built and driven in headless Chromium.
# Not under sanitizers: it tests pages.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs_feature browser_sessions
needs_feature items
needs node npm chromium "$TOP/tests/e2e/node_modules/playwright-core/package.json"
example=$TOP/examples/next
mkdir -p "$site/log"
if [[ ! $example/node_modules/.package-lock.json -nt $example/package-lock.json ]]; then
	npm ci --ignore-scripts --no-audit --no-fund --cache "$state/npm" --prefix "$example" >>"$log" 2>&1 &&
		touch "$example/node_modules/.package-lock.json" || needs "$example/node_modules/next/package.json"
fi
free_port
pages=$port
export NEXT_TELEMETRY_DISABLED=1
site_start AUTH_COOKIE=on SESSION_CACHE_SECONDS=0 CORS_ORIGINS="http://127.0.0.1:$pages"
export API_URL=$url/api/v1
cd "$example"
node node_modules/next/dist/bin/next build >"$site/log/build.log" 2>&1 || fail_all "next build"
node node_modules/next/dist/bin/next start --hostname 127.0.0.1 --port "$pages" >"$site/log/next.log" 2>&1 &
next=$!
trap 'kill "$next" 2>/dev/null; site_end' EXIT
wait_until 30 port_is_taken "$pages" || fail_all "next start"
CHROMIUM=$(command -v chromium) URL=http://127.0.0.1:$pages API=$url PASSWORD=$FIRST_ADMIN_PASSWORD \
	timeout 200 node "$TOP/tests/e2e/next.mjs"
