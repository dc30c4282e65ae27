#!/usr/bin/env bash
# The Debian package in a fresh Debian that systemd boots: installed, set up by the commands
# of its README.Debian, upgraded under load, removed, installed again, purged. As root, after
# `./dev package`, a few minutes (machine.sh says more):
#
#	tests/packages/debian.sh [ROOT.tar]
. "$(dirname "$0")/machine.sh"

# The commands of README.Debian as printed.
commands() { sh_inside "sed -n 's/^    //p' /usr/share/doc/$package/README.Debian" | grep "$1"; }
follow() { # PATTERN, standard input is theirs
	local script
	script=$(commands "$1")
	inside sh -ec "$script" >>"$folder/readme.log" 2>&1 || die "README.Debian: $1"
}

# The machine

built=$(ls "$top/var/package/${package}"_*.deb 2>/dev/null) || die "there is no package: ./dev package"
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
is "a secret of its own" "$(sh_inside "grep -cE '^JWT_SECRET_KEY=[0-9a-f]{64}$' /etc/$package/env")" 1
for part in .socket .service -work.service; do
	is "$package$part runs" "$(unit $part ActiveState)" active
	is "$package$part starts with the machine" "$(unit $part UnitFileState)" enabled
done
is "pool and job workers" "$(sh_inside "[ \$(cat /proc/[0-9]*/comm | grep -cx '$package') -ge 8 ] && echo run")" run
is "the socket" "$(sh_inside "stat -c '%a %G' /run/$package/api.sock")" "660 www-data"
is "it says its version" "$(inside "$package" --version | grep -c "^$package ")" 1
is "the manual page" "$(sh_inside "zcat /usr/share/man/man8/$package.8.gz | grep -c '^.TH'")" 1

follow 'psql\|createdb' </dev/null
follow 'migrate up' </dev/null
echo correct-horse-battery | follow 'user create'
follow '^install\|^ln\|^rm\|^systemctl' </dev/null
wait_until 20 answers /health/ready 200 || die "it does not get ready: $(sh_inside 'curl -s http://127.0.0.1/health')"
ok "ready behind nginx"
is "its documentation" "$(status_of /docs)" 200
follow doctor </dev/null
ok "the doctor finds nothing"
is "the audit log stays as it is" "$(inside runuser -u "$package" -- psql -Atd "$package" -c \
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
is "no request was lost" "$(sh_inside 'sort -u /answers')" 200
is "the pool is that of before, and so are the jobs" "$(unit .service MainPID) $(unit -work.service MainPID)" "$pids"
is "the socket is that of before" "$(sh_inside "stat -c %i /run/$package/api.sock")" "$socket"
for part in .service -work.service; do
	is "$package$part has the new program" \
		"$(sh_inside "stat -L -c %i /proc/$(unit $part MainPID)/exe")" "$(sh_inside "stat -c %i /usr/bin/$package")"
done
renewed && ok "new settings" || is "new settings" no yes
is "settings are kept" "$(sh_inside "sha256sum /etc/$package/env")" "$settings"

# Remove, install again, purge

apt remove "$package"
is "removed: nothing runs" "$(sh_inside "cat /proc/[0-9]*/comm | grep -cx '$package'" || true)" 0
is "removed: settings stay" "$(sh_inside "sha256sum /etc/$package/env")" "$settings"
is "removed: no program" "$(sh_inside "ls /usr/bin/$package /lib/systemd/system/$package.service 2>/dev/null" || true)" ""
apt install /two.deb
wait_until 20 answers /health/ready 200 || die "installed again, it does not get ready"
is "installed again: the token of before is good" "$(me)" 1
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
is "nothing to complain about" "$(inside journalctl --no-pager -p err -u "$package*" -o cat || true)" ""
