#!/bin/sh
# Checks that the modules of src/ do not depend on each other in a cycle. A module is NAME.c with its
# headers NAME.h and NAME_priv.h; it depends on the modules whose headers it includes.
cd "${srcdir:-.}" || exit 99

cycles=$(find src include/app -name '*.[ch]' | sort | xargs awk '
	# A private header without a C file of its name is a module of its own.
	function module(path) {
		sub(/.*\//, "", path)
		sub(/\.[ch]$/, "", path)
		if (path ~ /_priv$/ && (substr(path, 1, length(path) - 5) ".c") in files)
			sub(/_priv$/, "", path)
		return path
	}
	FNR == 1 {
		name = FILENAME
		sub(/.*\//, "", name)
		files[name] = 1
	}
	/^[ \t]*#[ \t]*include[ \t]*"[^"]*\.h"/ {
		split($0, part, "\"")
		from[++n] = FILENAME
		to[n] = part[2]
	}
	END {
		# The shared segment holds the cells of the metrics, which metrics.c counts.
		allowed["shared metrics"] = 1
		for (i = 1; i <= n; i++) {
			edge = module(from[i]) " " module(to[i])
			if (module(from[i]) != module(to[i]) && !(edge in allowed))
				print edge
		}
	}' | sort -u | LC_ALL=C tsort 2>&1 >/dev/null | sed 's/^tsort: *\(-: \)\{0,1\}//')
test -z "$cycles" && exit 0

echo 'src:1: these modules include each other in a cycle: move what both need to a module below them, or'
echo '	pass it as a parameter or a function pointer in a row'
printf '%s\n' "$cycles" | sed 's/^/	/'
exit 1
