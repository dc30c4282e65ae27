#!/bin/sh
# clang-format on every C file. Its versions format differently: only the one that
# .clang-format is written for is asked.
cd "${srcdir:-.}" || exit 99
want=14

for tool in clang-format-$want clang-format; do
	"$tool" --version 2>/dev/null | grep -q "version $want\." && break
	tool=
done
if test -z "$tool"; then
	echo "clang-format $want is not installed (Debian package clang-format-$want)"
	exit 77
fi

if ! find src include tests -name node_modules -prune -o -name '*.[ch]' ! -name migration_files.c ! -name password_list.c \
	-exec "$tool" --dry-run -Werror {} +; then
	echo "cure: $tool -i FILE"
	exit 1
fi
