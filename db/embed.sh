#!/bin/sh
# Prints C that holds the migrations of one or more folders: embed.sh FOLDER…
# Byte by byte, so that no text of a file can mean anything to C.
set -eu
export LC_ALL=C # the order of the names

echo '/* The files of db/migrations/, made by db/embed.sh. */'
echo '#include "app/base.h"'
echo '#include "migrate/migrate_priv.h"'
echo
echo 'const struct migration_file migration_files[] = {'
for folder; do
	for file in "$folder"/*.sql; do
		test -e "$file" || continue
		printf '\t{ "%s",\n' "$(basename "$file")"
		od -An -v -tx1 "$file" | sed 's/ *\([0-9a-f][0-9a-f]\)/\\x\1/g; s/^/\t  "/; s/ *$/"/'
		echo '	  "" },'
	done
done
echo '	{ 0 },'
echo '};'
