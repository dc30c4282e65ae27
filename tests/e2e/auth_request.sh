#!/usr/bin/env bash
# The example in the shipped site that authorizes requests to another service by GET auth/check.
. "$(dirname "$0")/lib.sh"
cookies=off
[[ ! -d $TOP/src/features/browser_sessions ]] || cookies=on
site_start AUTH_COOKIE=$cookies
conf=$site/nginx/site.conf

# Uncomments the example and adds a service that prints the headers it receives.
service=$((port + 1))
while port_is_taken "$service"; do service=$((service + 1)); done
sed -i -e '/^\t#location = \/-caller/,/^\t#}/s/#//' -e '/^\t#location \/reports\//,/^\t#}/s/#//' \
	-e '/^\t#location \/members\//,/^\t#}/s/#//' -e '/^\t#location @sign_in/,/^\t#}/s/#//' \
	-e "/location .members./,/^\t}/s|/srv/$package|$site/static|" \
	-e "s|http://127.0.0.1:9000|http://127.0.0.1:$service|" "$conf"
cat >>"$conf" <<-END
	server {
		listen 127.0.0.1:$service;
		default_type text/plain;
		return 200 'id=\$http_x_user_id role=\$http_x_user_role authorization=\$http_authorization\n';
	}
END
mkdir -p "$site/static/members"
echo '<h1>For members</h1>' >"$site/static/members/index.html"
chmod -R a+rX "$site/static"
# Old nginx workers use the old file until they exit.
old=$(ps -o pid= --ppid "$(web_pid "$site")")
old_are_gone() { ! ps -o pid= -p "$(xargs <<<"$old" | tr ' ' ,)" >/dev/null; }
kill -HUP "$(web_pid "$site")"
wait_until 10 port_is_taken "$service" || fail_all "nginx did not load the example"
wait_until 10 old_are_gone || fail_all "old nginx workers did not exit"

sign_in
is "signed in" "$status" 200
ask GET /api/v1/users/me -H "Authorization: Bearer $token"
id=$(member id)

ask GET /reports/2026 -H "Authorization: Bearer $token"
is "authorized" "$status" 200
is "the service gets the caller, but no token" "$body" "id=$id role=owner authorization="
ask POST /reports/2026 -H "Authorization: Bearer $token" -d 'a body' -H 'X-User-Role: god'
is "authorized with a body" "$status" 200
is "a client cannot set its own role" "$body" "id=$id role=owner authorization="
ask GET /reports/2026
is "without credentials: rejected" "$status" 401
ask GET /reports/2026 -H "Authorization: Bearer $token" -H 'X-API-Key: x'
is "with an invalid key: rejected" "$status" 401
ask GET /-caller -H "Authorization: Bearer $token"
is "clients cannot request the internal location" "$status" 404

# The static site for signed-in users.
[[ $cookies == on ]] || exit 0
jar=$site/jar
page=(-H 'Sec-Fetch-Mode: navigate' -H 'Accept: text/html')
script=(-H 'Sec-Fetch-Mode: cors' -H 'Accept: */*')
ask GET /members/ "${page[@]}"
is "a page without a session: redirect to the sign-in" "$status $(header location | sed "s|^$url||")" "303 /#sign-in"
is "the redirect is not stored" "$(header cache-control)" no-store
ask GET /members/ -H 'Accept: text/html,*/*'
is "an old browser is redirected too" "$status" 303
ask GET /members/ "${script[@]}"
is_problem "fetch without a session" 401 unauthenticated
ask POST /api/v1/auth/login -c "$jar" --json '{"email":"admin@example.com","password":"correct-horse-battery","cookie":true}'
is "signed in with a cookie" "$status" 200
ask GET /members/ -b "$jar" "${page[@]}"
is "a page with a session" "$status $body" "200 <h1>For members</h1>"
is "the page is not stored" "$(header cache-control)" no-store
ask GET /reports/2026 -b "$jar"
is "another service gets the caller, but no cookie" "$status $body" "200 id=$id role=owner authorization="
ask POST /api/v1/auth/logout -b "$jar" -H "Origin: $url"
is "signed out" "$status" 204
ask GET /members/ -b "$jar" "${script[@]}"
is_problem "fetch after the logout" 401 unauthenticated
matches "the ended cookie is cleared" "$(header set-cookie)" '^session=; .*; Max-Age=0$'
ask GET /members/ -b "$jar" "${page[@]}"
is "a page after the logout" "$status" 303
