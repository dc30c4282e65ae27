#!/usr/bin/env bash
# `./dev test --smoke` in another release of Debian, as root in a chroot:
#
#	tests/packages/smoke.sh [SUITE [COMMAND]]
#
# SUITE is trixie unless given; COMMAND replaces ./dev test --smoke. The root, with the packages that ./dev
# installed, is kept in $XDG_CACHE_HOME and brought up to date; the checkout in it is made from what
# git knows. Needs debootstrap. Its mounts and processes end with it.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd -P)
suite=${1:-trixie}
command=${2:-./dev test --smoke}
root=${XDG_CACHE_HOME:-$HOME/.cache}/$(sed -n 's/^AC_INIT(\[\([^]]*\)\].*/\1/p' "$top/configure.ac")/$suite

die() {
	echo "not ok - $1" >&2
	exit 1
}

((EUID == 0)) || die "only root may chroot"
command -v debootstrap >/dev/null || die "debootstrap is not installed"
mkdir -p "${root%/*}"
exec 8>"$root.lock"
flock 8
if [[ ! -e $root/complete ]]; then
	rm -rf --one-file-system "$root"
	debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" >"$root.log" 2>&1 ||
		die "debootstrap $suite: $(tail -n 3 "$root.log")"
	touch "$root/complete"
fi
archive=$(sed -n 's/^deb \([^ ]*\) .*/\1/p' "$root/etc/apt/sources.list" | head -n 1)
printf 'deb %s %s main\n' "$archive" "$suite" "$archive" "$suite-updates" "${archive%/debian*}/debian-security" "$suite-security" \
	>"$root/etc/apt/sources.list"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
# A proxy's certificate, and what apt was told of the network.
cp -L "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$root/etc/ssl/certs/ca-certificates.crt"
cp "$root/etc/ssl/certs/ca-certificates.crt" "$root/root/ca.crt"
grep -lsriE 'proxy|Acquire::' /etc/apt/apt.conf.d | xargs -r cp -L -t "$root/etc/apt/apt.conf.d"
rm -rf "$root/root/src"
mkdir "$root/root/src"
(cd "$top" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - -f -) | tar -x -C "$root/root/src" -f -

# shellcheck disable=SC2016 # It expands inside.
exec unshare --mount --pid --fork --kill-child sh -c '
	mount --make-rprivate / &&
	mount -t proc proc "$1/proc" && mount -t sysfs -o ro sys "$1/sys" && mount --rbind /dev "$1/dev" &&
	mount -t tmpfs tmpfs "$1/run" &&
	exec chroot "$1" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		CI=true NODE_EXTRA_CA_CERTS=/root/ca.crt PIP_CERT=/root/ca.crt \
		sh -c "(apt-get -q update && apt-get -q -y upgrade) >/dev/null && cd /root/src && $2"' smoke "$root" "$command" 8>&-
