#!/usr/bin/env bash
# deploy/docker/compose.yaml: everything comes up by the commands of its head, answers through
# nginx and runs a job; then each container is restarted, and killed, and all is well again.
# As root where Docker runs; some minutes, most of them the build (BUILD=no takes images that
# are there). It has a project of its own and takes containers and data away again. What was
# in deploy/docker/secrets stays.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd -P)
export PORT=${PORT:-18770} COMPOSE_PROJECT_NAME=test-compose
[[ -d $top/src/features/items ]] || { echo "ok - compose # SKIP there are no items"; exit 0; }
url=http://127.0.0.1:$PORT
bad=0

compose() {
	if docker compose version >/dev/null 2>&1; then
		docker compose -f "$top/deploy/docker/compose.yaml" "$@"
	else
		docker-compose -f "$top/deploy/docker/compose.yaml" "$@"
	fi
}
# shellcheck source=tap.sh
. "$top/tests/packages/tap.sh"

ended() {
	local status=$?
	((status == 0 && bad == 0)) || compose logs --no-color --tail 5
	compose down -v >/dev/null 2>&1 || true
	((status != 0 || bad == 0)) || status=1
	exit "$status"
}
trap ended EXIT
trap 'exit 130' INT TERM

ask() { curl -s --noproxy '*' -m 5 "$@"; }
answers() { [[ $(ask -o /dev/null -w '%{http_code}' "$url$1") == "$2" ]]; }
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
login() { ask "$url/api/v1/auth/login" --json "{\"email\":\"admin@example.com\",\"password\":\"$(<"$top/deploy/docker/secrets/first_admin_password")\"}" | member access_token; }
job_ends() { [[ $(ask "$url/api/v1/jobs/$job" -H "Authorization: Bearer $token" | member status) == succeeded ]]; }
runs_a_job() {
	job=$(ask -X POST "$url/api/v1/jobs/example?name=a&duration=0" -H "Authorization: Bearer $token" | member job_id)
	[[ -n $job ]] && wait_until 10 job_ends
}
titles() { ask "$url/api/v1/items" -H "Authorization: Bearer $token" | member title; }
container() { docker inspect -f "{{.State.$2}}" "$(compose ps -q "$1")"; }

"$top/deploy/docker/make-secrets"
if [[ ${BUILD-} == no ]]; then compose up -d; else compose up -d --build; fi >/dev/null 2>&1 || die "it does not come up"
wait_until 60 answers /health/ready 200 || die "it does not get ready: $(ask "$url/health")"
ok "ready behind nginx"
answers /docs 200 && ok "its documentation" || is "its documentation" missing there
token=$(login)
is "the first owner" "$(ask "$url/api/v1/users/me" -H "Authorization: Bearer $token" | member role)" owner
ask "$url/api/v1/items" -H "Authorization: Bearer $token" --json '{"title":"Lamp"}' >/dev/null
is "an item" "$(titles)" Lamp
runs_a_job && ok "a job" || is "a job" "$job" succeeded
for name in api work; do
	is "$name is nobody, and writes nowhere" "$(compose exec -T "$name" sh -c 'id -u; grep -c "^[^ ]* / [^ ]* ro," /proc/mounts' | xargs)" "10001 1"
done
compose run --rm seed user list 2>/dev/null | grep -q admin@example.com && ok "a command" || is "a command" no user

for name in postgres redis api work web; do
	compose restart "$name" >/dev/null 2>&1
	wait_until 30 answers /health/ready 200 && wait_until 30 runs_a_job && ok "$name restarted" || is "$name restarted: all is well" no yes
	# Not `docker kill`: who is stopped on purpose is not started again.
	kill -KILL "$(container "$name" Pid)"
	gone=$SECONDS
	wait_until 30 answers /health/ready 200 && wait_until 30 runs_a_job && ok "$name killed: all well after $((SECONDS - gone)) s" || is "$name killed: all is well" no yes
	is "$name runs" "$(container "$name" Status)" running
done
is "the token of before" "$(ask "$url/api/v1/users/me" -H "Authorization: Bearer $token" | member role)" owner
is "the item of before" "$(titles)" Lamp
