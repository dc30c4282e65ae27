#!/usr/bin/env bash
# "A first resource, step by step" of HACKING.md: its blocks, put where it says, make an
# application that builds, migrates and serves the new routes.
. "$(dirname "$0")/e2e.sh"
copy=$base/var/test/first-resource
rm -rf "$copy"
mkdir -p "$copy"
(cd "$TOP" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - -f -) | tar -x -C "$copy" -f -
cd "$copy"

# The n-th block of that language after the heading.
block() {
	awk -v language="$1" -v wanted="$2" '
		/^## A first resource/ { there = 1 }
		/^```/ && on { exit }
		on { print }
		there && $0 == "```" language && ++n == wanted { on = 1 }
	' HACKING.md
}

mkdir -p src/features/notes
block sql 1 >db/migrations/20991231000000_notes.sql
block c 1 >src/features/notes/notes.h
block c 2 >src/features/notes/notes_priv.h
block c 3 >src/features/notes/notes.c
block c 4 >src/features/notes/notes_routes.c
block c 5 >src/features/notes/notes_service.c
block c 6 >src/features/notes/notes_repo.c
block make 1 >src/features/notes/notes.am
sed -i 's|^include src/features/items/items.am|&\ninclude src/features/notes/notes.am|' Makefile.am
sed -i -e 's|#include "features/items/items.h"|&\n#include "features/notes/notes.h"|' \
	-e "s|&items_feature,|& \\&notes_feature,|" src/features.c
is "the steps fill every file" "$(find src/features/notes db/migrations/20991231000000_notes.sql -empty)" ""

make_it() {
	autoreconf -i && mkdir -p build && cd build && ../configure --enable-werror CFLAGS=-O0 && make -j2
}
(make_it) >build.log 2>&1 || { tail -n 30 build.log; fail_all "the first resource builds"; }
ok "the first resource builds"

build=$copy/build APP=$copy/build/$package
site_start
login=$(curl -fsS "$url/api/v1/auth/login" -H 'Content-Type: application/json' \
	-d '{"email":"admin@example.com","password":"correct-horse-battery"}')
token=${login#*\"access_token\":\"} token=${token%%\"*}
ask POST /api/v1/notes -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
	-d '{"body":"Water the plants"}'
is "a note is made" "$status" 201
ask POST /api/v1/notes -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{}'
is "a note without a text is refused" "$status" 422
ask GET /api/v1/notes -H "Authorization: Bearer $token"
is "it is in the list" "$(member total)" 1
ask GET /openapi.json
matches "it is in the document" "$body" '"/api/v1/notes"'
