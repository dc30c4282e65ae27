#!/usr/bin/env bash
# The systemd units: valid, and restricted to what the program needs.
# Not under sanitizers: it only reads files.
. "$(dirname "$0")/lib.sh"
mkdir -p "$site/log"
units=("$package.service" "$package-work.service")
make_program -s "${units[@]/#/deploy/systemd/}" "deploy/systemd/$package.socket" >>"$log" 2>&1 9>&-
rm -rf "$site/units"
mkdir "$site/units"
for unit in "${units[@]}" "$package.socket"; do
	sed "s|^ExecStart=[^ ]*|ExecStart=$APP|" "$BUILD/deploy/systemd/$unit" >"$site/units/$unit"
done
is "systemd accepts the units" "$(cd "$site/units" && systemd-analyze verify --man=no "${units[@]}" "$package.socket" 2>&1 | grep -F "$package" || true)" ""
for unit in "${units[@]}"; do
	systemd-analyze security --offline=true --threshold=15 "$site/units/$unit" >"$site/log/$unit" 2>&1 && open=no || open=yes
	is "$unit: exposure of 1.5 at most" "$open" no
	is "$unit: bounded memory" "$(grep -c '^MemoryMax=[0-9]' "$site/units/$unit")" 1
	# systemd's timeout must exceed the longest request or job.
	stop=$(sed -n 's/^TimeoutStopSec=//p' "$site/units/$unit")
	is "$unit: long stop timeout" "$((stop > 32))" 1
done

# Debian 13 has systemd.pc in a package of its own; `./dev package` must not install the units in /.
# shellcheck disable=SC2016 # make expands it.
folder_without_pc() {
	{ sed '/^include/d' "$TOP/debian/rules"; echo 'show: ; @echo $(unitdir)'; } |
		PKG_CONFIG_LIBDIR=/nonexistent make -s -f - show
}
is "without systemd.pc, the package has a folder for units" "$(folder_without_pc)" /usr/lib/systemd/system
