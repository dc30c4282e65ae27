#!/usr/bin/env bash
# Two hosts in separate network namespaces, as in deploy/hosts.md: each with a pool and a
# job worker, behind one nginx, on a PostgreSQL with a standby. A host dies under load, the
# database fails over, a session ends: the other host sees each.
# Not under sanitizers: the other tests run the same program.
# Long: it starts first.
. "$(dirname "$0")/lib.sh"
needs_feature items

front=$package-$$-front
net=10.213.7
declare -A address=([one]=$net.11 [two]=$net.12) # hosts
primary=$base/var/test/hosts-primary standby=$base/var/test/hosts-standby

if ((EUID != 0)) || ! ip netns add "$front" 2>/dev/null; then
	ok "two hosts # SKIP network namespaces need root"
	exit 0
fi
# Not `ip netns exec`, which mounts and so fails in a chroot.
within() { nsenter --net="/run/netns/$package-$$-$1" -- "${@:2}"; } # NAMESPACE COMMAND…

namespaces() { printf '%s\n' "$package-$$-"{one,two,front}; }
ended() {
	local status=$? space
	for space in $(namespaces); do
		# It contains only processes of this test.
		ip netns pids "$space" 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
		ip netns del "$space" 2>/dev/null || true
	done
	postgres_erase "$primary"
	postgres_erase "$standby"
	((status != 0 || bad == 0)) || status=1
	exit "$status"
}
trap ended EXIT
trap 'exit 130' INT TERM

make_network() {
	local host
	within front ip link add br0 type bridge
	within front ip link set lo up
	within front ip link set br0 up
	for host in 1 3 4; do within front ip address add "$net.$host/24" dev br0; done
	for host in one two; do
		ip netns add "$package-$$-$host"
		within front ip link add "$host" type veth peer name eth0 netns "$package-$$-$host"
		within front ip link set "$host" master br0 up
		within "$host" ip address add "${address[$host]}/24" dev eth0
		within "$host" ip link set eth0 up
		within "$host" ip link set lo up
	done
}

# PostgreSQL on $net.3, its standby on $net.4.
server_start() { # CLUSTER ADDRESS
	in_background "$site/log/postgres-$2.log" nsenter --net="/run/netns/$front" -- env -C / "${as_postgres[@]}" "$(postgres_bin)/postgres" \
		-D "$(postgres_place "$1")" -c listen_addresses="$2" -c unix_socket_directories="$(postgres_place "$1")" \
		-c fsync=off -c max_connections=100 -c synchronous_commit=remote_apply
	disown
	wait_started 30 postgres_answers "$1" || fail_all "PostgreSQL does not start"
}
make_database() {
	local cluster
	for cluster in "$primary" "$standby"; do postgres_erase "$cluster"; done
	postgres_init "$primary" >>"$log" 2>&1
	as_postgres sh -c "echo 'host all,replication all $net.0/24 trust' >>'$(postgres_place "$primary")/pg_hba.conf'"
	server_start "$primary" "$net.3"
	postgres_database "$primary" app
	postgres_folder "$standby"
	within front "${as_postgres[@]}" "$(postgres_bin)/pg_basebackup" -h "$net.3" -U postgres -R -X stream -c fast \
		-D "$(postgres_place "$standby")" >>"$log" 2>&1 || fail_all "no standby"
	rm -f "$standby"/.s.PGSQL.* # the socket of the primary was copied too
	server_start "$standby" "$net.4"
	# Confirmed rows are on both.
	psql_admin "$primary" "ALTER SYSTEM SET synchronous_standby_names = '*'"
	psql_admin "$primary" 'SELECT pg_reload_conf()' >>"$log"
}

redis_start() {
	in_background "$site/log/redis.log" nsenter --net="/run/netns/$front" -- redis-server --bind "$net.1" --port 6379 --protected-mode no \
		--save '' --appendonly no --dir "$site"
	disown
	wait_started 10 within front redis-cli -h "$net.1" ping >>"$log" 2>&1 || fail_all "Redis does not start"
}

start_on() { # HOST serve|work
	mkdir -p "$site/$1"
	in_background "$site/log/$1-$2.log" nsenter --net="/run/netns/$package-$$-$1" -- env -C / LISTEN="${address[$1]}:9000" \
		PID_FILE="$site/$1/$2.pid" "$APP" "$2"
	disown
}

