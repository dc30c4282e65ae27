#!/bin/sh
# Prints C code with the sorted list of common passwords: passwords.sh AWK FOLDER
# One password a line, as in PASSWORD_LIST_FILE, so that the same search works for both.
set -eu
export LC_ALL=C # the order of the bytes

echo '/* Common passwords, made by passwords.sh. */'
echo '#include "secure/password_priv.h"'
echo
echo 'const char password_list[] ='
"$1" -f "$2/passwords.awk" "$2/passwords.roots" | sort -u | sed 's/.*/\t"&\\n"/'
echo ';'
echo
echo 'const size_t password_list_size = sizeof(password_list) - 1;'
