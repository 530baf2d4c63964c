# A private PostgreSQL: a database per service, a role that makes its tables (migrate_users) and one that works in them
# (svc_users); no role may open another's database. The superuser
# can connect only over the unix socket, and only from the account that runs the stack.
# shellcheck shell=bash

POSTGRES_SERVICES=(users products orders)

postgres_prepare() {
	local home
	home=$(postgres_home)
	[[ -x $(postgres_bin initdb) ]] || die "found no PostgreSQL server under /usr/lib/postgresql: install the package postgresql"
	mkdir -p "$home" "$(postgres_socket)"
	chmod 700 "$home" "$(postgres_socket)"
	if ((EUID == 0)); then chown postgres: "$home" "$(postgres_socket)"; fi
	[[ -e $home/data/PG_VERSION ]] || postgres_init "$home"
	postgres_configure "$home"
}

# PostgreSQL does not run as root. In root's stack it runs as the user postgres, with its data where that user has access (a
# checkout in a home directory is often closed to others). The stack's directory stores the path.
postgres_home() {
	local note=$STACK/postgres
	if [[ ! -e $note ]]; then
		if ((EUID == 0)); then
			echo "/var/lib/postgresql/comanda-$(sha256sum <<<"$STACK" | cut -c1-12)" >"$note"
		else
			echo "$STACK/postgresql" >"$note"
		fi
		postgres_move_away "$(cat "$note")/data"
	fi
	cat "$note"
}

# Data from before .local was removed: its passwords and the state of the broker no longer exist.
postgres_move_away() { # data directory
	[[ -e $1 ]] || return 0
	rm -rf "$1.old"
	mv "$1" "$1.old"
	say postgres "starts anew; the data of before .local was removed is in $1.old"
}

