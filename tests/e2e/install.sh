#!/usr/bin/env bash
# `make install` under a strict umask: folders and files are there for all users.
# Not under sanitizers: it installs files alone.
. "$(dirname "$0")/e2e.sh"
folder=$site/installed
rm -rf "$site"
mkdir -p "$site/log"
(umask 077 && make -s -C "$BUILD" install DESTDIR="$folder") >"$site/log/install.log" 2>&1 9>&- || fail_all "make install"
modes() { (cd "$folder" && find . -mindepth 1 "$@" -printf '%m %P\n' | sort); }
is "something is installed" "$(($(modes -type f | wc -l) > 20))" 1
is "folders have the mode 0755" "$(modes -type d ! -perm 0755)" ""
is "files have the mode 0644, and programs 0755" "$(modes -type f ! -perm 0644 ! -perm 0755)" ""
is "programs can be run" "$(modes -type f -path '*/bin/*' ! -perm 0755)" ""
