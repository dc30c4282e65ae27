# shellcheck shell=bash
# Output, paths in var/ and locks. `root`, the folder of the tree, must be set.

package=$(sed -n 's/^AC_INIT(\[\([^]]*\)\].*/\1/p' "$root/configure.ac")
state=$root/var
log=$state/log/setup.log
build=$root/build

terminal=no # yes: supports cursor control
[[ ! -t 1 || ${TERM:-dumb} == dumb ]] || terminal=yes
red='' green='' yellow='' bold='' dim='' plain=''
if [[ $terminal == yes && -z ${NO_COLOR:-} ]]; then
	red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

say() { printf '%s\n' "$@"; } # prints each argument as a line
warn() { printf '%s\n' "${yellow}!$plain $*" >&2; }

# die MESSAGE [HINT…]: each is one line.
die() {
	printf '%s\n' "${red}✗$plain $1" "${@:2}" >&2
	exit 1
}

# usage COMMAND MESSAGE
usage() {
	printf '%s\n' "./dev $1: $2" "hint: ./dev $1 --help" >&2
	exit 2
}

# run TEXT COMMAND…: shows TEXT and the elapsed time. The output of COMMAND goes to the log, and
# its end is printed if COMMAND fails.
run() {
	local text=$1 began=$SECONDS status=0 from took
	shift
	printf '\n## %s\n' "$text" >>"$log"
	from=$(wc -c <"$log")
	progress_start "$text"
	"$@" >>"$log" 2>&1 </dev/null || status=$?
	progress_stop
	took=$((SECONDS - began))
	if ((status == 0)); then
		say "${green}✓$plain $text$( ((took < 2)) || printf '%s' "$dim ($took s)$plain")"
		return 0
	fi
	printf '%s\n' "${red}✗$plain $text: failed; see ${log#"$root/"}:" >&2
	tail -c "+$((from + 1))" "$log" | failure_of | sed 's/^/    /' >&2
	return 1
}

# The first compiler error and the lines after it, else the last lines.
failure_of() {
	local output
	output=$(tr -d '\0')
	grep -m 1 -A 14 -E '(^|[ :])(fatal )?error: ' <<<"$output" || tail -n 25 <<<"$output"
}

progress_pid=
progress_start() {
	if [[ $terminal == no ]]; then
		say "… $1"
		return
	fi
	(
		trap - EXIT
		began=$SECONDS
		while kill -0 $$ 2>/dev/null; do
			printf '\r\e[K… %s %s(%d s)%s' "$1" "$dim" $((SECONDS - began)) "$plain"
			sleep 1
		done
	) &
	progress_pid=$!
}
progress_stop() {
	[[ -n $progress_pid ]] || return 0
	kill "$progress_pid" 2>/dev/null || true
	wait "$progress_pid" 2>/dev/null || true
	progress_pid=
	printf '\r\e[K'
}

# Sets `base`: the checkout, or a link to it in /tmp if its path is too long for socket paths
# (107 bytes) or needs quoting in the configuration of nginx and PostgreSQL.
find_base() {
	local link=
	base=$root
	if ((${#root} <= 55)) && [[ $root =~ ^[A-Za-z0-9._/+-]+$ ]]; then
		return
	fi
	[[ ! -f $state/run/base ]] || link=$(<"$state/run/base")
	if [[ -z $link || ! -O ${link%/*} || $(readlink "$link") != "$root" ]]; then
		link=$(mktemp -d /tmp/app.XXXXXX)/checkout
		chmod 0711 "${link%/*}"
		ln -s "$root" "$link"
		printf '%s\n' "$link" >"$state/run/base"
	fi
	base=$link
}

prepare() {
	local made
	for made in "$state" "$state/log" "$state/run" "$state/test"; do
		[[ -d $made ]] || mkdir -m 0755 "$made"
	done
	[[ -O $state ]] || die "var/ belongs to $(stat -c %U "$state"), but you are $(id -un)" \
		"hint: run this as that user, or run ./dev down as that user, then sudo chown -R $(id -un): ."
	find_base
}

# lock FILE: waits until no other ./dev has the lock.
lock() {
	exec 9>"$1"
	if ! flock -n 9; then
		say "Another ./dev is running in this checkout; waiting for it to finish"
		flock 9
	fi
}
unlock() { exec 9>&-; }

random_hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

program() { printf '%s\n' "$build/$package"; }
