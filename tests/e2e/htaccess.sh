#!/usr/bin/env bash
# Shared hosting: mod_fcgid and a folder with .htaccess, without other configuration.
# Not under sanitizers: the tests behind nginx send the same requests.
. "$(dirname "$0")/lib.sh"
needs_feature items
server=apache
web_site() {
	mkdir -p "$site/home/www" "$site/home/private"
	cp "$TOP/deploy/apache/htaccess" "$site/home/www/.htaccess"
	cp -p "$TOP/deploy/apache/api.fcgi" "$site/home/www/"
	ln -sf "$APP" "$site/home/private/app"
	cp "$site/env" "$site/home/private/env"
	cat >"$site/apache/site.conf" <<-END
		FcgidMaxProcessesPerClass 4
		DocumentRoot $site/home/www
		<Directory $site/home/www>
			AllowOverride All
			Require all granted
		</Directory>
	END
}
site_start
api_stop "$site" # mod_fcgid starts its own.

ask GET /health/live
is "live" "$status" 200
sign_in
is "signed in" "$status" 200
ask GET /api/v1/users/me -H "Authorization: Bearer $token"
is "Authorization is passed" "$status" 200
ask POST /api/v1/items -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"title": "Lamp"}'
is "a body is passed" "$status" 201
ask GET "/api/v1/items?limit=1&sort=-title" -H "Authorization: Bearer $token"
is "a query is passed" "$(member limit)" 1
ask GET /nowhere
is_problem "unknown path" 404 not_found
ask GET //health/live
is_problem "the program sees the raw path" 400 bad_request
ask GET /private/env
is_problem "nothing else is served" 404 not_found
ask POST /api/v1/auth/logout-all -H "Authorization: Bearer $token"
is "logged out" "$status" 204
# Workers share the state through a file.
for n in 1 2 3 4 5 6 7 8; do
	curl -s --noproxy '*' -m 10 -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $token" "$url/api/v1/users/me" &
done >"$site/codes"
wait_until 10 eval '(($(wc -l <"$site/codes") == 8))' || true
is "logged out for every worker" "$(sort -u "$site/codes")" 401
