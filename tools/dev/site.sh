# shellcheck shell=bash
# The pool, the job workers and the web server, for `up` and, with other STATE folders, for the end-to-end tests.

api_pid() { pid_of "$1/run/api.pid" "$(program) serve"; }

# api_start STATE: the settings come from the environment.
api_start() {
	! api_pid "$1" >/dev/null || return 0
	end_leftovers "$1/log/api.log"
	rm -f "$1/run/api.sock" "$1/run/api.pid"
	in_background "$1/log/api.log" env -C / "$(program)" serve
	wait_started 15 api_pid "$1" >/dev/null
}

work_pid() { pid_of "$1/run/work.pid" "$(program) work"; }

# work_start STATE: starts the job workers.
work_start() {
	! work_pid "$1" >/dev/null || return 0
	rm -f "$1/run/work.pid"
	in_background "$1/log/work.log" env -C / PID_FILE="$1/run/work.pid" "$(program)" work
	wait_started 15 work_pid "$1" >/dev/null
}

work_stop() { # STATE
	local pid
	pid=$(work_pid "$1") || return 0
	end_process "$pid"
}

api_stop() { # STATE
	local pid
	! pid=$(api_pid "$1") || end_process "$pid"
	end_leftovers "$1/log/api.log"
}

# The web server: SERVER, by default nginx.

web_servers='nginx apache lighttpd'
find_server() {
	server=$(setting SERVER nginx)
	[[ " $web_servers " == *" $server "* ]] ||
		die "SERVER=$server is not one of: $web_servers" "hint: SERVER=nginx ./dev up"
}

# web_pid STATE: the process ID of the web server that is running.
web_pid() {
	local name
	name=$(web_name "$1") && pid_of "$1/run/$name.pid" "$1/$name/$name.conf"
}

# web_name STATE: its name.
web_name() {
	local name
	for name in $web_servers; do
		pid_of "$1/run/$name.pid" "$1/$name/$name.conf" >/dev/null || continue
		printf '%s\n' "$name"
		return
	done
	return 1
}

# A $site_edit that uncomments the example page in the site file.
page_edit() {
	printf '%s\n' "/A page of your own/,/^\$/{" "s|/srv/$package|$base/examples/web|" 's/^\t#\([^ ]\)/\t\1/' '}'
}

