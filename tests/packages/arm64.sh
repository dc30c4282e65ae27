#!/usr/bin/env bash
# Tests the package of `./dev package --arch arm64` in the root that built it, with the program run
# by qemu-user: installs it, sets it up with the commands of README.Debian on a native PostgreSQL,
# sends requests over FastCGI and runs a job. Run it as root after that command; takes some minutes:
#
#	tests/packages/arm64.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tap.sh
. tests/packages/tap.sh

if [[ ${1-} != inside ]]; then
	package=$(sed -n 's/^AC_INIT(\[\([^]]*\)\].*/\1/p' configure.ac)
	built=$(ls "var/package/${package}"_*_arm64.deb 2>/dev/null) || die "there is no package; hint: ./dev package --arch arm64"
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	tar -c "$built" tests/packages | tools/chroot "$suite-arm64" "$suite" "tests/packages/arm64.sh inside"
	exit
fi

# Inside

bad=0
deb=$(echo var/package/*.deb)
package=$(dpkg-deb -f "$deb" Package)
socket=/run/$package/api.sock
password=correct-horse-battery
# Only this script starts services.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
apt() { apt-get -q -y --no-install-recommends "$@" >apt.log 2>&1 || die "apt-get $*: $(tail apt.log)"; }
dpkg --purge "$package" >apt.log 2>&1
apt install qemu-user postgresql libfcgi-bin "./$deb"

as_postgres() { (cd / && runuser -u postgres -- "$@"); }
as_service() { (cd / && exec runuser -u "$package" -g www-data -G "$package" -- "$@"); }
# follow PATTERN: runs the matching commands of README.Debian as printed, with this standard input.
follow() {
	local commands
	commands=$(sed -n 's/^    //p' "/usr/share/doc/$package/README.Debian" | grep "$1")
	(cd / && sh -ec "$commands") >follow.log 2>&1 || die "README.Debian: $1: $(<follow.log)"
}
# ask METHOD PATH [BODY]: sends a FastCGI request, as the web server does.
ask() {
	printf '%s' "${3-}" | env REQUEST_METHOD="$1" REQUEST_URI="$2" CONTENT_TYPE=application/json CONTENT_LENGTH="$(printf '%s' "${3-}" | wc -c)" \
		${token:+HTTP_AUTHORIZATION="Bearer $token"} cgi-fcgi -bind -connect "$socket" 2>&1
}
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
is_live() { ask GET /health/live | grep -q '"ok"'; }
job_ended() { [[ $(ask GET "/api/v1/jobs/$job" | member status) == succeeded ]]; }

is "the program is for arm64" "$(od -An -j 18 -N 2 -tx1 "/usr/bin/$package")" " b7 00"
# A wrapper in PATH for the commands.
printf '#!/bin/sh\nexec qemu-aarch64 /usr/bin/%s "$@"\n' "$package" >"/usr/local/bin/$package"
chmod +x "/usr/local/bin/$package"
is "its version" "$("$package" --version)" "$package $(dpkg-deb -f "$deb" Version | sed 's/-[^-]*$//')"
is "its settings" "$("$package" --env-file "/etc/$package/env" settings | grep -c '^ENVIRONMENT=production$')" 1

bin=$(echo /usr/lib/postgresql/*/bin)
install -d -o postgres /run/postgresql
as_postgres "$bin/initdb" -D /run/postgresql/data --auth=peer >initdb.log
as_postgres "$bin/pg_ctl" -w -D /run/postgresql/data -l /run/postgresql/log \
	-o '-c listen_addresses= -c unix_socket_directories=/run/postgresql' start >initdb.log
follow 'psql\|createdb'
follow 'migrate up'
is "the migrations" "$(as_postgres "$bin/../bin/psql" -Atd "$package" -c 'SELECT count(*) > 0 FROM schema_migrations')" t
follow 'user create' <<<"$password"

install -d -o "$package" -g www-data -m 0750 "/run/$package"
as_service env "LISTEN=unix:$socket" "$package" --env-file "/etc/$package/env" serve >serve.log 2>&1 &
wait_until 30 is_live || die "the pool does not respond: $(tail serve.log)"
ok "the pool responds"
is "the pool is ready" "$(ask GET /health/ready | member status)" ok
token=$(ask POST /api/v1/auth/login "{\"email\":\"you@example.com\",\"password\":\"$password\"}" | member access_token)
is "the first owner signs in" "$(ask GET /api/v1/users/me | member role)" owner
job=$(ask POST '/api/v1/jobs/example?name=a&duration=0' | member job_id)
as_service "$package" --env-file "/etc/$package/env" work --once >work.log 2>&1 || die "work: $(tail work.log)"
job_ended && ok "a job" || is "a job" "$(ask GET "/api/v1/jobs/$job" | member status)" succeeded
kill %1
wait %1 || true
is "the log has no errors" "$(grep -c '"level":"error"' serve.log || true)" 0
((bad == 0))
