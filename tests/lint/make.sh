#!/bin/sh
# Checks that GNUmakefile passes its own targets to ./dev, and leaves those of automake alone.
src=${srcdir:-.}
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
cp "$src/GNUmakefile" "$folder"
cd "$folder" || exit 99
status=0

# ARGUMENTS | EXPECTED OUTPUT
check() {
	while IFS='|' read -r arguments wanted; do
		# shellcheck disable=SC2086 # Several words.
		output=$(env -u MAKEFLAGS -u MAKELEVEL make -s $arguments 2>&1)
		case $output in
		*"$wanted"*) continue ;;
		esac
		echo "GNUmakefile:1: make $arguments prints \"$output\", expected \"$wanted\""
		status=1
	done
}

printf '#!/bin/sh\necho "dev $*"\n' >dev
chmod +x dev
check <<'END'
|This tree is not configured
help|This tree is not configured
setup|dev setup
dev|dev up
test|dev test
lint|dev lint
END

printf 'all:\n\t@echo built\ndist: dev test\n\t@echo packed $^\n' >Makefile
mkdir test
check <<'END'
|built
dist|packed dev test
dev|dev up
help|make setup
END
test "$(env -u MAKEFLAGS -u MAKELEVEL make -s dist)" = 'packed dev test' || {
	echo 'GNUmakefile:1: make dist runs ./dev'
	status=1
}
exit $status
