#!/bin/bash
# Starts PostgreSQL. If the data directory is empty, creates it first and runs the scripts in /docker-entrypoint-initdb.d.
set -euo pipefail
BIN=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 | sort -V | tail -n 1)/bin
export PATH=$BIN:$PATH

# The data directory gets its name at the end, so that an incomplete one is created again after a kill.
make_data() {
	local making=$PGDATA/.making file
	rm -rf "$making"
	initdb --pgdata "$making" --username postgres --encoding UTF8 --locale C.UTF-8 --pwfile "$POSTGRES_PASSWORD_FILE" \
		--auth-local trust --auth-host scram-sha-256 --no-instructions
	echo 'host all all all scram-sha-256' >>"$making/pg_hba.conf"
	pg_ctl --pgdata "$making" --options "-c listen_addresses=''" --wait start
	for file in /docker-entrypoint-initdb.d/*.sh; do
		[[ ! -e $file ]] || "$file"
	done
	pg_ctl --pgdata "$making" --mode fast --wait stop
	find "$making" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" {} +
	mv "$making/PG_VERSION" "$PGDATA"
	rmdir "$making"
	chmod 700 "$PGDATA"
}

[[ ${1:-} == postgres ]] || exec "$@"
[[ -e $PGDATA/PG_VERSION ]] || make_data
exec "$@"
