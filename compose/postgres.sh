#!/bin/sh
# Run once, when a database container makes its data directory: the role that the service is, and its database. The role
# owns that database and may do nothing else; its password comes from a secret.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
	--set database="$COMANDA_DATABASE" --set role="svc_$COMANDA_DATABASE" --set password="$(cat /run/secrets/database_password)" <<'SQL'
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
REVOKE CONNECT, TEMPORARY ON DATABASE :"database", postgres, template1 FROM PUBLIC;
SQL
