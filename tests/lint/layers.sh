#!/bin/sh
# Checks the layers of src/ (HACKING.md): includes, libraries, and the places of SQL and HTTP. It
# needs no compiler.
cd "${srcdir:-.}" || exit 99

find src -name '*.[ch]' | sort | xargs awk '
function complain(hint) {
	printf "%s:%d: %s\n\t%s\n", FILENAME, FNR, hint, $0
	bad = 1
}

# The layer of a folder of src/.
function layer(part) { return part in layers ? layers[part] : 0 }

BEGIN {
	split("base 1 schema 2 shared 2 http 3 openapi 3 db 3 migrate 3 secure 3 serve 4 job 4 cli 4 features 5 main 6",
	    words, " ")
	for (i = 1; i in words; i += 2)
		layers[words[i]] = words[i + 1]

	# Allowed includes between folders of one layer.
	beside["openapi>http"] = beside["openapi>db"] = beside["migrate>db"] = 1
	beside["http>db"] = beside["http>secure"] = beside["db>secure"] = 1
	beside["job>serve"] = beside["cli>serve"] = beside["cli>job"] = 1

	# The folder that a public header belongs to; by default, base.
	split("schema:schema shared:shared metrics:shared rate:shared redis:shared http:http feature:http openapi:openapi idempotency:http db:db table:db " \
	    "migrate:migrate auth_cache:secure password:secure token:secure keys:secure secret:secure serve:serve pool:serve job:job command:cli", words, " ")
	for (i = 1; i in words; i++) {
		split(words[i], pair, ":")
		part_of["app/" pair[1] ".h"] = pair[2]
	}

	# The headers of libraries, and the files that may include them.
	only["libpq-fe.h"] = "^src/(db|migrate)/"
	only["fcgiapp.h"] = "^src/serve/fcgi_decode\\.c$"
	only["json.h"] = only["json-c/json.h"] = "^src/schema/|^src/secure/token\\.c$"
	only["jwt.h"] = "^src/secure/token\\.c$"
	only["curl/curl.h"] = "^src/(features/mail/mail_send|features/[a-z_]+/[a-z_]+_http|cli/doctor_web)\\.c$"
	only["hiredis/hiredis.h"] = "^src/shared/redis\\.c$"
	only["crypt.h"] = "^src/secure/password_crypt\\.c$"
	only["argon2.h"] = "^src/secure/password_argon2\\.c$"

	sql = "\"[^\"]*(SELECT .* FROM|INSERT INTO|DELETE FROM|UPDATE [a-z_]+ SET|WITH [a-z_]+ AS|" \
	    "CREATE TABLE|ALTER TABLE|DROP TABLE|TRUNCATE )"
}

FNR == 1 {
	split(FILENAME, path, "/")
	part = path[2]
	feature = part == "features" ? path[3] : ""
	if (part == "main.c")
		part = "main"
	if (part == "features.c" || part == "app_features.h")
		part = "features"
	in_comment = 0
}

/^[ \t]*#[ \t]*include/ {
	header = $0
	sub(/^[^<"]*[<"]/, "", header)
	sub(/[>"].*/, "", header)

	if (header in only && FILENAME !~ only[header])
		complain("only " only[header] " may include this library: use its header in include/app")
	if (header ~ /^openssl\// && FILENAME !~ /^src\/secure\/(secret|pkey)\.c$/)
		complain("only src/secure/secret.c (digests) and pkey.c (keys) may include OpenSSL: " \
		    "use app/secret.h and app/keys.h")
	if (header ~ /fcgi_stdio\.h|fcgios\.h/)
		complain("fcgi_stdio.h replaces stdio: use fcgiapp.h")

	to = ""
	if (header in part_of)
		to = part_of[header]
	else if (header ~ /^app\//)
		to = "base"
	else if (header ~ /\//)
		to = substr(header, 1, index(header, "/") - 1)
	if (to != "" && layer(to) > layer(part) && part != "main")
		complain("src/" part " is below " to " and must not include it: invert the dependency " \
		    "(a function pointer in a row, a parameter)")
	if (to != "" && layer(to) == layer(part) && to != part && !((part ">" to) in beside))
		complain("src/" part " and src/" to " are in one layer: move what both need to a lower layer")
	if (header ~ /_priv\.h$/ && feature != "") {
		mine = header
		sub(/.*\//, "", mine)
		if (mine != feature "_priv.h")
			complain("this private header belongs to another folder: use its public header")
	}
	next
}

# Removes comments, so that strings in them do not count.
{
	line = $0
	if (in_comment) {
		if (!sub(/^.*\*\//, "", line))
			next
		in_comment = 0
	}
	gsub(/\/\*[^*]*(\*[^\/*][^*]*)*\*\//, "", line)
	if (sub(/\/\*.*/, "", line))
		in_comment = 1
	code = line
	gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
}

line ~ sql && FILENAME !~ /_repo\.c$/ && FILENAME !~ /^src\/(db|migrate)\// {
	complain("SQL belongs in *_repo.c: add a statement and a function there")
}

FILENAME ~ /_routes\.c$/ && code ~ /(^|[^a-z_])(db_[a-z_]+|DB_PARAMS|QUERY|PQ[a-z]+)[ (]/ {
	complain("routes must not access the database: call the service")
}

FILENAME ~ /_(service|repo)\.c$/ && code ~ /struct request|(^|[^a-z_])(respond|response|request)_[a-z_]+ *\(/ {
	complain("services and repositories must not use HTTP: pass values as parameters")
}

FILENAME ~ /^src\/(cli|features|db|migrate)\// && FILENAME !~ /cmd_explain\.c$/ && code ~ /(^|[^a-z_])(v?f?printf|puts) *\(/ {
	complain("output may contain untrusted text: use print() of app/print.h")
}

feature != "" && code ~ /(^|[^a-z_])(malloc|calloc|realloc|free|strdup|strndup|asprintf) *\(/ {
	complain("features allocate from the arena (app/arena.h) and free nothing")
}

END { exit bad }
' || exit 1