# The shipped site with the lines of deploy/hosts.md.
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d; s/10\.0\.0/$net/; p}" "$TOP/deploy/hosts.md"; }
site_of_hosts() {
	port=8000 url=http://127.0.0.1:8000 server=nginx # of the namespace
	web_site "$site" "$port"
	nginx_frame "$site" "$port" >"$site/nginx/nginx.conf"
	block upstream >"$site/upstream"
	block server >"$site/server"
	sed -i -e "/server unix:/{r $site/upstream" -e 'd}' -e "/fastcgi_next_upstream off;/{r $site/server" -e 'd}' "$site/nginx/site.conf"
	within front nginx -p "$site/nginx" -c "$site/nginx/nginx.conf" 2>>"$log" || fail_all "nginx does not start"
}
curl() { within front curl "$@"; }

# on HOST PATH: the response of that host to the caller of the token.
on() {
	within front env -i PATH="$PATH" REQUEST_METHOD=GET REQUEST_URI="$2" SERVER_PROTOCOL=HTTP/1.1 REMOTE_ADDR=192.0.2.1 \
		HTTP_AUTHORIZATION="Bearer $token" cgi-fcgi -bind -connect "${address[$1]}:9000" | sed -n 's/^Status: \([0-9]*\).*/\1/p'
}

