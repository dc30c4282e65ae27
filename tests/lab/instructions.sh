#!/usr/bin/env bash
# Counts the instructions of a request inside the pipeline by callgrind and compares
# them with tests/lab/bench/instructions (5 %): a regression fails, a busy machine does not.
# `./dev bench instructions` updates that file.
#
# Not under sanitizers: it counts instructions of the plain program.
. "$(dirname "$0")/../e2e/lib.sh"
needs_feature items
needs valgrind
figures=$TOP/tests/lab/bench/instructions
paths='/health/live /api/v1/items/0190a000-0000-7000-8000-000000000001 /api/v1/items'
compiler="$(sed -n 's/^CC = //p' "$BUILD/Makefile" | sed 's/^ccache //' | xargs -I{} sh -c '{} --version' | head -n 1), \
$(sed -n 's/^CFLAGS = //p' "$BUILD/Makefile"), $(uname -m)"

# The same code on each processor: the C library must not select variants for newer ones.
export GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2 OPENSSL_ia32cap=0

within() { # TIMES PATH [COOKIE]
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$BUILD/tests/lab/bench/within" \
		"$1" GET "$2" "${3:-$token}" 2>&1 >"$site/status" | sed -n 's/.*Collected : //p'
}

# The cost of 100 more requests.
instructions() { # PATH [COOKIE]
	local few many
	few=$(within 10 "$@")
	many=$(within 110 "$@")
	[[ $(<"$site/status") == 200\ * ]] || fail_all "$1 responds $(<"$site/status")"
	echo $(((many - few) / 100))
}

if [[ ${1-} != --write && $(sed -n 's/^compiler: //p' "$figures") != "$compiler" ]]; then
	echo "ok - instructions # SKIP counted with another compiler: $compiler"
	exit 0
fi
make_program -s tests/lab/bench/within
rm -rf "$site"
mkdir -p "$site/log"
export ENV_FILE=/dev/null LOG_LEVEL=error CACHE_TTL_SECONDS=0 RATE_LIMIT=off DATABASE_URL JWT_SECRET_KEY
export FIRST_ADMIN_EMAIL=admin@example.com FIRST_ADMIN_PASSWORD=correct-horse-battery
JWT_SECRET_KEY=$(random_hex 32)
DATABASE_URL=$(owner_url "$TEST_POSTGRES" "e2e_$name")
psql_admin "$TEST_POSTGRES" "DROP DATABASE IF EXISTS \"e2e_$name\" WITH (FORCE)" 2>/dev/null
postgres_database "$TEST_POSTGRES" "e2e_$name"
"$APP" migrate up >>"$log" 2>&1
"$APP" seed >>"$log" 2>&1
psql -Xq -d "$DATABASE_URL" -c "INSERT INTO items (id, owner_id, title, description)
	SELECT ('0190a000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, id, 'Lamp', 'Brass, with a green shade.'
	FROM users, generate_series(1, 30) AS n" -c 'VACUUM ANALYZE items'
token=$("$APP" token --email admin@example.com)

if [[ ${1-} == --write ]]; then
	{
		echo "Instructions of a request inside the pipeline. ./dev bench instructions writes this."
		echo "compiler: $compiler"
		for path in $paths; do echo "$path $(instructions "$path")"; done
	} | tee "$figures"
	exit 0
fi
for path in $paths; do
	wanted=$(sed -n "s|^$path ||p" "$figures")
	got=$(instructions "$path")
	text="$path takes $got instructions, within 5 % of $wanted"
	if ((20 * (got > wanted ? got - wanted : wanted - got) <= wanted)); then
		ok "$text"
	else
		not_ok "$text" "  if this is intended: ./dev bench instructions"
	fi
done

# A request with a cookie costs no more than one with a token.
if [[ -d $TOP/src/features/browser_sessions ]]; then
	cookie=$(random_hex 32 | head -c 43)
	psql -Xq -d "$DATABASE_URL" -c "UPDATE sessions SET cookie_hash = sha256('$cookie')"
	export AUTH_COOKIE=on
	path=/api/v1/items/0190a000-0000-7000-8000-000000000001
	by_token=$(instructions "$path")
	by_cookie=$(instructions "$path" "session=$cookie")
	text="$path by cookie takes $by_cookie instructions, by token $by_token"
	if ((by_cookie <= by_token)); then ok "$text"; else not_ok "$text"; fi
fi
