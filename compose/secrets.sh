#!/usr/bin/env bash
# Creates the secrets that compose.yaml mounts, one file each in compose/secrets (or the given directory). Existing files stay.
# Delete the directory only together with the volumes, because databases and broker store the passwords.
set -euo pipefail
DIRECTORY=${1:-$(dirname "${BASH_SOURCE[0]}")/secrets}

random() {
	od -An -N 18 -tx1 /dev/urandom | tr -d ' \n'
}

# Users in containers are not users of this machine, so the files are readable by all. The directory is closed to other users.
secret() { # name, text
	[[ -s $DIRECTORY/$1 ]] || printf '%s\n' "$2" >"$DIRECTORY/$1"
	chmod 444 "$DIRECTORY/$1"
}

known() { # name
	cat "$DIRECTORY/$1"
}

mkdir -p "$DIRECTORY"
chmod 700 "$DIRECTORY"

secret rabbitmq_password "$(random)"
secret rabbitmq_account "default_user = comanda
default_pass = $(known rabbitmq_password)"
secret management_url "http://comanda:$(known rabbitmq_password)@rabbitmq:15672"
for program in edge-http svc-users svc-products svc-orders operator; do
	secret "broker_password_$program" "$(random)"
	secret "broker_url_$program" "amqp://$program:$(known "broker_password_$program")@rabbitmq:5672/comanda"
done

for database in users products orders; do
	secret "postgres_password_$database" "$(random)"
	secret "database_password_$database" "$(random)"
	secret "database_password_migrate_$database" "$(random)"
	secret "migrations_url_$database" "postgresql://migrate_$database:$(known "database_password_migrate_$database")@postgres-$database:5432/$database"
	secret "database_url_$database" "postgresql://svc_$database:$(known "database_password_$database")@postgres-$database:5432/$database"
done

secret database_password_operator "$(random)"

secret redis_password "$(random)"
secret redis_password_svc-products "$(random)"
secret redis_users "user default off
user comanda on >$(known redis_password) ~* &* +@all
user svc-products on >$(known redis_password_svc-products) $(cat "$(dirname "${BASH_SOURCE[0]}")/redis-rights")"
secret redis_url "redis://svc-products:$(known redis_password_svc-products)@redis:6379/0"

secret first_admin_password "$(random)"
secret grafana_password "$(random)"
[[ -s $DIRECTORY/token_key ]] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$DIRECTORY/token_key" 2>/dev/null
chmod 444 "$DIRECTORY/token_key"
