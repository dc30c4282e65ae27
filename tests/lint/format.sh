#!/bin/sh
# Checks all C files with clang-format. Versions 14 to 19 agree on this layout.
cd "${srcdir:-.}" || exit 99
tool=${CLANG_FORMAT:-clang-format}

if ! command -v "$tool" >/dev/null; then
	echo "$tool is not installed (Debian package clang-format)"
	exit 77
fi

if ! find src include tests -name node_modules -prune -o -name '*.[ch]' ! -name migration_files.c ! -name 'tested_*.c' ! -name password_list.c \
	-exec "$tool" --dry-run -Werror {} +; then
	echo "hint: $tool -i FILE, or ./dev format"
	exit 1
fi