# A socket's path has at most 107 bytes. If the checkout's path is too long, the socket is in /tmp.
postgres_socket() {
	local socket
	socket=$(postgres_home)/socket
	if ((${#socket} > 85)); then
		socket=/tmp/comanda-$UID-$(sha256sum <<<"$STACK" | cut -c1-12)
		[[ ! -e $socket || -O $socket || $EUID == 0 ]] || die "$socket belongs to another user: remove it"
	fi
	echo "$socket"
}

postgres_bin() { # tool: of the version that created the data, else of the newest installed version
	local version
	version=$(cat "$(postgres_home)/data/PG_VERSION" 2>/dev/null ||
		find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -V | tail -n 1)
	echo "/usr/lib/postgresql/$version/bin/$1"
}

# The prefix of commands that the server's user must run.
postgres_as_owner() {
	((EUID != 0)) || echo 'setpriv --reuid postgres --regid postgres --init-groups'
}

postgres_init() { # home
	say postgres 'creating the data directory'
	rm -rf "$1/data"
	# shellcheck disable=SC2046 # word splitting is intended
	(cd "$1" && $(postgres_as_owner) "$(postgres_bin initdb)" --pgdata "$1/data" --username postgres --encoding UTF8 \
		--locale C.UTF-8 --auth-local peer --auth-host scram-sha-256 --no-instructions) >"$STACK/log/initdb.log" 2>&1 ||
		die "initdb failed: see $STACK/log/initdb.log"
}

postgres_configure() { # home
	local owner=postgres
	((EUID == 0)) || owner=$(id -un)
	{
		cat "$ROOT/compose/postgresql.conf"
		cat <<-END

			# Added by ./dev
			listen_addresses = '127.0.0.1'
			port = $COMANDA_POSTGRES_PORT
			unix_socket_directories = '$(postgres_socket)'
			unix_socket_permissions = 0700
		END
	} >"$1/data/postgresql.conf"
	cat >"$1/data/pg_hba.conf" <<-END
		local all postgres              peer map=owner
		host  all postgres 127.0.0.1/32 reject
		host  all all      127.0.0.1/32 scram-sha-256
	END
	printf '%s\n' "owner $owner postgres" 'owner root postgres' >"$1/data/pg_ident.conf"
}

# After a reboot another process may have the pid in postmaster.pid, and the server would not start.
postgres_before() {
	local data pid
	data=$(postgres_home)/data
	pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 0
	[[ $(readlink "/proc/$pid/cwd") == "$data" ]] || rm -f "$data/postmaster.pid"
}

postgres_run() {
	local server data as_owner
	server=$(postgres_bin postgres)
	data=$(postgres_home)/data
	read -ra as_owner <<<"$(postgres_as_owner)"
	cd "$data"
	environment_only "SUPERVISED_IN=$STACK"
	exec "${as_owner[@]:-setpriv}" --pdeathsig INT "$server" -D "$data"
}

# Fast shutdown: ends sessions, rolls back, writes a checkpoint.
postgres_signal=INT

postgres_ready() {
	"$(postgres_bin pg_isready)" -q -h "$(postgres_socket)" -p "$COMANDA_POSTGRES_PORT"
}

postgres_url() { # role, database
	local password=DATABASE_PASSWORD_${1^^}
	echo "postgresql://$1:${!password}@127.0.0.1:$COMANDA_POSTGRES_PORT/$2"
}

postgres_psql() { # database, psql arguments: as superuser, over the socket
	local database=$1
	shift
	env -u PGDATABASE -u PGSERVICE -u PGPASSWORD -u PGOPTIONS \
		"$(postgres_bin psql)" -X -h "$(postgres_socket)" -p "$COMANDA_POSTGRES_PORT" -U postgres -d "$database" "$@"
}

# Creates or repairs roles and databases; runs at every start.
postgres_provision() {
	local service
	{
		echo 'REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;'
		for service in "${POSTGRES_SERVICES[@]}"; do
			postgres_database "$service" "migrate_$service"
			postgres_worker "$service" "svc_$service"
		done
		postgres_operator
		postgres_sandbox
		! stack_is_for_tests || postgres_database component component
	} | postgres_psql postgres -q -v ON_ERROR_STOP=1 >"$STACK/log/provision.log" 2>&1 ||
		die "could not create the databases: see $STACK/log/provision.log"
}

postgres_database() { # database, the role that owns it
	postgres_role "$2"
	cat <<-END
		SELECT 'CREATE DATABASE $1 OWNER $2' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$1') \gexec
		REVOKE CONNECT, TEMPORARY ON DATABASE $1 FROM PUBLIC;
	END
}

# The role of the running program, which does not own the tables. The migration grants its privileges
# (runtime/postgres/migrate.c). Tables from before the two roles get the new owner.
postgres_worker() { # database, role
	postgres_role "$2"
	cat <<-END
		GRANT CONNECT ON DATABASE $1 TO $2;
		ALTER DATABASE $1 OWNER TO migrate_$1;
		\connect $1
		REASSIGN OWNED BY $2 TO migrate_$1;
		REVOKE CREATE ON SCHEMA public FROM PUBLIC;
		\connect postgres
	END
}

# The role of `comanda`. The migrations of each service grant its privileges (NNNN_let_operators_look.sql).
postgres_operator() {
	local service
	postgres_role comanda_operator
	for service in "${POSTGRES_SERVICES[@]}"; do
		echo "GRANT CONNECT ON DATABASE $service TO comanda_operator;"
	done
}

# The role of `comanda sandbox`: creates its own databases, and may open no other.
postgres_sandbox() {
	postgres_role comanda_sandbox
	echo 'ALTER ROLE comanda_sandbox CREATEDB;'
	echo 'GRANT CONNECT ON DATABASE postgres TO comanda_sandbox;'
}

postgres_role() { # role
	local password=DATABASE_PASSWORD_${1^^}
	cat <<-END
		SET log_min_duration_statement = -1; -- a slow one would be logged, password and all
		SET log_min_error_statement = panic;
		SELECT 'CREATE ROLE $1' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$1') \gexec
		ALTER ROLE $1 LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '${!password}';
	END
}

postgres_wipe() {
	local home socket
	[[ -e $STACK/postgres ]] || return 0
	home=$(postgres_home)
	socket=$(postgres_socket)
	rm -rf "$home/data" "$home/data.old" "$socket"
	[[ ! -d $home ]] || rmdir "$home" || say postgres "left $home in place: something else lies in it"
}
