#!/usr/bin/env bash
# The token endpoint with the OAuth 2 clients that Python programs use: Authlib, oauthlib
# (requests-oauthlib) and httpx-oauth, from PyPI.
# Not under sanitizers: it runs the clients.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs python3 jq

site_start AUTH_LOGIN_RATE_LIMIT=1000/minute REFRESH_REUSE_GRACE_SECONDS=0

# Cached beside the npm packages and reinstalled if the list changes.
python_packages "$TOP/tests/e2e/requirements.txt" "$state/python"

ask GET /openapi.json
is "the document names the endpoint" \
	"$(jq -r .components.securitySchemes.oauth2.flows.password.refreshUrl <<<"$body")" /api/v1/auth/token

sign_in='signed in: bearer
me: EMAIL
a wrong password: invalid_grant
another grant: unsupported_grant_type
me after the token expired: 200
saved: 1'
refresh='refreshed: 3
reused: invalid_grant
then: invalid_grant
too often: invalid_grant, temporarily_unavailable'
expected() { # NAME TEXT
	sed "s/^/$1: /; s/EMAIL/$FIRST_ADMIN_EMAIL/" <<<"$2"
}
said=$(OAUTHLIB_INSECURE_TRANSPORT=1 AUTHLIB_INSECURE_TRANSPORT=1 no_proxy='*' \
	PASSWORD=$FIRST_ADMIN_PASSWORD PYTHONDONTWRITEBYTECODE=1 \
	"$venv/bin/python" "$TOP/tests/e2e/oauth.py" "$url/api/v1" "$FIRST_ADMIN_EMAIL" 2>>"$log" || tail -n 5 "$log")
said_by() { grep "^$1: " <<<"$said" || printf '%s\n' "$said"; }
is "Authlib" "$(said_by Authlib)" "$(expected Authlib "$sign_in"$'\n'"$refresh")"
is "oauthlib" "$(said_by Oauthlib)" "$(expected Oauthlib "$sign_in"$'\n'"$refresh" | grep -v 'another grant')"
is "httpx-oauth" "$(said_by HttpxOauth)" "$(expected HttpxOauth "$refresh")"
