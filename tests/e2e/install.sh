#!/usr/bin/env bash
# `make install` with DESTDIR and a strict umask: every installable file of the tree is present,
# unchanged and world-readable.
# Not under sanitizers: it only installs files.
. "$(dirname "$0")/lib.sh"
folder=$site/installed
rm -rf "$site"
mkdir -p "$site/log"
(umask 077 && make_program -s install DESTDIR="$folder") >"$site/log/install.log" 2>&1 9>&- || fail_all "make install"
modes() { (cd "$folder" && find . -mindepth 1 "$@" -printf '%m %P\n' | sort); }
is "files are installed" "$(($(modes -type f | wc -l) > 20))" 1
is "folders have the mode 0755" "$(modes -type d ! -perm 0755)" ""
is "files have the mode 0644, and programs 0755" "$(modes -type f ! -perm 0644 ! -perm 0755)" ""
is "programs are executable" "$(modes -type f -path '*/bin/*' ! -perm 0755)" ""

# Each file of the tree and its installed name: NAME.in without .in, and
# `app` in unit names replaced by the package name.
for_installations() {
	cd "$TOP" && find db/migrations deploy/{apache,docs/www,grafana,lighttpd,mail,nginx,prometheus,spawn-fcgi,systemd} -type f
}
installed_as() {
	local name=${1##*/}
	name=${name%.in}
	case $1 in
	deploy/systemd/app.sysusers.in) name=$package.conf ;;
	deploy/systemd/*) name=$package${name#app} ;;
	esac
	find "$folder" -type f -name "$name" | grep -E "/$(basename "$(dirname "$1")")/[^/]*\$|/(systemd|sysusers)" || true
}
missing='' other=''
while read -r file; do
	[[ $file != deploy/systemd/* || -n $(find "$folder" -name '*.socket') ]] || continue # configured without systemd
	copy=$(installed_as "$file")
	[[ -n $copy ]] || missing+="$file "
	[[ -z $copy || $file == *.in ]] || cmp -s "$TOP/$file" "$copy" || other+="$file "
done < <(for_installations)
is "each file for installations is installed (Makefile.am names it)" "$missing" ""
is "installed files are unchanged" "$other" ""
is "there is a manual page" "$(find "$folder" -name "$package.8" | wc -l)" 1
is "no placeholder is left" "$(grep -rlE '@[A-Za-z_]+@' "$folder" --include='*.conf' --include='*.service' \
	--include='*.socket' --include=run --include="$package.8")" ""

# E-mail templates: the first literal of each call to a function with a parameter `template`.
# shellcheck disable=SC2016
named=$(cd "$TOP" && find src -name '*.[ch]' -exec cat {} + | perl -0777 -ne '
	my %takes = map { $_ => 1 } /\b(\w+)\((?:[^()]*,\s*)?const char \*template\b/g;
	my $names = join "|", keys %takes;
	print "$1\n" while /\b(?:$names)\s*\((?:[^"();{]|\([^()]*\))*"(\w+)"/g;' | sort -u)
is "the installed templates are those that the code uses" "$named" \
	"$(cd "$TOP/deploy/mail" && find . -type f -name '*.txt' -printf '%f\n' | sed 's/\.txt$//' | sort)"
