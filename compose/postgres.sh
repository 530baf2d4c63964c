#!/bin/sh
# Runs once, when a database container creates its data directory. Creates the database, the role that owns its tables
# (migrate_users), the role of the service (svc_users), and the operator's role. Passwords come from secrets.
set -eu
# psql reads the passwords itself: the arguments of a process can be read by all processes.
psql --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres --set database="$COMANDA_DATABASE" \
	--set owner="migrate_$COMANDA_DATABASE" --set worker="svc_$COMANDA_DATABASE" <<'SQL'
\set owner_password `cat /run/secrets/database_password_migrate`
\set worker_password `cat /run/secrets/database_password`
\set operator_password `cat /run/secrets/database_password_operator`
SET log_min_duration_statement = -1; -- a slow one would be logged, password and all
SET log_min_error_statement = panic;
CREATE ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE :"worker" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'worker_password';
CREATE ROLE comanda_operator LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'operator_password';
CREATE DATABASE :"database" OWNER :"owner";
REVOKE CONNECT, TEMPORARY ON DATABASE :"database", postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"worker", comanda_operator;
\connect :"database"
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SQL
