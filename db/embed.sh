#!/bin/sh
# Prints C that holds the migrations: embed.sh FILE…
# Byte by byte, so that no text of a file can mean anything to C.
set -eu

echo '/* The files of db/migrations/, made by db/embed.sh. */'
echo '#include "app/base.h"'
echo '#include "db/migrate_priv.h"'
echo
echo 'const struct migration_file migration_files[] = {'
for file; do
	printf '\t{ "%s",\n' "$(basename "$file")"
	od -An -v -tx1 "$file" | sed 's/ *\([0-9a-f][0-9a-f]\)/\\x\1/g; s/^/\t  "/; s/ *$/"/'
	echo '	  "" },'
done
echo '	{ 0 },'
echo '};'
