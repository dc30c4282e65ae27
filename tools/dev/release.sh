# shellcheck shell=bash
# Commands: Release
# The Debian package and the pictures.

#: Usage: ./dev pictures
#:
#: Create the pictures in README.md.
#:
#: Runs `./dev up` in a copy of the tree, on PORT (8000), and writes doc/images/up.svg (its terminal)
#: and doc/images/docs.png (/docs in Chromium). `./dev bench --write` writes the chart in README.md.
#:
#: Example:
#:   ./dev pictures
cmd_pictures() {
	prepare
	log=$state/log/pictures.log
	: >"$log"
	install_packages $packages_build $packages_run $packages_nginx script:bsdutils
	get_tools
	PACKAGE=$package "$root/tools/pictures"
}

#: Usage: ./dev package [--revision N] [--arch ARCH]
#:
#: Build a Debian package and check it with lintian.
#:
#: Writes the package to var/package/. The version comes from configure.ac; the revision is 1 by
#: default (apt upgrades to a higher one). The maintainer comes from DEBFULLNAME and DEBEMAIL, or from git.
#: `tests/packages/debian.sh` installs, upgrades and purges the package in a fresh Debian. --arch cross-compiles
#: for another architecture of the same release, in a chroot that tools/chroot creates and keeps in root's
#: cache directory; this machine itself only needs debootstrap. `tests/packages/arm64.sh` tests that
#: package with qemu-user.
#:
#: Example:
#:   ./dev package --arch arm64
cmd_package() {
	local revision=1 arch='' version folder tags=()
	while (($#)); do
		if [[ $1 == --revision && ${2-} =~ ^[1-9][0-9]*$ ]]; then
			revision=$2
		elif [[ $1 == --arch && ${2-} =~ ^[a-z][a-z0-9-]*$ ]]; then
			arch=$2
		else
			usage package "--revision takes a number, --arch an architecture such as arm64"
		fi
		shift 2
	done
	prepare
	lock "$state/run/lock"
	log=$state/log/package.log
	: >"$log"
	trap progress_stop EXIT
	install_packages $packages_build $packages_package ${arch:+$packages_cross}
	docs_begin
	build_program
	docs_end
	version=$(sed -n 's/^AC_INIT(\[[^]]*\], \[\([^]]*\)\].*/\1/p' "$root/configure.ac")
	folder=$state/package/$package-$version
	rm -rf "$state/package"
	mkdir "$state/package"
	run "Preparing the sources" package_sources "$folder" "$version" "$revision"
	if [[ -z $arch ]]; then
		run "Building the package" env -C "$folder" dpkg-buildpackage -b -us -uc
	else
		run "Building the package for $arch" cross_build "$arch" "$package-$version"
	fi
	rm -rf "$folder"
	say "" "  $(cd "$root" && ls var/package/"${package}"_*.deb)" "" "  apt install ./FILE, then /usr/share/doc/$package/README.Debian"
	# Without a configured maintainer, the e-mail address is invalid.
	[[ -n ${DEBEMAIL-} ]] || git -C "$root" config user.email >/dev/null ||
		tags+=("--suppress-tags=bogus-mail-host,bogus-mail-host-in-debian-changelog,root-in-contact")
	run "Running lintian" lintian --allow-root --fail-on error "${tags[@]}" "$state"/package/*.changes
}

# Uses a separate root, since libpq-dev of two architectures cannot be installed together.
cross_build() { # ARCH SOURCES
	local suite apt="apt-get -q -y --no-install-recommends"
	suite=$(. /etc/os-release && printf '%s\n' "${VERSION_CODENAME-}")
	tar -C "$state/package" -c "$2" | as_root "$root/tools/chroot" "$suite-$1" "$suite" "{
		dpkg --add-architecture $1 && apt-get -q update && $apt install crossbuild-essential-$1 && cd $2 &&
		$apt build-dep --host-architecture $1 -P cross,nocheck . &&
		dpkg-buildpackage --host-arch $1 -Pcross,nocheck -b -us -uc; } >&2 && cd .. && tar -c ./*_*" |
		tar -x --no-same-owner -C "$state/package"
}

package_sources() { # FOLDER VERSION REVISION
	local file who
	who="${DEBFULLNAME:-$(git -C "$root" config user.name || echo "$package maintainers")}"
	who+=" <${DEBEMAIL:-$(git -C "$root" config user.email || echo "root@$(hostname -f)")}>"
	make -C "$build" dist-gzip
	tar -C "$state/package" -xf "$build/$package-$2.tar.gz"
	rm "$build/$package-$2.tar.gz"
	for file in swagger-ui-dist redoc; do # Pages of /docs and /redoc.
		[[ ! -d $root/deploy/docs/node_modules/$file ]] ||
			cp -r --parents -t "$1" "deploy/docs/node_modules/$file"
	done
	sed -i "s|^Maintainer: .*|Maintainer: $who|" "$1/debian/control"
	sed -i -e "1s|(.*)|($2-$3)|" -e "s|^ -- .*| -- $who  $(date -R)|" "$1/debian/changelog"
}
