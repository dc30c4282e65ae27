# shellcheck shell=bash
# Processes that run in the background.

# Checks that the command line contains our file, since the process ID may have been reused.
pid_of() { # PIDFILE PART-OF-ITS-COMMAND-LINE
	local pid=
	[[ -r $1 ]] && read -r pid <"$1" || [[ -n $pid ]] || return 1
	[[ $pid =~ ^[0-9]+$ ]] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$2" || return 1
	printf '%s\n' "$pid"
}

# A zombie has no command line.
is_alive() { [[ -n $({ tr -d '\0' <"/proc/$1/cmdline"; } 2>/dev/null) ]]; }
is_dead() { ! is_alive "$1"; }

# end_process PID [SIGNAL]: sends KILL after 40 s, which exceeds the longest request.
end_process() {
	kill -"${2:-TERM}" "$1" 2>/dev/null || return 0
	wait_until 40 is_dead "$1" || kill -KILL "$1" 2>/dev/null || true
}

# end_leftovers LOG: kills orphans of a killed parent, recognized by their standard error.
end_leftovers() {
	local file target process
	file=$(readlink -f "$1") || return 0
	while IFS=$'\t' read -r process target; do
		[[ $target != "$file" ]] || kill -KILL "${process%/fd}" 2>/dev/null || true
	done < <(cd /proc && find [0-9]*/fd/2 -maxdepth 0 -printf '%h\t%l\n' 2>/dev/null)
}

# in_background LOG COMMAND…: detached from the terminal and without the lock.
in_background() {
	local file=$1
	shift
	if [[ -f $file ]] && (($(wc -c <"$file") > 10000000)); then mv "$file" "$file.1"; fi
	setsid "$@" >>"$file" 2>&1 </dev/null 9>&- &
	background_pid=$!
}

# wait_started SECONDS COMMAND…: waits until COMMAND succeeds; fails if the last background process ends.
wait_started() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) && kill -0 "$background_pid" 2>/dev/null || return 1
		sleep 0.05
	done
}

# wait_until SECONDS COMMAND…
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}
