#!/usr/bin/env bash
# The pages /docs and /redoc in headless Chromium.
# Not under sanitizers: it tests pages.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs_feature items
needs node chromium "$TOP/tests/e2e/node_modules/playwright-core/package.json" \
	"$TOP/tests/e2e/node_modules/axe-core/axe.min.js" \
	"$TOP/deploy/docs/node_modules/swagger-ui-dist/package.json"
site_start
CHROMIUM=$(command -v chromium) URL=$url PASSWORD=$FIRST_ADMIN_PASSWORD \
	timeout 300 node "$TOP/tests/e2e/browser.mjs"
