#!/bin/sh
# Checks that each folder of the core stays within its budget of code lines: lines that are not blank
# and not only comments, including those of its headers in include/app. Generated files do not count.
cd "${srcdir:-.}" || exit 99

# FOLDER BUDGET GOAL HEADERS…: the budget is the size of today, rounded up. It may only shrink, until it
# is the goal.
table='
base    2800 1350 arena base buf clock ctx error file hash ids log print settings text utf8
schema  1400  900 schema
db      2650 1800 db table
http    2150 1250 http feature idempotency
serve   2050 1600 serve pool
secure  1700  750 auth_cache keys password secret token
shared  1650  900 shared metrics rate redis hash_queue
migrate 1250  600 migrate
openapi  900  650 openapi
job     2200 1300 job
cli     1750 1200 command
'

{
	printf '%s\n' "$table" | sed 's/^/budget /'
	find src include/app -name '*.[ch]' | grep -v '^src/[^/]*$\|^src/features/' | sort
} | awk '
	function count(path,    line, n, in_comment) {
		while ((getline line <path) > 0) {
			if (in_comment && !sub(/^.*\*\//, "", line))
				continue
			in_comment = 0
			gsub(/\/\*[^*]*(\*[^\/*][^*]*)*\*\//, "", line)
			if (sub(/\/\*.*/, "", line))
				in_comment = 1
			n += line ~ /[^ \t]/
		}
		close(path)
		return n
	}
	$1 == "budget" && NF > 1 {
		budget[$2] = $3
		for (i = 5; i <= NF; i++)
			folder_of["include/app/" $i ".h"] = $2
	}
	$1 == "budget" { next }
	/(password_list|migration_files)\.c$/ { next }
	{
		split($0, path, "/")
		folder = /^include/ ? folder_of[$0] : path[2]
		if (folder in budget)
			lines[folder] += count($0)
		else if (!(folder in unknown)) {
			unknown[folder] = 1
			printf "%s:1: tests/lint/budgets.sh has no budget for this %s: add it to the table\n",
			    $0, /^include/ ? "header" : "folder"
			bad = 1
		}
	}
	END {
		for (folder in budget) {
			if (lines[folder] <= budget[folder])
				continue
			printf "src/%s:1: %d lines of code, %d more than its budget: remove code that nothing needs, " \
			    "or move a part to the folder that needs it; do not join lines or drop checks\n",
			    folder, lines[folder], lines[folder] - budget[folder]
			bad = 1
		}
		exit bad
	}'
