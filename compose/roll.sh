#!/usr/bin/env bash
# Replaces the containers of services one by one by new ones with the current image and settings. A new container starts; once it
# is healthy an old one is stopped. Nothing is lost, because old and new containers work side by side.
#   docker compose ... build svc-orders && compose/roll.sh svc-orders
# COMPOSE_FILE and COMPOSE_PROJECT_NAME select the project; the default is compose.yaml and scale.yaml.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
export COMPOSE_FILE=${COMPOSE_FILE:-$HERE/compose.yaml:$HERE/scale.yaml}

compose() {
	if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}

roll() { # service
	local old=() id count
	mapfile -t old < <(compose ps -q "$1" 2>/dev/null)
	count=${#old[@]}
	((count)) || { echo "roll.sh: no container of $1 runs" >&2 && return 1; }
	# The database first: the build before this one goes on in the new schema.
	[[ $1 != svc-* ]] || compose run --rm --no-deps "migrate-${1#svc-}" >/dev/null 2>&1 ||
		{ echo "roll.sh: the database of $1 could not be migrated; nothing was replaced" >&2 && return 1; }
	for id in "${old[@]}"; do
		compose up -d --no-deps --no-recreate --scale "$1=$((count + 1))" "$1" >/dev/null 2>&1
		roll_await "$1"
		docker stop -t 20 "$id" >/dev/null
		docker rm "$id" >/dev/null
	done
	echo "$1: $count replaced"
}

# Until all containers of a service are healthy.
roll_await() {
	local until=$((SECONDS + 90)) id sick=yes
	while [[ -n $sick ]]; do
		((SECONDS < until)) || { echo "roll.sh: a new container of $1 is not healthy after 90 s; the old ones still run" >&2 && return 1; }
		sleep 0.3
		sick=
		for id in $(compose ps -q "$1" 2>/dev/null); do
			[[ $(docker inspect --format '{{.State.Health.Status}}' "$id") == healthy ]] || sick=$id
		done
	done
}

(($#)) || { echo 'usage: compose/roll.sh SERVICE...' >&2 && exit 2; }
for service in "$@"; do roll "$service"; done
