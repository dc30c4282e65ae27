#!/bin/sh
# GNUmakefile hands over to ./dev what a person asks for, and nothing that a rule of automake's needs.
src=${srcdir:-.}
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
cp "$src/GNUmakefile" "$folder"
cd "$folder" || exit 99
status=0

# ARGUMENTS | WHAT IT SAYS
check() {
	while IFS='|' read -r arguments wanted; do
		# shellcheck disable=SC2086 # Several words.
		said=$(env -u MAKEFLAGS -u MAKELEVEL make -s $arguments 2>&1)
		case $said in
		*"$wanted"*) continue ;;
		esac
		echo "GNUmakefile:1: make $arguments says \"$said\", not \"$wanted\""
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
