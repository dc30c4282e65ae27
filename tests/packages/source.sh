#!/usr/bin/env bash
# deploy/README.md as printed, in a fresh Debian booted by systemd: built from
# source, set up, run by systemd, as single workers, by spawn-fcgi and by multiwatch, behind
# each web server. As root, some ten minutes (machine.sh says more):
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
in_background() { # NAME COMMANDS: by systemd, but in nothing else its guests
	inside systemd-run -q --collect --unit "by-hand-$1" sh -c "cd /; $2" </dev/null
}

login() {
	sh_inside "curl -s -m 5 http://127.0.0.1/api/v1/auth/login --json '{\"email\":\"me@example.com\",\"password\":\"$password\"}'" |
		sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p'
}
has_job() { [[ $(sql "SELECT status FROM jobs WHERE id = '$job'") == succeeded ]]; }
# Checks what a user notices.
all_is_well() { # HOW
	local token
	wait_until 20 answers /health/ready 200 || die "$1: it does not get ready: $(sh_inside 'curl -s http://127.0.0.1/health')"
	token=$(login)
	is "$1: somebody signs in" "${token:+yes}" yes
	is "$1: and is known" "$(sh_inside "curl -s -m 5 http://127.0.0.1/api/v1/users/me -H 'Authorization: Bearer $token' | grep -c '\"role\":\"owner\"'" || true)" 1
	is "$1: the pages" "$(status_of /docs)" 200
	is "$1: an error of its own" "$(sh_inside "curl -s -m 5 http://127.0.0.1/api/v1/nothing | grep -c '\"code\":\"not_found\"'" || true)" 1
	job=$(sh_inside "curl -s -m 5 -d '' 'http://127.0.0.1/api/v1/jobs/example?name=a&duration=0' -H 'Authorization: Bearer $token'" |
		sed -n 's/.*"job_id":"\([^"]*\)".*/\1/p')
	wait_until 20 has_job || true
	is "$1: a job" "$(sql "SELECT status FROM jobs WHERE id = '$job'")" succeeded
}
workers() { sh_inside "cat /proc/[0-9]*/comm | grep -cx '$package'" || true; }
nobody_works() { [[ $(workers) == 0 ]]; }

# Build: outside the machine, which has no network

machine_make "$@"
mkdir "$root/src"
(cd "$top" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - -f -) | tar -x -C "$root/src" -f -
if [[ -n ${NODE_EXTRA_CA_CERTS-} ]]; then cp "$NODE_EXTRA_CA_CERTS" "$root/src/build-ca.crt"; fi
outside apt-get -q -y --no-install-recommends install systemd-sysv dbus curl
for row in nginx Apache 'Apache, mod_fcgid' lighttpd; do
	install=$(of_row "$row" | grep -o 'apt-get install[^;]*') || die "no packages for $row"
	outside sh -ec "apt-get install -y --download-only ${install#apt-get install}"
done
outside apt-get -q -y install spawn-fcgi multiwatch
all=$(block 'autoreconf -i')
outside env NODE_EXTRA_CA_CERTS=/src/build-ca.crt sh -ec "cd /src; ${all%%systemd-sysusers*}" || die "the build"
is "the program is installed" "$(ls "$root/usr/bin/$package")" "$root/usr/bin/$package"
boot

# Database and settings

inside sh -ec "cd /src; systemd-sysusers${all#*systemd-sysusers}" >>"$folder/readme.log" 2>&1 </dev/null || die "database and settings"
is "settings are secret" "$(sh_inside "stat -c '%a %U %G' /etc/$package/env")" "640 root $package"
is "the audit log stays as it is" "$(inside runuser -u "$package" -- psql -Atd "$package" -c \
	"DELETE FROM audit_events" 2>&1 || true)" "ERROR:  permission denied for table audit_events"

# systemd

follow "$(quoted "systemctl enable --now $package.socket")"
follow "$(of_row nginx)"
all_is_well "systemd, nginx"
follow "$(block ' doctor ')"
ok "the doctor finds nothing"

main=$(unit .service MainPID)
follow "make install; $(quoted "systemctl reload $package $package-work")"
is "reloaded: the same process" "$(unit .service MainPID)" "$main"
all_is_well "reloaded"

# The watchdog notices a stopped parent; its workers serve until then.
sh_inside "kill -STOP $main"
is "stopped: its workers answer" "$(status_of /health/ready)" 200
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

# A unit for each worker
inside systemctl -q disable --now "$package.service"
inside systemctl enable --now "$package@1" "$package@2" >>"$folder/readme.log" 2>&1
all_is_well "single workers"
sh_inside "kill -KILL $(unit @1.service MainPID)"
all_is_well "one of them killed"
inside systemctl -q disable --now "$package@1" "$package@2"

# The web servers
inside systemctl -q enable --now "$package.service"
inside systemctl -q disable --now nginx
follow "$(of_row Apache)"
all_is_well "Apache"
# By mod_fcgid: the lines that the comment of the site names, and a role with a password.
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
wait_until 20 nobody_works || die "something works on"
inside rm -rf "/run/$package"
job_worker=$(quoted 'runuser[^`]* work')
in_background work "$job_worker"
in_background api "ENV_FILE=/etc/$package/env /usr/share/$package/spawn-fcgi/run"
all_is_well "spawn-fcgi"
inside systemctl stop by-hand-api by-hand-work
wait_until 20 nobody_works || die "spawn-fcgi: it does not end"
inside rm -rf "/run/$package"
in_background work "$job_worker"
in_background api "$(block multiwatch)"
all_is_well "multiwatch"
inside systemctl stop by-hand-api by-hand-work
is "nothing to complain about" "$(inside journalctl --no-pager -p err -u "$package*" -o cat | grep -v -i watchdog || true)" ""
