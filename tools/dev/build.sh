# shellcheck shell=bash
# Builds the program.

# build_program FLAG…: runs configure if needed, then make.
build_program() {
	# Configures again once Criterion is installed: `up` may run before `test` installs it.
	local optional wanted
	optional=$(pkg-config --modversion criterion 2>/dev/null) || optional=none
	wanted="CC=${CC:-} CFLAGS=${CFLAGS:-} $* criterion $optional"
	if [[ ! -f $root/configure || ! -f $root/Makefile.in || ! -f $root/config.h.in ]]; then
		run "Generating configure" autoreconf_here
	fi
	[[ ! -f $root/config.status ]] || die "The source tree is configured, but ./dev builds in ${build##*/}/" "hint: make distclean"
	mkdir -p "$build"
	if [[ ! -f $build/Makefile || ! -f $build/configured || $(<"$build/configured") != "$wanted" ]]; then
		# The cache is only valid for the same compiler and flags.
		[[ -f $build/configured && $(<"$build/configured") == "$wanted" ]] || rm -f "$build/config.cache"
		run "Configuring ${build##*/}/" configure_here "$@"
		printf '%s\n' "$wanted" >"$build/configured"
	fi
	compile
}

# Only `test` treats warnings as errors, since a newer compiler has new warnings. If the file
# `warned` exists, some objects were compiled with warnings, and `test` compiles them again.
compile() {
	local from
	if [[ -e $build/warned && " ${MAKEFLAGS-} " == *' WERROR='* ]]; then
		run "Removing objects compiled with warnings" make_program clean
		rm "$build/warned"
	fi
	: >>"$log"
	from=$(wc -c <"$log")
	run "Building in ${build##*/}/" make_program -j"$(nproc)" || return
	tail -c "+$((from + 1))" "$log" | grep -q ': warning: ' || return 0
	touch "$build/warned"
	warn "The compiler printed warnings (${log#"$root/"}); \`./dev test\` treats them as errors"
}

# Locked, since `up --watch` builds too, and a program must not be started while it is being written.
make_program() { flock -o "$build/lock" make -C "$build" "$@"; }

autoreconf_here() { (cd "$root" && autoreconf -fi); }

# Uses a relative path, since configure rejects a path with a space.
configure_here() { (cd "$build" && ../configure --cache-file=config.cache "$@" || { rm -f config.cache; exit 1; }); }

# Builds for another command: prints only errors.
build_quietly() {
	local output
	if [[ -f $build/Makefile ]] && output=$(make_program -s 2>&1); then
		return
	fi
	[[ -z ${output-} ]] || printf '%s\n' "$output" >&2
	{
		install_packages $packages_build
		build_program
	} >&2
}
