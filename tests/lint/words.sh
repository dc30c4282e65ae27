#!/bin/sh
# Prose: no misspelt word, and none of the phrases that readers had to decode. Reads the documents,
# the comments of code and scripts, the texts of the program, and the tables of texts (*.def).
cd "${srcdir:-.}" || exit 99
status=0

files=$(find . \( -name node_modules -o -name var -o -name .git -o -name build-aux -o -name corpus -o -name '=*' -o -name build \) -prune \
	-o -type f \( -name '*.md' -o -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.am' -o -name '*.in' \
	-o -name dev -o -path './tools/*' \) ! -name CHANGES.md ! -name Makefile.in ! -name password_list.c ! -path './config.h.in' -print | sort)

# Names of people in examples are fine; "he" and "his" for a user, a client or a caller are not.
banned='[Hh]e|[Hh]im|[Hh]is|[Ww]hoever|[Ww]hom|[Ss]omebody|[Nn]obody|[Aa]new|[Ss]hall|for ever|so many|tells? of|knows? of|is told|but for|what is none'
# shellcheck disable=SC2086 # Several files.
found=$(awk -v banned="(^|[^A-Za-z_/.@-])($banned)([^A-Za-z_@-]|\$)" '
# The string literals of several words.
function texts(line,    all) {
	for (; match(line, /"[^"]* [^"]*"/); line = substr(line, RSTART + RLENGTH))
		all = all " " substr(line, RSTART + 1, RLENGTH - 2)
	return all
}
FNR == 1 { fence = comment = 0; kind = FILENAME ~ /\.[ch]$/ ? "c" : FILENAME ~ /\.(md|def)$/ ? "text" : "script" }
{
	prose = $0
	if (kind == "text" && /^ *```/)
		fence = !fence
	if (fence || (FILENAME ~ /\.md$/ && /^    /))
		next
	if (kind == "c") {
		begins = index($0, "/*")
		prose = comment ? $0 : begins ? substr($0, begins) : ""
		comment = prose && !index(prose, "*/")
		if (FILENAME !~ /^\.\/tests/ && (texts($0) " ") ~ banned)
			printf "%s:%d: %s\n", FILENAME, FNR, $0
	}
	if (kind == "script" && !match(prose, /(^|[ \t])# .*/))
		next
	if (kind == "script")
		prose = substr(prose, RSTART)
	gsub(/"[^"]*"|`[^`]*`/, "", prose)
	if (prose ~ banned)
		printf "%s:%d: %s\n", FILENAME, FNR, $0
}' $files)
if test -n "$found"; then
	echo "$found"
	echo 'rephrase: the standard term, a plain verb, and "the caller", "the user" or "the client" for people'
	status=1
fi

if ! command -v codespell >/dev/null; then
	echo 'codespell is not installed (Debian package codespell)'
	test $status -ne 0 || status=77
	exit $status
fi
# Tests contain misspelt words on purpose.
echo "$files" | grep -v '^\./tests/.*\.[ch]$' | xargs codespell --ignore-words-list=hoever,nknown,titel || status=1
exit $status
