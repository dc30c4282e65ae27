#!/usr/bin/env bash
# `./dev new resource` and `./dev new field` in a copy of the tree: the generated code builds without a
# warning, passes lint and format, and its tests pass; rejected arguments change nothing.
# Not under sanitizers: it builds its own programs.
# Beside the others: it builds in a copy of the tree.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs_feature items
needs_feature tasks
needs_no_feature categories products people comments
copy_tree
copy_build

new() { ./dev new "$@" >new.log 2>&1; }

# TOOL ARGUMENTS… | PART OF THE MESSAGE
refused='
resource Product name:text                | lower-case letters
resource product-line name:text           | lower-case letters
resource _product name:text               | lower-case letters
resource product_ name:text               | lower-case letters
resource ../product name:text             | lower-case letters
resource product_with_a_name_without_end name:text | at most 24 characters
resource products name:text               | expected the singular
resource product/products/x name:text     | expected NAME or NAME/PLURAL
resource sheep/sheep name:text            | must differ
resource order/table name:text            | reserved word of SQL
resource user name:text                   | src/features/users already exists
resource item name:text                   | src/features/items already exists
resource list name:text                   | tests/features/test_lists.c already exists
resource key name:text                    | src/secure/keys.c already exists
resource mail name:text                   | db/schema.sql already has a table mails
resource session name:text                | src/features/sessions already exists
resource product                          | expected at least one field
resource product name                     | expected a field as NAME:TYPE
resource product name:                    | expected a field as NAME:TYPE
resource product Name:text                | lower-case letters
resource product id:uuid                  | reserved for a column of every resource
resource product owner_id:uuid            | reserved for a column of every resource
resource product created_at:time          | reserved for a column of every resource
resource product sort:text                | a parameter of every list
resource product order:text               | reserved word of SQL
resource product default:text             | reserved word of C
resource product linux:bool               | reserved word of C
resource product name:text name:text      | duplicate field
resource product name:string              | string is neither a type nor a resource
resource product name:text:0              | not a valid maximum
resource product name:text:many           | not a valid maximum
resource product name:text:5:6            | too many arguments
resource product name:bool:5              | too many arguments
resource product stock:int:5              | expected both a minimum and a maximum
resource product stock:int:5:1            | is not greater than the minimum 5
resource product stock:int:a:b            | not an integer
resource product price:decimal:99         | 0 to 9 fractional digits
resource product state:enum               | an enum needs its choices
resource product state:enum:              | an enum needs its choices
resource product state:enum:a,,b          | expected lower-case letters
resource product state:enum:A             | expected lower-case letters
resource product state:enum:a,a           | duplicate choice a
resource product data:json[]              | arrays of json are not supported
resource product category:ref             | a ref needs the resource
resource product category:ref:categories  | there is no resource categories
resource product name:slug               | a slug is named slug
resource product slug:slug?              | a slug cannot be null or an array
resource product jwks:ref:jwks            | there is no resource jwks
resource product holder:ref:users         | users: is a part of the core
resource product item:ref:items:delete    | expected cascade or restrict
resource product parent:product           | must be nullable
resource product --secret name:text       | expected NAME[/PLURAL]
resource product name:text:3=None         | "None" is not a default for text
resource product stock:int:0:9=10         | "10" is not a default for int
resource product price:decimal=1          | "1" is not a default for decimal
resource product state:enum:a,b=c         | "c" is not a default for enum
resource product name:text?=None          | has no other default
resource product item:item=1              | "1" is not a default for ref
resource comment text:text --parent       | --parent needs a resource
resource comment text:text --parent notes | there is no resource notes
resource comment text:text --parent users | users: is a part of the core
resource comment text:text --parent items:delete | expected RESOURCES, RESOURCES:cascade or RESOURCES:restrict
resource comment text:text --parent comments | cannot be its own parent
resource comment text:text --parent items --public | omit --shared and --public
resource comment item:item --parent items | item_id: duplicate field
field items                               | expected RESOURCE NAME:TYPE
field lamps size:int?                     | there is no such resource
field users size:int?                     | users: is a part of the core
field jobs size:int?                      | jobs: is a part of the core
field items size:int                      | allow null with ?, or give a default, such as size:int=0
field items task:task                     | allow null with ?, or give a default, such as task_id:task?
field items title:text?                   | duplicate field
field items version:int?                  | reserved for a column of every resource
field items size:string?                  | string is neither a type nor a resource
field items data:json? --filter           | a list cannot be filtered by its type
field items note:text:500? --sort         | a list cannot be ordered by its type
field items size:int? --order             | expected RESOURCE NAME:TYPE
'
touch marker
while IFS='|' read -r arguments wanted; do
	wanted=${wanted# }
	read -ra words <<<"$arguments"
	code=0
	output=$(perl "tools/new_${words[0]}" "${words[@]:1}" 2>&1) || code=$?
	if [[ $code == 2 && $(wc -l <<<"$output") == 1 && $output == *"$wanted"* ]]; then
		ok "refused: ${arguments% }"
	else
		not_ok "refused: $arguments" "  exit status $code" "$output"
	fi
done < <(sed '/^$/d' <<<"$refused")
is "nothing was written" "$(find . -type f -newer marker)" ""

# generate TOOL ARGUMENTS…
generate() { perl "tools/new_$1" "${@:2}" >new.log 2>&1 || { cat new.log; fail_all "$*"; }; }

generate resource category/categories title:text:80 note:text:5000?
generate resource product --shared name:text:200 price:decimal stock:int:0:1000 weight:int? sold_at:time? day:date \
	state:enum:draft,live,gone mood:enum:good,bad? fresh:bool checked:bool? code:uuid extra:json \
	tags:text:20[] 'sizes:enum:s,m,l[]' 'numbers:int[]?' level:int:1:9=3 'label:text:20=No label' rate:decimal:3:0:5=1.250 \
	category:ref:categories other_id:category? item:item? task:ref:tasks:cascade parent:product?
generate resource person/people --public name:text:40 home:ref:categories?
generate resource comment --parent items slug:slug text:text:500 about:ref:people?
generate resource photo --parent people:restrict text:text:500
for noun in page group link owner record system/systems int; do
	generate resource "$noun" name:text:40
done
generate resource thing page:page team:ref:groups?
ok "resources are created, also with names that the core uses"
generate field items priority:int:0:9=0 --filter --sort
generate field tasks item:item? tags:text:20[] size:enum:s,m,l price:decimal:2:0:99?
generate field comments pinned:bool --filter
generate field products rank:int? left_at:date=2026-01-02 --sort
ok "fields are added to resources"
./dev format >>new.log 2>&1
new field items mood:enum:good,bad --filter || { cat new.log; fail_all "./dev new field"; }
matches "./dev new field builds, and updates the schema" "$(grep -A 12 'CREATE TABLE items' db/schema.sql)" 'mood text'
mkdir before
cp -r src tests Makefile.am db doc before/
echo 'this is not C' >>src/features/items/items.h
new field items size:int? && not_ok "a build that fails is reported" || matches "a build that fails is reported" "$(cat new.log)" 'does not build, so the tree was restored'
sed -i '$d' src/features/items/items.h
is "the tree is restored" "$(for folder in src tests Makefile.am db doc; do diff -rq "before/$folder" "$folder"; done)" ""
rm -r before
new resource category name:text && not_ok "an existing resource is rejected" || ok "an existing resource is rejected"

tests="tests/features/test_categories tests/features/test_products tests/features/test_people"
tests+=" tests/features/test_comments tests/features/test_photos tests/features/test_things tests/features/test_items"
tests+=" tests/features/test_access tests/features/test_fields tests/db/test_autogenerate tests/db/test_indexes tests/db/test_statements tests/db/test_migrations"
copy_check "they build, and all their tests and lints pass" "tests/db/schema.sh $lints_of_sources" "$tests" check_PROGRAMS="$tests"
matches "all tests were run" "$(grep '^# PASS' check.log)" '[1-9][0-9]'
document=$(build/"$package" openapi)
for path in 'categories/\{id\}' 'products/\{id\}' 'people/\{id\}' 'items/\{item_id\}/comments/\{slug\}'; do
	matches "/$path is in the OpenAPI document" "$document" "\"/api/v1/$path\""
done