# web_site STATE PORT: writes the site files that `make install` ships, with our paths and limits,
# edited by the sed script $site_edit.
web_site() {
	local prefix bytes origins file
	prefix=$(setting API_PREFIX /api/v1 | sed 's/[][\\.*^$()+{}|]/\\&/g; s/[&|\\]/\\&/g')
	bytes=$(setting MAX_BODY_BYTES 1048576)
	origins=$("$(program)" settings | sed -n 's/^CORS_ORIGINS=//p')
	for file in "$root/deploy/$server"/*; do
		sed -e "s|@PACKAGE@|$package|g" -e "s|@socket@|$1/run/api.sock|g" -e "s#@listen@\|@address@#127.0.0.1:$2#g" \
			-e "s|@prefix@|$prefix|g" -e "s|@max_body_bytes@|$bytes|g" -e "s|@max_body_kib@|$(((bytes + 1023) / 1024))|g" \
			-e "s|@cors_origins@|$origins|g" \
			-e "s|@bindir@|$build|g" -e "s|@docsdir@|$base/deploy/docs|g" -e "s|@sitedir@|$1/$server|g" \
			-e "${site_edit-}" "$file" >"$1/$server/$(basename "$file" .in)"
	done
}

nginx_frame() { # STATE PORT
	cat <<-END
	$( ((EUID != 0)) || echo 'user root;')
	worker_processes auto;
	pid $1/run/nginx.pid;
	error_log $1/log/nginx.log warn;
	events { worker_connections 1024; }
	http {
		access_log off;
		client_body_temp_path $1/nginx/body;
		fastcgi_temp_path $1/nginx/fastcgi;
		proxy_temp_path $1/nginx/proxy;
		uwsgi_temp_path $1/nginx/uwsgi;
		scgi_temp_path $1/nginx/scgi;
		include $1/nginx/site.conf;
	}
	END
}
nginx_run() { nginx -p "$1/nginx" -c "$1/nginx/nginx.conf"; }

apache_frame() {
	local module
	for module in mpm_event alias allowmethods authz_core authz_host buffer deflate dir env fcgid filter headers \
		mime proxy proxy_fcgi reqtimeout rewrite setenvif unique_id; do
		[[ ! -f /usr/lib/apache2/modules/mod_$module.so ]] ||
			printf 'LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n' $module $module
	done
	cat <<-END
	ServerRoot $1/apache
	ServerName localhost
	DefaultRuntimeDir $1/apache
	PidFile $1/run/apache.pid
	ErrorLog $1/log/apache.log
	TypesConfig /dev/null
	Listen 127.0.0.1:$2
	<IfModule fcgid_module>
		FcgidIPCDir $1/apache/fcgid
		FcgidProcessTableFile $1/apache/fcgid.table
	</IfModule>
	Include $1/apache/site.conf
	END
}
# Apache refuses to run as root.
apache_run() {
	local as=()
	((EUID != 0)) || as=(setpriv --reuid=www-data --regid=www-data --clear-groups
		--inh-caps=+dac_override --ambient-caps=+dac_override --)
	"${as[@]}" apache2 -f "$1/apache/apache.conf"
}

lighttpd_frame() {
	cat <<-END
	server.bind = "127.0.0.1"
	server.port = $2
	server.document-root = "$1/lighttpd"
	server.upload-dirs = ( "$1/lighttpd" )
	server.pid-file = "$1/run/lighttpd.pid"
	server.errorlog = "$1/log/lighttpd.log"
	include "$1/lighttpd/site.conf"
	END
}
lighttpd_run() { lighttpd -f "$1/lighttpd/lighttpd.conf"; }

# web_start STATE PORT: starts $server with a minimal main configuration.
web_start() {
	! web_pid "$1" >/dev/null || return 0
	mkdir -p "$1/$server"
	web_site "$1" "$2"
	printf 'http://127.0.0.1:%s\n' "$2" >"$1/run/url"
	"${server}_frame" "$1" "$2" >"$1/$server/$server.conf"
	rm -f "$1/run/$server.pid"
	"${server}_run" "$1" 9>&- || return
	wait_until 20 web_pid "$1" >/dev/null && wait_until 20 port_is_taken "$2"
}

web_stop() { # STATE
	local pid name signal
	for name in $web_servers; do
		case $name in
		nginx) signal=QUIT ;;
		apache) signal=TERM ;;
		lighttpd) signal=INT ;;
		esac
		[[ -f $1/log/$name.log ]] || continue
		! pid=$(pid_of "$1/run/$name.pid" "$1/$name/$name.conf") || end_process "$pid" "$signal"
		end_leftovers "$1/log/$name.log"
	done
}

http_status() { curl -s --noproxy '*' -o /dev/null -m 5 -w '%{http_code}' "$1" || true; }
is_ready() { [[ $(http_status "$1/health/ready") == 200 ]]; }

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# port_owner PORT: " by NAME (process 123)" if it can be determined.
port_owner() {
	local inode file pid
	inode=$(awk -v port=":$(printf %04X "$1")\$" '$2 ~ port && $4 == "0A" { print $10; exit }' \
		/proc/net/tcp /proc/net/tcp6 2>/dev/null) || return 0
	[[ -n $inode ]] || return 0
	file=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" -print -quit 2>/dev/null || true)
	[[ -n $file ]] || return 0
	pid=${file#/proc/} pid=${pid%%/*}
	printf ' by %s (process %s)' "$(<"/proc/$pid/comm")" "$pid"
}
