# shellcheck shell=bash
# Packages of Debian and npm.

# COMMAND:PACKAGE is missing if the command is, PACKAGE if dpkg does not list it as installed.
packages_build='gcc make:make autoconf:autoconf automake:automake pkg-config:pkg-config
	libc6-dev libfcgi-dev libjwt-dev libjson-c-dev libpq-dev libcrypt-dev libssl-dev
	libcurl4-openssl-dev libhiredis-dev libargon2-dev'
packages_nginx='nginx:nginx'
packages_apache='apache2:apache2-bin libapache2-mod-fcgid'
packages_lighttpd='lighttpd:lighttpd lighttpd-modules-lua lighttpd-mod-deflate'
packages_run='initdb:postgresql psql:postgresql-client curl:curl'
packages_docs='npm:npm'
packages_test='libcriterion-dev git:git debsecan:debsecan redis-server:redis-server pgbouncer:pgbouncer ip:iproute2 spawn-fcgi:spawn-fcgi systemd-socket-activate:systemd
	cgi-fcgi:libfcgi-bin ps:procps man:man-db jq:jq python3:python3 python3-venv openssl:openssl valgrind:valgrind promtool:prometheus'
packages_browser='chromium:chromium'
packages_lint='clang-format:clang-format shellcheck:shellcheck codespell:codespell'
packages_analyze='cppcheck:cppcheck clang-tidy:clang-tidy'
packages_coverage='gcovr:gcovr'
packages_package='libcriterion-dev dpkg-buildpackage:dpkg-dev dpkg-architecture:build-essential debhelper lintian:lintian
	fakeroot:fakeroot git:git systemd:systemd'
packages_cross='debootstrap:debootstrap'
packages_audit='debsecan:debsecan npm:npm jq:jq'
packages_fuzz='clang:clang libclang-rt-dev'
packages_bench='valgrind:valgrind wrk:wrk python3:python3 npm:npm python3-fastapi python3-sqlalchemy python3-asyncpg python3-uvloop
	python3-uvicorn python3-httptools python3-jwt go:golang-go'

has_command() {
	case $1 in
	initdb) postgres_bin >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# missing SPEC…: prints the packages that are not installed.
missing() {
	local spec
	for spec in "$@"; do
		case $spec in
		*:*) has_command "${spec%%:*}" || printf '%s\n' "${spec##*:}" ;;
		*)
			! command -v dpkg-query >/dev/null || [[ $(dpkg-query -W -f '${Status}' "$spec" 2>/dev/null) == *' installed' ]] ||
				printf '%s\n' "$spec"
			;;
		esac
	done
}

as_root() {
	if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# install_packages SPEC…: installs what is missing, without starting its services or creating a
# system cluster.
install_packages() {
	local want
	mapfile -t want < <(missing "$@")
	((${#want[@]})) || return 0
	if ! command -v apt-get >/dev/null; then
		die "Missing packages (Debian names): ${want[*]}" \
			"hint: install them under the names of your distribution, then run this again"
	fi
	if ((EUID != 0)) && ! command -v sudo >/dev/null; then
		die "Missing packages, and sudo is not installed: ${want[*]}" \
			"hint: run as root: apt-get update && apt-get install --no-install-recommends ${want[*]}"
	fi
	((EUID == 0)) || sudo -v || die "sudo is needed to install: ${want[*]}"
	run "Installing ${want[*]}" as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
		setsid -w bash -c "$apt_script" apt "${want[@]}"
}

# Runs as root in its own session, so that Ctrl-C cannot interrupt dpkg. clean() also removes the
# files of a run that was killed. Only services installed by this run are disabled at boot.
# shellcheck disable=SC2016 # The shell that runs it expands it.
apt_script='
mark="# of ./dev, while it installs packages"
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/dev-no-cluster.conf
boot=/etc/systemd/system/multi-user.target.wants
clean() {
	if grep -qs "$mark" $policy; then rm -f $policy; fi
	rm -f $cluster
}
trap clean EXIT
clean
if [ ! -e $policy ]; then
	printf "#!/bin/sh\n%s\nexit 101\n" "$mark" >$policy
	chmod 755 $policy
fi
mkdir -p ${cluster%/*}
echo "create_main_cluster = false" >$cluster
had=$(for name in nginx lighttpd redis-server pgbouncer; do [ -e $boot/$name.service ] && echo $name; done)

[ -z "$(dpkg --audit)" ] || dpkg --configure -a
apt-get update -q || echo "apt-get update failed; continuing with the existing package lists"
apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 "$@" || exit
for name in nginx lighttpd redis-server pgbouncer; do
	case " $had " in
	*"$name"*) ;;
	*) rm -f $boot/$name.service ;;
	esac
done
'

# Fetches the pages of /docs and /redoc in the background, since npm needs hundreds of Debian
# packages and nothing else needs the pages.
docs_pid=
docs_begin() {
	local folder=$root/deploy/docs
	if fetched "$folder"; then return; fi
	: >"$state/log/docs.log"
	(
		trap - EXIT
		log=$state/log/docs.log
		install_packages $packages_docs && npm_fetch "$folder" "Fetching the pages"
	) >>"$state/log/docs.log" 2>&1 &
	docs_pid=$!
}

docs_end() {
	[[ -n $docs_pid ]] || return 0
	run "Fetching the pages of /docs and /redoc" wait "$docs_pid" ||
		warn "/docs and /redoc will be unavailable; everything else works (see var/log/docs.log)"
	docs_pid=
}

fetched() { [[ $1/node_modules/.package-lock.json -nt $1/package-lock.json ]]; }

npm_fetch() { # FOLDER TEXT
	run "$2" npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --cache "$state/npm" --prefix "$1" &&
		touch "$1/node_modules/.package-lock.json"
}
