#!/usr/bin/env bash
# Tests the commands of deploy/README.md as printed in a fresh Debian booted by systemd: builds from
# source, sets up, and runs with systemd and with spawn-fcgi, behind each web server. Run it as root;
# takes about ten minutes (see machine.sh):
#
#	tests/packages/source.sh [ROOT.tar]
. "$(dirname "$0")/machine.sh"
text=$top/deploy/README.md
password='a long one of your own'

# block TEXT: prints the block of commands that contains it.
block() { awk -v text="$1" '/^```/ { inside = !inside; if (!inside && index(all, text)) { printf "%s", all; exit } all = ""; next } inside { all = all $0 "\n" }' "$text"; }
# quoted START: prints the commands in backquotes that begin with it.
quoted() { tr '\n' ' ' <"$text" | grep -o "\`$1[^\`]*\`" | head -n 1 | tr -d '`'; }
# of_row NAME: prints the first commands of a web server.
of_row() { sed -n "s/^| $1 | [^\`]*\`\([^\`]*\)\`.*/\1/p" "$text"; }
follow() { # COMMANDS
	[[ -n $1 ]] || die "deploy/README.md has no such command"
	inside sh -ec "cd /src; $1" >>"$folder/readme.log" 2>&1 </dev/null || die "deploy/README.md: $1"
}
in_background() { # NAME COMMANDS: in a transient unit
	inside systemd-run -q --collect --unit "by-hand-$1" sh -c "cd /; $2" </dev/null
}

login() {
	sh_inside "curl -s -m 5 http://127.0.0.1/api/v1/auth/login --json '{\"email\":\"me@example.com\",\"password\":\"$password\"}'" |
		sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p'
}
has_job() { [[ $(sql "SELECT status FROM jobs WHERE id = '$job'") == succeeded ]]; }
# Checks what users can notice.
all_is_well() { # HOW
	local token
	wait_until 20 answers /health/ready 200 || die "$1: not ready after 20 s: $(sh_inside 'curl -s http://127.0.0.1/health')"
	token=$(login)
	is "$1: signed in" "${token:+yes}" yes
	is "$1: authenticated" "$(sh_inside "curl -s -m 5 http://127.0.0.1/api/v1/users/me -H 'Authorization: Bearer $token' | grep -c '\"role\":\"owner\"'" || true)" 1
	is "$1: the pages" "$(status_of /docs)" 200
	is "$1: an error of the API" "$(sh_inside "curl -s -m 5 http://127.0.0.1/api/v1/nothing | grep -c '\"code\":\"not_found\"'" || true)" 1
	job=$(sh_inside "curl -s -m 5 -d '' 'http://127.0.0.1/api/v1/jobs/example?name=a&duration=0' -H 'Authorization: Bearer $token'" |
		sed -n 's/.*"job_id":"\([^"]*\)".*/\1/p')
	wait_until 20 has_job || true
	is "$1: a job" "$(sql "SELECT status FROM jobs WHERE id = '$job'")" succeeded
}
workers() { sh_inside "cat /proc/[0-9]*/comm | grep -cx '$package'" || true; }
is_stopped() { [[ $(workers) == 0 ]]; }

# Build before the boot, since the machine has no network

machine_make "$@"
mkdir "$root/src"
(cd "$top" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - -f -) | tar -x -C "$root/src" -f -
if [[ -n ${NODE_EXTRA_CA_CERTS-} ]]; then cp "$NODE_EXTRA_CA_CERTS" "$root/src/build-ca.crt"; fi
outside apt-get -q -y --no-install-recommends install systemd-sysv dbus curl
for row in nginx Apache 'Apache, mod_fcgid' lighttpd; do
	install=$(of_row "$row" | grep -o 'apt-get install[^;]*') || die "deploy/README.md names no packages for $row"
	outside sh -ec "apt-get install -y --download-only ${install#apt-get install}"
done
outside apt-get -q -y install spawn-fcgi
all=$(block 'autoreconf -i')
outside env NODE_EXTRA_CA_CERTS=/src/build-ca.crt sh -ec "cd /src; ${all%%systemd-sysusers*}" || die "the build failed"
is "the program is installed" "$(ls "$root/usr/bin/$package")" "$root/usr/bin/$package"
boot

