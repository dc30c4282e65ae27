# shellcheck shell=bash
# Functions for the benchmarks that use nginx.
: "${APP:?}" "${SITE:?}" "${DATABASE_URL:?}" "${JWT_SECRET_KEY:?}" "${RUN_DIR:?}"

say() { printf '%s\n' "$*" >&2; }

stop() {
	for file in "$RUN_DIR"/*.pid; do
		[ -f "$file" ] && xargs kill <"$file" 2>/dev/null
	done
	return 0
}
trap stop EXIT
trap 'exit 130' INT TERM

free_port() {
	local port=$1
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
	echo "$port"
}

# start_nginx NAME PORT: serves the shipped site in front of NAME.sock.
start_nginx() {
	local conf=$RUN_DIR/$1.nginx.conf
	{
		[ "$(id -u)" != 0 ] || echo 'user root;'
		cat <<-END
		worker_processes 1;
		pid "$RUN_DIR/$1.nginx.pid";
		error_log "$RUN_DIR/$1.nginx.log" warn;
		events { worker_connections 1024; }
		http {
			access_log off;
			client_body_temp_path "$RUN_DIR/tmp";
			fastcgi_temp_path "$RUN_DIR/tmp";
			proxy_temp_path "$RUN_DIR/tmp";
			uwsgi_temp_path "$RUN_DIR/tmp";
			scgi_temp_path "$RUN_DIR/tmp";
		END
		sed -e "s|@PACKAGE@|api|g; s|unix:@socket@|\"unix:$RUN_DIR/$1.sock\"|g" \
			-e "s|@listen@|127.0.0.1:$2|g; s|@prefix@|/api/v1|g" \
			-e "s|@max_body_bytes@|1048576|g; s|@docsdir@|/nowhere|g; s|@cors_origins@||g" "$SITE"
		echo '}'
	} >"$conf"
	nginx -p "$RUN_DIR" -c "$conf" 2>>"$RUN_DIR/$1.nginx.log"
}

start_service() {
	WORKERS=$workers LISTEN=unix:$RUN_DIR/app.sock PID_FILE=$RUN_DIR/app.pid \
		"$APP" serve 2>"$RUN_DIR/app.log" &
	for _ in $(seq 200); do
		curl -fsS "$1/health/ready" >/dev/null 2>&1 && return
		sleep 0.05
	done
	say "bench: the service did not start. Its log:"
	tail -n 20 "$RUN_DIR/app.log" >&2
	exit 1
}

json() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