# try_on HOST: sends a wrong password to it; sets `status`.
try_on() {
	local body='{"email":"ada@example.com","password":"not that of Ada"}'
	status=$(printf %s "$body" | within front env -i PATH="$PATH" REQUEST_METHOD=POST REQUEST_URI=/api/v1/auth/login SERVER_PROTOCOL=HTTP/1.1 \
		REMOTE_ADDR=192.0.2.1 CONTENT_TYPE=application/json CONTENT_LENGTH=${#body} \
		cgi-fcgi -bind -connect "${address[$1]}:9000" | sed -n 's/^Status: \([0-9]*\).*/\1/p')
}

rm -rf "$site"
mkdir -p "$site/log" "$site/run" "$site/nginx"
export ENV_FILE=/dev/null JWT_SECRET_KEY LOG_FORMAT=json WORKERS=4 JOB_WORKERS=1 JOB_LEASE_SECONDS=3 JOB_POLL_SECONDS=1
export SESSION_CACHE_SECONDS=1 PASSWORD_YESCRYPT_COST=1
export FIRST_ADMIN_EMAIL=admin@example.com FIRST_ADMIN_PASSWORD=correct-horse-battery
export DATABASE_URL="postgresql://app@$net.3,$net.4/app?target_session_attrs=read-write"
export MIGRATE_DATABASE_URL="postgresql://app_owner@$net.3,$net.4/app?target_session_attrs=read-write"
JWT_SECRET_KEY=$(random_hex 32)
export REDIS_URL=redis://$net.1
make_network
make_database
redis_start
within front "$APP" migrate up >>"$log" 2>&1
within front "$APP" seed >>"$log" 2>&1
for host in one two; do start_on "$host" serve; done
start_on one work
site_of_hosts
ready() { curl -sf -m 5 -o /dev/null "$url/health/ready"; }
wait_until 15 ready || fail_all "not ready"
ok "two hosts behind one nginx"

sql() { psql -XAtq -h "$1" -U postgres -d app -c "$2"; } # CLUSTER SQL

# A limit counts attempts on both hosts: five per minute for a client and account.
tries=
for host in one two one two one two one; do
	try_on "$host"
	tries+="$status "
done
is "five attempts in total on both hosts" "$tries" "401 401 401 401 401 429 429 "

# A session is valid on both, and ends on both.
sign_in
refresh=$(member refresh_token)
is "sign in" "$status" 200
is "valid on both" "$(on one /api/v1/users/me) $(on two /api/v1/users/me)" "200 200"
ask POST /api/v1/auth/logout --json "{\"refresh_token\":\"$refresh\"}"
began=$(date +%s%N)
over() { [[ $(on one /api/v1/users/me) == 401 && $(on two /api/v1/users/me) == 401 ]]; }
wait_until 20 over || true
took=$((($(date +%s%N) - began) / 1000000))
is "signed out: ended on both" "$(on one /api/v1/users/me) $(on two /api/v1/users/me)" "401 401"
is "soon after SESSION_CACHE_SECONDS ($took ms)" "$((took < 2500))" 1

# A host dies under load while it runs a job.
sign_in
ask POST '/api/v1/jobs/example?name=long&duration=12' -H "Authorization: Bearer $token"
job=$(member job_id)
is_running() { [[ $(sql "$primary" "SELECT status FROM jobs WHERE id = '$job'") == running ]]; }
wait_until 10 is_running || fail_all "the job does not start"
start_on two work
repeat() { # NAME ARGUMENTS of curl…: until $site/stop is there; a status a line
	within front bash -c 'out=$1; shift; until [[ -e $0 ]]; do
		curl -s -o /dev/null -m 20 -w "%{http_code}\n" -H "Authorization: Bearer '"$token"'" "$@"; done >"$out"' \
		"$site/stop" "$site/$1" "${@:2}"
}
loads=()
for n in 1 2 3; do
	repeat "get$n" "$url/api/v1/items?limit=5" &
	loads+=($!)
	repeat "post$n" "$url/api/v1/items" --json '{"title":"Lamp"}' &
	loads+=($!)
done
enough() { (($(cat "$site"/get? "$site"/post? 2>/dev/null | wc -l) >= $1)); }
wait_until 10 enough 60 || fail_all "no load"
ip netns pids "$package-$$-one" | xargs kill -KILL # No response, no FIN …
within front ip link set one down                     # … and no packets from here on.
seen=$(cat "$site"/get? "$site"/post? | wc -l)
wait_until 15 enough $((seen + 200)) || true
: >"$site/stop"
wait "${loads[@]}"
is "a host dies: no read fails" "$(sort -u "$site"/get?)" 200
is "a host dies: only writes that it was handling fail" \
	"$(cat "$site"/post? | grep -vcE '^(201|502)$' || true) $(($(cat "$site"/post? | grep -c 502 || true) <= 3))" "0 1"
made=$(cat "$site"/post? | grep -c 201) kept=$(sql "$primary" 'SELECT count(*) FROM items')
lost=$(cat "$site"/post? | grep -c 502 || true)
is "a host dies: each confirmed item exists once" \
	"$((kept >= made && kept <= made + lost))" 1
is "the other host is ready" "$(on two /health/ready)" 200
job_over() { [[ $(sql "$primary" "SELECT status FROM jobs WHERE id = '$job'") == succeeded ]]; }
wait_until 60 job_over || true
is "the other host runs the job again" "$(sql "$primary" "SELECT status, attempts FROM jobs WHERE id = '$job'")" "succeeded|2"

# It restarts.
within front ip link set one up
start_on one serve
start_on one work
back() { [[ $(on one /health/ready) == 200 ]]; }
wait_until 15 back || true
is "the restarted host is ready" "$(on one /health/ready)" 200

# The database fails over.
before=$(sql "$standby" 'SELECT count(*) FROM items')
as_postgres "$(postgres_bin)/pg_ctl" -s -D "$(postgres_place "$primary")" -m immediate stop
ask POST /api/v1/items -H "Authorization: Bearer $token" --json '{"title":"Table"}'
is_problem "no database that can be written to" 503 unavailable
as_postgres "$(postgres_bin)/pg_ctl" -s -D "$(postgres_place "$standby")" promote
began=$SECONDS
writes() { ask POST /api/v1/items -H "Authorization: Bearer $token" --json '{"title":"Table"}' && [[ $status == 201 ]]; }
wait_until 20 writes || true
is "failover: writes succeed without a restart" "$status" 201
is "failover: within 10 s ($((SECONDS - began)))" "$((SECONDS - began < 10))" 1
is "failover: no item is lost" "$(sql "$standby" 'SELECT count(*) FROM items')" $((before + 1))
both() { [[ $(on one /health/ready) == 200 && $(on two /health/ready) == 200 ]]; }
wait_until 10 both || true
is "failover: both hosts are ready" "$(on one /health/ready) $(on two /health/ready)" "200 200"
ask POST '/api/v1/jobs/example?name=after&duration=0' -H "Authorization: Bearer $token"
job=$(member job_id)
job_over() { [[ $(sql "$standby" "SELECT status FROM jobs WHERE id = '$job'") == succeeded ]]; }
wait_until 20 job_over || true
is "failover: jobs run" "$(sql "$standby" "SELECT status FROM jobs WHERE id = '$job'")" succeeded