# Database and settings

inside sh -ec "cd /src; systemd-sysusers${all#*systemd-sysusers}" >>"$folder/readme.log" 2>&1 </dev/null || die "setting up database and settings failed"
is "settings are secret" "$(sh_inside "stat -c '%a %U %G' /etc/$package/env")" "640 root $package"
is "the application cannot change the audit log" "$(inside runuser -u "$package" -- psql -Atd "$package" -c \
	"DELETE FROM audit_events" 2>&1 || true)" "ERROR:  permission denied for table audit_events"

# systemd

follow "$(quoted "systemctl enable --now $package.socket")"
follow "$(of_row nginx)"
all_is_well "systemd, nginx"
follow "$(block ' doctor ')"
ok "doctor finds no fault"

main=$(unit .service MainPID)
follow "make install; $(quoted "systemctl reload $package $package-work")"
is "reloaded: the same process" "$(unit .service MainPID)" "$main"
all_is_well "reloaded"

# The watchdog detects a stopped parent; its workers serve until then.
sh_inside "kill -STOP $main"
is "stopped: its workers respond" "$(status_of /health/ready)" 200
restarted() { [[ $(unit .service NRestarts) == 1 && $(unit .service ActiveState) == active ]]; }
wait_until 90 restarted || true
is "stopped: systemd restarts it" "$(unit .service NRestarts) $(unit .service ActiveState)" "1 active"
all_is_well "after the watchdog"

# A secret that only root can read.
inside sh -ec "sed -n 's/^JWT_SECRET_KEY=//p' /etc/$package/env >/etc/$package/jwt_secret_key
	chmod 600 /etc/$package/jwt_secret_key; sed -i /JWT_SECRET_KEY/d /etc/$package/env
	for unit in $package $package-work; do
		mkdir -p /etc/systemd/system/\$unit.service.d
		{ echo '[Service]'; sed -n 's/^#\(LoadCredential=\)/\1/p' /lib/systemd/system/\$unit.service /usr/lib/systemd/system/\$unit.service | head -n 1; } \
			>/etc/systemd/system/\$unit.service.d/secret.conf
	done
	systemctl daemon-reload; systemctl restart $package $package-work"
all_is_well "LoadCredential"
inside sh -ec "echo JWT_SECRET_KEY=\$(cat /etc/$package/jwt_secret_key) >>/etc/$package/env
	rm -r /etc/systemd/system/$package.service.d /etc/systemd/system/$package-work.service.d; systemctl daemon-reload; systemctl restart $package-work"

# The web servers
inside systemctl -q disable --now nginx
follow "$(of_row Apache)"
all_is_well "Apache"
# mod_fcgid: uncomments the lines in the site file, and uses a role with a password.
inside systemctl -q disable --now "$package.service"
sql "ALTER ROLE $package PASSWORD 'another one'" >/dev/null
sh_inside "sed -i 's|^DATABASE_URL=.*|DATABASE_URL=postgresql://$package:another%20one@localhost/$package|' /etc/$package/env
	sed -i '/^\t#Fcgid/,/^\t#<\/Location>/s/#//; s/^\t\(ProxyPass\|SetEnv \)/\t#&/' /etc/apache2/sites-available/$package.conf"
follow "$(of_row 'Apache, mod_fcgid')"
inside systemctl restart apache2
all_is_well "mod_fcgid"
inside systemctl stop apache2
inside systemctl -q enable --now "$package.service"
follow "$(of_row lighttpd)"
all_is_well "lighttpd"
inside systemctl stop lighttpd
inside systemctl start nginx

# Without systemd
inside systemctl -q disable --now "$package.service" "$package.socket" "$package-work.service"
wait_until 20 is_stopped || die "processes are still running"
inside rm -rf "/run/$package"
job_worker=$(quoted 'runuser[^`]* work')
in_background work "$job_worker"
in_background api "ENV_FILE=/etc/$package/env /usr/share/$package/spawn-fcgi/run"
all_is_well "spawn-fcgi"
inside systemctl stop by-hand-api by-hand-work
wait_until 20 is_stopped || die "spawn-fcgi: the processes did not stop"
is "the journal has no errors" "$(inside journalctl --no-pager -p err -u "$package*" -o cat | grep -v -i watchdog || true)" ""
