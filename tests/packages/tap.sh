# shellcheck shell=bash
# Functions for the tests in this folder: TAP output and waiting.
ok() { echo "ok - $1"; }
is() { # TEXT GOT WANTED
	if [[ $2 == "$3" ]]; then ok "$1"; else bad=$((bad + 1)) && printf '%s\n' "not ok - $1" "  got    $2" "  wanted $3"; fi
}
wait_until() { # SECONDS COMMAND…
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}
die() {
	echo "not ok - $1"
	exit 1
}
