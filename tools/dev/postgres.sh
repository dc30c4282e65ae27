# shellcheck shell=bash
# PostgreSQL: the cluster and its socket share a folder; no TCP.

# CLUSTER DATABASE: the URL for the application, and for the role that owns the tables.
database_url() { printf 'postgresql://app@/%s?host=%s\n' "$2" "$1"; }
owner_url() { printf 'postgresql://app_owner@/%s?host=%s\n' "$2" "$1"; }

postgres_bin() {
	local found
	found=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
	[[ -x $found ]] || found=$(command -v initdb) || return 1
	dirname "$found"
}

# PostgreSQL refuses to run as root, so root runs it as the user postgres.
as_postgres=()
((EUID != 0)) || as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups --)
as_postgres() { (cd / && exec "${as_postgres[@]}" "$@"); }

postgres_pid() { # CLUSTER
	local pid=
	[[ -r $1/postmaster.pid ]] && read -r pid <"$1/postmaster.pid" || [[ -n $pid ]] || return 1
	[[ $pid =~ ^[0-9]+$ && $(readlink "/proc/$pid/cwd") == "$(readlink -f "$1")" ]] || return 1
	printf '%s\n' "$pid"
}

# Creates the folder, or a link to a folder in /var/lib/postgresql if the user postgres cannot
# access the checkout.
postgres_folder() { # CLUSTER
	local place
	[[ ! -e $1 ]] || return 0
	rm -f "$1" # a dangling link
	if ((EUID != 0)); then
		mkdir -m 0700 "$1"
		return
	fi
	place=$(cd "$(dirname "$1")" && pwd -P)
	if as_postgres test -x "$place"; then
		install -d -o postgres -g postgres -m 0700 "$1"
		return
	fi
	place=/var/lib/postgresql/$package-$(cksum <<<"$place/${1##*/}" | cut -d ' ' -f 1)
	install -d -o postgres -g postgres -m 0700 "$place"
	ln -s "$place" "$1"
}

# The path as PostgreSQL accesses it.
postgres_place() { readlink "$1" || printf '%s\n' "$1"; } # CLUSTER

postgres_init() { # CLUSTER
	local place
	postgres_folder "$1" || return
	place=$(postgres_place "$1")
	as_postgres find "$place/" -mindepth 1 -delete &&
		as_postgres "$(postgres_bin)/initdb" -D "$place" -U postgres --auth=trust --encoding=UTF8 \
			--locale=C.UTF-8 --no-instructions &&
		as_postgres touch "$place/complete"
}

postgres_start() { # CLUSTER LOG [SETTING…]
	local cluster=$1 file=$2 name=${1#"$base/"} place setting bin has needs arguments
	! postgres_pid "$cluster" >/dev/null || return 0
	shift 2
	if [[ ! -f $cluster/complete ]]; then
		run "Creating a database cluster ($name)" postgres_init "$cluster" || return
		[[ ! -L $cluster ]] ||
			warn "The user postgres cannot access this checkout, so $name is a link to $(readlink "$cluster")"
	fi

	bin=$(postgres_bin)
	has=$("$bin/initdb" --version | sed 's/.* \([0-9]*\).*/\1/')
	needs=$(<"$cluster/PG_VERSION")
	[[ $has == "$needs" ]] || bin=/usr/lib/postgresql/$needs/bin
	[[ -x $bin/postgres ]] || die "$name was created by PostgreSQL $needs, but PostgreSQL $has is installed" \
		"hint: apt-get install postgresql-$needs, or ./dev reset (erases the data)"

	end_leftovers "$file"
	rm -f "$cluster/postmaster.pid" "$cluster"/.s.PGSQL.*
	place=$(postgres_place "$cluster")
	arguments=(-D "$place" -c listen_addresses= -c "unix_socket_directories=$place" -c unix_socket_permissions=0700)
	for setting in "$@"; do arguments+=(-c "$setting"); done
	in_background "$file" env -C / "${as_postgres[@]}" "$bin/postgres" "${arguments[@]}"
	run "Starting PostgreSQL ($name)" wait_started 60 postgres_answers "$cluster" ||
		die "PostgreSQL did not start" "hint: see $file"
}

postgres_answers() { "$(postgres_bin)/pg_isready" -q -h "$1" -U postgres; }

postgres_stop() { # CLUSTER
	local pid
	pid=$(postgres_pid "$1") || return 0
	end_process "$pid" INT
}

postgres_erase() { # CLUSTER
	local place=
	[[ ! -L $1 ]] || place=$(readlink "$1")
	rm -rf "$1" ${place:+"$place"}
}

# psql_admin CLUSTER SQL
psql_admin() { psql -X -q -v ON_ERROR_STOP=1 -h "$1" -U postgres -d postgres -Atc "$2"; }

# Creates a database owned by `app_owner`, which creates the tables; the application connects as
# `app`. Neither is a superuser.
postgres_database() { # CLUSTER DATABASE
	local role
	for role in app app_owner; do
		[[ -n $(psql_admin "$1" "SELECT 1 FROM pg_roles WHERE rolname = '$role'") ]] ||
			psql_admin "$1" "CREATE ROLE $role LOGIN" || return
	done
	[[ -z $(psql_admin "$1" "SELECT 1 FROM pg_database WHERE datname = '$2'") ]] || return 0
	psql_admin "$1" "CREATE DATABASE \"$2\" OWNER app_owner" &&
		psql -X -q -v ON_ERROR_STOP=1 -d "$(owner_url "$1" "$2")" <<-'END'
			ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO app;
			ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;
		END
}
