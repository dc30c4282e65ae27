#!/usr/bin/env bash
# Tests compose.yaml: one command starts everything, nginx responds and a job runs; the service
# recovers after each container is restarted or killed; then three job workers, the port for a GUI,
# and a test in the test image. Run it as root with Docker; takes some minutes, mostly for the build
# (BUILD=no uses existing images). It uses its own project and deletes its containers, data and secrets.
#
# Without Docker, it only checks compose.yaml with docker-compose. The RUN lines of
# deploy/docker/Dockerfile can be run in roots created by `debootstrap --variant=minbase trixie ROOT`.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd -P)
export PORT=${PORT:-18770} DATABASE_PORT=${DATABASE_PORT:-18771} COMPOSE_PROJECT_NAME=test-compose
export FIRST_ADMIN_EMAIL=admin@example.com FIRST_ADMIN_PASSWORD=
[[ -d $top/src/features/items ]] || { echo "ok - compose # SKIP there are no items"; exit 0; }
url=http://127.0.0.1:$PORT
bad=0

compose() {
	if docker compose version >/dev/null 2>&1; then
		docker compose -f "$top/compose.yaml" "$@"
	else
		docker-compose -f "$top/compose.yaml" "$@"
	fi
}
# shellcheck source=tap.sh
. "$top/tests/packages/tap.sh"

# Compose builds in parallel, and two builds of one image fail.
config=$(compose --profile gui --profile test config) || die "compose.yaml is invalid"
is "one service builds each image" "$(awk '/^  [^ ]/ { build = 0 } /^    build:/ { build = 1 } /^    image:/ && build { print $2 }' <<<"$config" | sort | uniq -d)" ""
docker info >/dev/null 2>&1 || { echo "ok - compose # SKIP there is no Docker" && exit "$bad"; }

ended() {
	local status=$?
	((status == 0 && bad == 0)) || compose logs --no-color --tail 5
	compose --profile gui --profile test down -v >/dev/null 2>&1 || true
	((status != 0 || bad == 0)) || status=1
	exit "$status"
}
trap ended EXIT
trap 'exit 130' INT TERM

ask() { curl -s --noproxy '*' -m 5 "$@"; }
answers() { [[ $(ask -o /dev/null -w '%{http_code}' "$url$1") == "$2" ]]; }
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
secret() { compose run --rm secrets cat "$1" 2>/dev/null; }
login() { ask "$url/api/v1/auth/login" --json "{\"email\":\"admin@example.com\",\"password\":\"$(secret first/first_admin_password)\"}" | member access_token; }
job_ends() { [[ $(ask "$url/api/v1/jobs/$job" -H "Authorization: Bearer $token" | member status) == succeeded ]]; }
runs_a_job() {
	job=$(ask -X POST "$url/api/v1/jobs/example?name=a&duration=0" -H "Authorization: Bearer $token" | member job_id)
	[[ -n $job ]] && wait_until 10 job_ends
}
titles() { ask "$url/api/v1/items" -H "Authorization: Bearer $token" | member title; }
container() { docker inspect -f "{{.State.$2}}" "$(compose ps -q "$1")"; }

if [[ ${BUILD-} == no ]]; then compose up -d; else compose up -d --build; fi >/dev/null 2>&1 || die "docker compose up failed"
wait_until 60 answers /health/ready 200 || die "not ready after 60 s: $(ask "$url/health")"
ok "ready behind nginx"
answers /docs 200 && ok "its documentation" || is "its documentation" missing there
token=$(login)
is "the first owner" "$(ask "$url/api/v1/users/me" -H "Authorization: Bearer $token" | member role)" owner
ask "$url/api/v1/items" -H "Authorization: Bearer $token" --json '{"title":"Lamp"}' >/dev/null
is "an item" "$(titles)" Lamp
runs_a_job && ok "a job" || is "a job" "$job" succeeded
for name in api work; do
	is "$name has no privileges and a read-only file system" "$(compose exec -T "$name" sh -c 'id -u; grep -c "^[^ ]* / [^ ]* ro," /proc/mounts' | xargs)" "10001 1"
done
compose run --rm seed user list 2>/dev/null | grep -q admin@example.com && ok "a command" || is "a command" no user

for name in postgres redis api work web; do
	compose restart "$name" >/dev/null 2>&1
	wait_until 30 answers /health/ready 200 && wait_until 30 runs_a_job && ok "$name restarted" || is "$name restarted: recovered" no yes
	# Not `docker kill`, after which Docker does not restart the container.
	kill -KILL "$(container "$name" Pid)"
	gone=$SECONDS
	wait_until 30 answers /health/ready 200 && wait_until 30 runs_a_job && ok "$name killed: recovered after $((SECONDS - gone)) s" || is "$name killed: recovered" no yes
	is "$name runs" "$(container "$name" Status)" running
done
is "the token is still valid" "$(ask "$url/api/v1/users/me" -H "Authorization: Bearer $token" | member role)" owner
is "the item still exists" "$(titles)" Lamp

compose up -d --scale work=3 >/dev/null 2>&1
is "three job workers" "$(compose ps -q work | wc -l)" 3
is "the same secrets after another up" "$(ask "$url/api/v1/users/me" -H "Authorization: Bearer $token" | member role)" owner
compose --profile gui up -d >/dev/null 2>&1
owner=$(secret migrate/migrate_database_url | sed "s|@postgres/|@127.0.0.1:$DATABASE_PORT/|")
tables() { psql -XAtd "$owner" -c "SELECT count(*) > 5 FROM pg_tables WHERE schemaname = 'public'" 2>/dev/null; }
has_tables() { [[ $(tables) == t ]]; }
wait_until 30 has_tables && ok "the database for a GUI" || is "the database for a GUI" "$(tables)" t
compose run --rm test test_buf >/dev/null 2>&1 && ok "a test in the test image" || is "a test in the test image" failed passed
