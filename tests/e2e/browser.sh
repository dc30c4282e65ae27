#!/usr/bin/env bash
# A person at /docs and /redoc, in headless Chromium. Without a browser (offline) that is
# said and skipped, but not where CI runs.
. "$(dirname "$0")/e2e.sh"

for part in node chromium "$TOP/tests/e2e/node_modules/playwright-core/package.json" \
	"$TOP/deploy/docs/node_modules/swagger-ui-dist/package.json"; do
	if [[ ! -e $part ]] && ! command -v "$part" >/dev/null; then
		missing=${part#"$TOP/"}
		[[ -z ${CI:-} ]] || fail_all "the browser test needs $missing"
		echo "ok - the documentation in a browser # SKIP there is no $missing"
		exit 0
	fi
done

site_start
CHROMIUM=$(command -v chromium) URL=$url PASSWORD=$FIRST_ADMIN_PASSWORD \
	timeout 240 node "$TOP/tests/e2e/browser.mjs"
