# A private PostgreSQL: a database per service, a role that makes its tables (migrate_users) and one that works in them
# (svc_users); no role may open another's database. The superuser exists
# only on the unix socket, and only for the account that runs the stack.
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

# The server refuses to be root. Root's stack runs it as the user postgres, with its data where that user can get at it (a
# checkout under somebody's home is often closed to others). Where that is, is remembered in the stack's directory.
postgres_home() {
	local note=$STACK/postgres
	if [[ ! -e $note ]]; then
		if ((EUID == 0)); then
			echo "/var/lib/postgresql/comanda-$(sha256sum <<<"$STACK" | cut -c1-12)" >"$note"
		else
			echo "$STACK/postgresql" >"$note"
		fi
		postgres_put_aside "$(cat "$note")/data"
	fi
	cat "$note"
}

# Data from before somebody removed .local: the passwords, the broker's half of the state, are gone with it.
postgres_put_aside() { # data directory
	[[ -e $1 ]] || return 0
	rm -rf "$1.old"
	mv "$1" "$1.old"
	say postgres "starts anew; the data of before .local was removed is in $1.old"
}

# The kernel allows 107 bytes for a socket's path; where the checkout lies too deep, the socket moves to /tmp.
postgres_socket() {
	local socket
	socket=$(postgres_home)/socket
	if ((${#socket} > 85)); then
		socket=/tmp/comanda-$UID-$(sha256sum <<<"$STACK" | cut -c1-12)
		[[ ! -e $socket || -O $socket || $EUID == 0 ]] || die "$socket belongs to somebody else: remove it"
	fi
	echo "$socket"
}

postgres_bin() { # tool: of the version that made the data, else of the newest that is installed
	local version
	version=$(cat "$(postgres_home)/data/PG_VERSION" 2>/dev/null ||
		find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -V | tail -n 1)
	echo "/usr/lib/postgresql/$version/bin/$1"
}

# The words that go before a command which the server's user must run.
postgres_as_owner() {
	((EUID != 0)) || echo 'setpriv --reuid postgres --regid postgres --init-groups'
}

postgres_init() { # home
	say postgres 'creating the data directory'
	rm -rf "$1/data"
	# shellcheck disable=SC2046 # words are wanted
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

# After a reboot, a stranger may have the pid that postmaster.pid names, and the server would not start.
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

# "Fast": let nobody finish a session, roll back, write a checkpoint.
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

# Roles and databases, as they should be; run at every start, so that it also mends.
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

# Whom the tables do not belong to. What it may do with them, its program says when it migrates (runtime/postgres/migrate.c). The
# tables of before there were two roles change hands.
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

# The account of `comanda`. What it may do in a database, that service's migrations say (NNNN_let_operators_look.sql).
postgres_operator() {
	local service
	postgres_role comanda_operator
	for service in "${POSTGRES_SERVICES[@]}"; do
		echo "GRANT CONNECT ON DATABASE $service TO comanda_operator;"
	done
}

# The account of `comanda sandbox`: makes databases of its own, and may open no other.
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
