#!/usr/bin/env bash
# The example in the shipped site that authorizes requests to another service by GET auth/check.
. "$(dirname "$0")/lib.sh"
site_start
conf=$site/nginx/site.conf

# Uncomments the example and adds a service that prints the headers it receives.
service=$((port + 1))
while port_is_taken "$service"; do service=$((service + 1)); done
sed -i -e '/^\t#location = \/-caller/,/^\t#}/s/#//' -e '/^\t#location \/reports\//,/^\t#}/s/#//' \
	-e "s|http://127.0.0.1:9000|http://127.0.0.1:$service|" "$conf"
cat >>"$conf" <<-END
	server {
		listen 127.0.0.1:$service;
		default_type text/plain;
		return 200 'id=\$http_x_user_id role=\$http_x_user_role authorization=\$http_authorization\n';
	}
END
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
