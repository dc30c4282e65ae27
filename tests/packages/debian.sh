#!/usr/bin/env bash
# Tests the Debian package in a fresh Debian booted by systemd: installs it, sets it up with the
# commands of README.Debian, upgrades it under load, removes, reinstalls and purges it. Run it as
# root after `./dev package`; takes a few minutes (see machine.sh):
#
#	tests/packages/debian.sh [ROOT.tar]
. "$(dirname "$0")/machine.sh"

# commands PATTERN: prints the matching commands of README.Debian.
commands() { sh_inside "sed -n 's/^    //p' /usr/share/doc/$package/README.Debian" | grep "$1"; }
follow() { # PATTERN; the commands inherit standard input
	local script
	script=$(commands "$1")
	inside sh -ec "$script" >>"$folder/readme.log" 2>&1 || die "README.Debian: $1"
}

# The machine

built=$(ls "$top/var/package/${package}"_*.deb 2>/dev/null) || die "there is no package; hint: ./dev package"
machine_make "$@"
cp "$built" "$root/one.deb"
# The same package with a higher version.
dpkg-deb -R "$built" "$folder/two"
sed -i 's/^Version: .*/&+2/' "$folder/two/DEBIAN/control"
printf '# two\n' >>"$folder/two/usr/share/$package/env.example"
dpkg-deb --root-owner-group -b "$folder/two" "$root/two.deb" >/dev/null
outside apt-get -q -y --no-install-recommends install systemd-sysv dbus curl nginx-light postgresql
outside apt-get -q -y --no-install-recommends --download-only install /one.deb
boot

# Install

apt install /one.deb
is "the user" "$(sh_inside "id -un $package")" "$package"
is "its settings" "$(sh_inside "stat -c '%a %U %G' /etc/$package/env")" "640 root $package"
is "a random secret" "$(sh_inside "grep -cE '^JWT_SECRET_KEY=[0-9a-f]{64}$' /etc/$package/env")" 1
for part in .socket .service -work.service; do
	is "$package$part runs" "$(unit $part ActiveState)" active
	is "$package$part starts at boot" "$(unit $part UnitFileState)" enabled
done
is "pool and job workers" "$(sh_inside "[ \$(cat /proc/[0-9]*/comm | grep -cx '$package') -ge 8 ] && echo run")" run
is "the socket" "$(sh_inside "stat -c '%a %G' /run/$package/api.sock")" "660 www-data"
is "its version" "$(inside "$package" --version | grep -c "^$package ")" 1
is "the manual page" "$(sh_inside "zcat /usr/share/man/man8/$package.8.gz | grep -c '^.TH'")" 1

follow 'psql\|createdb' </dev/null
follow 'migrate up' </dev/null
echo correct-horse-battery | follow 'user create'
follow '^install\|^ln\|^rm\|^systemctl' </dev/null
wait_until 20 answers /health/ready 200 || die "not ready after 20 s: $(sh_inside 'curl -s http://127.0.0.1/health')"
ok "ready behind nginx"
is "its documentation" "$(status_of /docs)" 200
follow doctor </dev/null
ok "doctor finds no fault"
is "the application cannot change the audit log" "$(inside runuser -u "$package" -- psql -Atd "$package" -c \
	"DELETE FROM audit_events" 2>&1 || true)" "ERROR:  permission denied for table audit_events"

login() {
	sh_inside "curl -s http://127.0.0.1/api/v1/auth/login --json '{\"email\":\"you@example.com\",\"password\":\"correct-horse-battery\"}'" |
		sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p'
}
me() { sh_inside "curl -s http://127.0.0.1/api/v1/users/me -H 'Authorization: Bearer $token' | grep -c '\"role\":\"owner\"'" || true; }
token=$(login)
is "the first owner" "$(me)" 1
job=$(sh_inside "curl -s -X POST 'http://127.0.0.1/api/v1/jobs/example?name=a&duration=0' -H 'Authorization: Bearer $token'" |
	sed -n 's/.*"job_id":"\([^"]*\)".*/\1/p')
is_done() { [[ $(sql "SELECT status FROM jobs WHERE id = '$job'") == succeeded ]]; }
wait_until 20 is_done || true
is "a job" "$(sql "SELECT status FROM jobs WHERE id = '$job'")" succeeded

# Upgrade

sh_inside "echo APP_NAME=Mine >>/etc/$package/env"
settings=$(sh_inside "sha256sum /etc/$package/env")
socket=$(sh_inside "stat -c %i /run/$package/api.sock")
pids="$(unit .service MainPID) $(unit -work.service MainPID)"
sh_inside 'while [ ! -e /stop ]; do curl -s -o /dev/null -m 10 -w "%{http_code}\n" http://127.0.0.1/api/v1/users/me \
	-H "Authorization: Bearer '"$token"'"; done >/answers' &
load=$!
wait_until 10 sh_inside '[ $(wc -l </answers) -ge 20 ]' || die "no load"
apt install /two.deb
renewed() { sh_inside "curl -s http://127.0.0.1/health" | grep -q '"service":"Mine"'; }
wait_until 20 renewed || true
sh_inside ': >/stop'
wait "$load"
is "no request failed" "$(sh_inside 'sort -u /answers')" 200
is "pool and job workers have the same process IDs" "$(unit .service MainPID) $(unit -work.service MainPID)" "$pids"
is "the socket is the same" "$(sh_inside "stat -c %i /run/$package/api.sock")" "$socket"
for part in .service -work.service; do
	is "$package$part has the new program" \
		"$(sh_inside "stat -L -c %i /proc/$(unit $part MainPID)/exe")" "$(sh_inside "stat -c %i /usr/bin/$package")"
done
renewed && ok "the new settings apply" || is "the new settings apply" no yes
is "settings are kept" "$(sh_inside "sha256sum /etc/$package/env")" "$settings"

# Remove, install again, purge

apt remove "$package"
is "removed: nothing runs" "$(sh_inside "cat /proc/[0-9]*/comm | grep -cx '$package'" || true)" 0
is "removed: settings stay" "$(sh_inside "sha256sum /etc/$package/env")" "$settings"
is "removed: no program" "$(sh_inside "ls /usr/bin/$package /lib/systemd/system/$package.service 2>/dev/null" || true)" ""
apt install /two.deb
wait_until 20 answers /health/ready 200 || die "reinstalled: not ready after 20 s"
is "reinstalled: the token is still valid" "$(me)" 1
sh_inside "mkdir /etc/$package/keys"
apt purge "$package"
is "purged: no settings" "$(sh_inside "ls /etc/$package")" keys
is "purged: the database stays" "$(sql 'SELECT count(*) FROM users')" 1
is "purged: the user stays" "$(sh_inside "id -un $package")" "$package"
sh_inside "rmdir /etc/$package/keys /etc/$package"
apt install /one.deb
apt purge "$package"
is "purged: no folder" "$(sh_inside "ls -d /etc/$package 2>/dev/null" || true)" ""
is "no unit failed" "$(inside systemctl --failed --plain --no-legend | grep "$package" || true)" ""
is "the journal has no errors" "$(inside journalctl --no-pager -p err -u "$package*" -o cat || true)" ""
