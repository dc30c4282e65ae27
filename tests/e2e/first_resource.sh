#!/usr/bin/env bash
# "A rule with a route" in doc/recipes.md: its commands and code blocks make an
# application that builds, passes its tests and serves the new routes; `./dev up --watch`
# rebuilds when files are saved.
# Not under sanitizers: it builds its own program.
# Beside the others: it builds in a copy of the tree.
. "$(dirname "$0")/lib.sh"
needs_no_feature categories products
mkdir -p "$site/log"
copy_tree
copy_build

section=$(sed -n '/^## A rule with a route/,/^## A field/p' doc/recipes.md)
# block LANGUAGE N: the n-th block in it.
block() { awk -v start="\`\`\`$1" -v n="$2" '/^```/ && on { exit } on { print } $0 == start && ++found == n { on = 1 }' <<<"$section"; }

commands=$(sed -n 's/^    \(\.\/dev new .*\)/\1/p' <<<"$section")
is "it has two commands" "$(wc -l <<<"$commands")" 2
is "README.md has the same" "$(sed -n 's/^    \(\.\/dev new .*\)/\1/p' README.md)" "$commands"
# Criterion is not installed yet if only `up` ran before.
mkdir bin
cat >bin/pkg-config <<END
#!/bin/sh
case "\$*" in *criterion*) [ ! -e "$copy/bin/hides" ] || exit 1 ;; esac
exec $(command -v pkg-config) "\$@"
END
chmod +x bin/pkg-config
export PATH=$copy/bin:$PATH
touch bin/hides
while read -r command; do
	bash -c "$command" >new.log 2>&1 </dev/null || { tail -n 30 new.log; fail_all "$command"; }
	rm -f bin/hides
done <<<"$commands"

[[ ! -d $base/deploy/docs/www ]] || cp -r "$base/deploy/docs" deploy/
free_port
url=http://127.0.0.1:$port
"${clean_env[@]}" PORT="$port" ./dev up --watch >up.log 2>&1 &
up=$!
trap 'status=$?; kill "$up" 2>/dev/null && wait "$up"; exit "$status"' EXIT

wait_until 120 is_ready "$url" || { cat up.log; fail_all "./dev up --watch"; }
published() { [[ $(curl -s --noproxy '*' -o /dev/null -w '%{http_code}' -X POST "$url/api/v1/products/0190a000-0000-7000-8000-000000000001/publish") != 404 ]]; }
is "the new route does not exist yet" "$(published && echo there || true)" ""

folder=src/features/products
block c 1 >$folder/products_repo.c
block c 2 >$folder/products_service.c
block c 3 >prototypes
sed -i '/^extern const struct feature products_feature/r prototypes' $folder/products.h
block make 1 >>$folder/products.am
block c 4 >cell
sed -i '/^\t\.routes = products_routes,/r cell' $folder/products.c
{ block c 5; echo; } >handler
block c 6 >row
sed -i -e '/^const struct route/{
	e cat handler
}' -e '/^\t{ 0 },$/{
	e cat row
}' $folder/products_routes.c
if wait_until 60 published; then
	ok "the blocks build, and the saved routes are served"
else
	tail -n 40 up.log
	fail_all "the blocks build, and the saved routes are served"
fi
echo 'this is not C' >>$folder/products_service.c
not_built() { grep -q 'products_service.c.*error' up.log; }
wait_until 60 not_built && ok "a failed build is reported" || not_ok "a failed build is reported" "$(tail -n 20 up.log)"
is "the old program keeps running" "$(published && echo there)" there
sed -i '$d' $folder/products_service.c

token=$(./dev token)
send() { ask POST "/api/v1/$1" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' ${2:+-d "$2"}; }
send categories '{"title":"Light"}'
is "a category is created" "$status" 201
category=$(member id)
send products "{\"name\":\"Lamp\",\"price\":\"12.50\",\"stock\":0,\"category_id\":\"$category\"}"
is "a product is created" "$status" 201
product=$(member id)
send "products/$product/publish"
is "the rule holds: status" "$status" 409
matches "the rule holds: message" "$body" 'without stock cannot go live'
ask PATCH "/api/v1/products/$product" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"stock":3}'

# Another transaction sells the last piece and commits while the request waits for the row.
./dev psql -q >"$site/sale" 2>&1 <<'SQL' &
BEGIN;
UPDATE products SET stock = 0;
DO $$ BEGIN FOR i IN 1..2000 LOOP
	EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE NOT granted);
	PERFORM pg_sleep(0.01);
END LOOP; END $$;
COMMIT;
SQL
sale=$!
sold() { [[ $(./dev psql -Atqc "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %NOT granted%' AND state = 'active'") == 1 ]]; }
wait_until 20 sold || fail_all "the sale did not start"
send "products/$product/publish"
is "a concurrently sold product cannot go live" "$status" 409
wait "$sale" || true
ask GET "/api/v1/products/$product" -H "Authorization: Bearer $token"
is "it stays a draft" "$(member stock) $(member state)" "0 draft"

ask PATCH "/api/v1/products/$product" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"stock":3}'
send "products/$product/publish"
is "the new route" "$status $(member state)" "200 live"
ask GET "/api/v1/products?state=live&category_id=$category" -H "Authorization: Bearer $token"
is "the list contains it" "$(member total)" 1
ask GET /openapi.json
matches "the OpenAPI document contains the route" "$body" '"/api/v1/products/\{id\}/publish"'

kill "$up"
wait "$up" || true
is "it stops" "$(http_status "$url/health/live")" 000

tests="tests/features/test_products tests/features/test_categories tests/features/test_access tests/features/test_fields"
copy_check "the tests pass" "tests/lint/format.sh tests/lint/layers.sh" "$tests" check_PROGRAMS="$tests"
