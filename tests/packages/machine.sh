# shellcheck shell=bash
# A fresh Debian in a folder, booted by systemd, with its own network. Source this file as root, call
# `machine_make "$@"` (with ROOT.tar, a debootstrapped Debian, or nothing), `outside` for commands that
# need this machine's network, `boot`, then `inside`. The folder is deleted at the end unless KEEP=1 is
# set. Needs systemd-container and debootstrap.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
package=$(sed -n 's/^AC_INIT(\[\([^]]*\)\].*/\1/p' "$top/configure.ac")
folder=$(mktemp -d /tmp/packages.XXXXXX)
root=$folder/root
bad=0 machine=
# shellcheck source=tap.sh
. "$top/tests/packages/tap.sh"

# Also prints the end of the journal.
die() {
	echo "not ok - $1"
	tail -n 15 "$folder"/*.log
	exit 1
}

ended() {
	local status=$?
	if [[ -n $machine ]]; then
		((status == 0 && bad == 0)) || inside journalctl --no-pager -u "$package*" | tail -n 40
		kill -TERM "$machine" 2>/dev/null || true
		wait "$machine" 2>/dev/null || true
	fi
	[[ -n ${KEEP-} ]] || rm -rf --one-file-system "$folder"
	((status != 0 || bad == 0)) || status=1
	exit "$status"
}
trap ended EXIT
trap 'exit 130' INT TERM

# outside COMMAND…: runs a command before the boot, with this machine's network.
outside() {
	systemd-nspawn -q --register=no --keep-unit -D "$root" \
		--setenv=DEBIAN_FRONTEND=noninteractive --setenv=LC_ALL=C.UTF-8 -- "$@" >>"$folder/root.log" 2>&1 </dev/null
}

boot() {
	systemd-nspawn -q --register=no --keep-unit --private-network -D "$root" --boot </dev/null >"$folder/boot.log" 2>&1 &
	machine=$!
	wait_until 60 is_booted || die "the machine did not boot within 60 s"
}
init() { cat "/proc/$machine/task/$machine/children" 2>/dev/null; }
is_booted() {
	local state
	[[ -n $(init) ]] || return 1
	state=$(inside systemctl is-system-running 2>/dev/null) || true
	[[ $state == running || $state == degraded ]]
}
inside() {
	local pid
	pid=$(init)
	nsenter -t "${pid%% *}" --mount --uts --ipc --net --pid --cgroup --root env -i -C / \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
sh_inside() { inside sh -c "$1" </dev/null; }
sql() { inside runuser -u postgres -- psql -Atd "$package" -c "$1" 2>&1 </dev/null || true; }
status_of() { sh_inside "curl -s -o /dev/null -m 5 -w '%{http_code}' http://127.0.0.1$1" || true; }
answers() { [[ $(status_of "$1") == "$2" ]]; }
unit() { inside systemctl show --value -p "$2" "$package$1"; }
apt() { inside apt-get -q -y --no-install-recommends "$@" >>"$folder/apt.log" 2>&1 </dev/null || die "apt-get $* failed"; }

machine_make() { # [ROOT.tar]
	((EUID == 0)) || die "systemd-nspawn needs root: run this as root"
	mkdir "$root"
	if (($#)); then
		tar -xf "$1" -C "$root"
	else
		debootstrap --variant=minbase stable "$root" >>"$folder/root.log" 2>&1 || die "debootstrap failed"
	fi
	outside apt-get -q update
}
