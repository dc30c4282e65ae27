#!/usr/bin/env bash
# `./dev new resource` in a copy of the tree: the generated code builds without a warning, passes
# lint and format, and its tests pass; rejected arguments change nothing.
# Not under sanitizers: it builds its own programs.
# Beside the others: it builds in a copy of the tree.
# Long: it starts first.
. "$(dirname "$0")/e2e.sh"
needs_feature items
needs_feature tasks
needs_no_feature categories products people
copy_tree
copy_build

new() { ./dev new resource "$@" >new.log 2>&1; }

# ARGUMENTS… | PART OF THE MESSAGE
refused='
Product name:text                | lower-case letters
product-line name:text           | lower-case letters
_product name:text               | lower-case letters
product_ name:text               | lower-case letters
../product name:text             | lower-case letters
product_with_a_name_without_end name:text | at most 24 characters
products name:text               | expected the singular
product/products/x name:text     | expected NAME or NAME/PLURAL
sheep/sheep name:text            | must differ
order/table name:text            | reserved word of SQL
user name:text                   | src/features/users already exists
item name:text                   | src/features/items already exists
list name:text                   | tests/features/test_lists.c already exists
mail name:text                   | db/schema.sql already has a table mails
session name:text                | src/features/sessions already exists
product                          | expected at least one field
product name                     | expected a field as NAME:TYPE
product name:                    | expected a field as NAME:TYPE
product Name:text                | lower-case letters
product id:uuid                  | reserved for a column of every resource
product owner_id:uuid            | reserved for a column of every resource
product created_at:time          | reserved for a column of every resource
product sort:text                | a parameter of every list
product order:text               | reserved word of SQL
product default:text             | reserved word of C
product linux:bool               | reserved word of C
product name:text name:text      | duplicate field
product name:string              | string is neither a type nor a resource
product name:text:0              | not a valid maximum
product name:text:many           | not a valid maximum
product name:text:5:6            | too many arguments
product name:bool:5              | too many arguments
product stock:int:5              | expected both a minimum and a maximum
product stock:int:5:1            | is not greater than the minimum 5
product stock:int:a:b            | not an integer
product price:decimal:99         | 0 to 9 fractional digits
product state:enum               | an enum needs its choices
product state:enum:              | an enum needs its choices
product state:enum:a,,b          | expected lower-case letters
product state:enum:A             | expected lower-case letters
product state:enum:a,a           | duplicate choice a
product data:json[]              | arrays of json are not supported
product category:ref             | a ref needs the resource
product category:ref:categories  | there is no resource categories
product jwks:ref:jwks            | there is no resource jwks
product parent:product           | must be nullable
product --secret name:text       | expected NAME[/PLURAL]
'
touch marker
while IFS='|' read -r arguments wanted; do
	wanted=${wanted# }
	read -ra words <<<"$arguments"
	code=0
	output=$(perl tools/new_resource "${words[@]}" 2>&1) || code=$?
	if [[ $code == 2 && $(wc -l <<<"$output") == 1 && $output == *"$wanted"* ]]; then
		ok "refused:${arguments% }"
	else
		not_ok "refused: $arguments" "  exit status $code" "$output"
	fi
done < <(sed '/^$/d' <<<"$refused")
is "nothing was written" "$(find . -type f -newer marker)" ""

new category/categories title:text:80 note:text:5000? || { cat new.log; fail_all "the resource category is created"; }
new product --shared name:text:200 price:decimal stock:int:0:1000 weight:int? sold_at:time? day:date \
	state:enum:draft,live,gone mood:enum:good,bad? fresh:bool checked:bool? code:uuid extra:json \
	tags:text:20[] 'sizes:enum:s,m,l[]' 'numbers:int[]?' \
	category:ref:categories other_id:category? item:item? task:ref:tasks parent:product? || { cat new.log; fail_all "the resource product is created"; }
ok "two resources are created"
new person/people --public name:text:40 home:ref:categories? || { cat new.log; fail_all "the resource person is created"; }
ok "a public resource is created"
for noun in role method page group address link test owner record system/systems int; do
	perl tools/new_resource "$noun" name:text:40 >new.log 2>&1 || { cat new.log; fail_all "the resource $noun is created"; }
done
./dev format >>new.log 2>&1
new comment text:text:500 page:page about:ref:roles item:item || { cat new.log; fail_all "resources with names that the core uses can be created and referenced"; }
new category name:text && not_ok "an existing resource is rejected" || ok "an existing resource is rejected"

tests="tests/features/test_categories tests/features/test_products tests/features/test_people"
tests+=" tests/features/test_pages tests/features/test_comments tests/features/test_owners tests/features/test_records"
tests+=" tests/features/test_access tests/features/test_fields tests/db/test_statements tests/db/test_migrations"
copy_check "they build, and all their tests and lints pass" "tests/db/schema.sh $lints_of_sources" "$tests" check_PROGRAMS="$tests"
matches "all tests were run" "$(grep '^# PASS' check.log)" '[1-9][0-9]'
document=$(build/"$package" openapi)
for path in categories products people; do
	matches "/$path is in the OpenAPI document" "$document" "\"/api/v1/$path/\{id\}\""
done
