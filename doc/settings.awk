# Prints the settings as a list for the manual page.

# Text of a C literal; adjacent ones are one.
function text(literal) {
	gsub(/"[ \t]+"/, "", literal)
	gsub(/^[ \t]*"|"[ \t]*$/, "", literal)
	gsub(/\\"/, "\"", literal)
	gsub(/\\/, "\\e", literal)
	gsub(/-/, "\\-", literal)
	return literal
}

function trimmed(cell) {
	gsub(/^[ \t]+|[ \t]+$/, "", cell)
	return cell
}

function values(kind, min, max, flags) {
	if (kind == "INT")
		return (flags ~ /S_ZERO_OK/ ? "0, or a number from " : "A number from ") trimmed(min) " to " trimmed(max) ". "
	if (kind == "BOOL")
		return "on or off. "
	if (kind ~ /^(LIST|ORIGINS|ADDRESSES|QUEUES)$/)
		return "A list, separated by commas or as a JSON array. "
	if (kind == "RATE")
		return "N/second, N/minute, N/hour, N/day or off. "
	if (kind == "CHOICE") {
		min = text(min)
		gsub(/,/, ", ", min)
		return "One of " min ". "
	}
	return ""
}

function standard(literal, flags) {
	if (flags ~ /S_REQUIRED/)
		return "Must be set."
	return text(literal) == "" ? "Default: empty." : "Default: " text(literal) "."
}

{ all = all $0 " " }

END {
	n = split(all, rows, "@row")
	for (i = 2; i <= n; i++) {
		split(rows[i], cell, "@cell")
		print ".TP"
		print ".B " text(cell[2])
		print text(cell[7])
		print ".br"
		print values(trimmed(cell[1]), cell[4], cell[5], cell[6]) standard(cell[3], cell[6])
		if (cell[6] ~ /S_SECRET/)
			print "A secret: never printed."
	}
}
