# The containers: up, down, ids and names.
# shellcheck shell=bash

FILES=(-f "$ROOT/compose/compose.yaml")

compose() {
	local command=(docker-compose)
	! docker compose version >/dev/null 2>&1 || command=(docker compose)
	COMANDA_SECRETS=$WORK/secrets "${command[@]}" -p comanda-try "${FILES[@]}" "$@" 2> >(grep -v -e Warning -e '^ *$' >&2)
}

stack_port() {
	echo "${COMANDA_HTTP_PORT:-8080}"
}

stack_up() {
	local since=$EPOCHREALTIME
	compose up -d >"$WORK/up.log" 2>&1 || {
		tail -n 20 "$WORK/up.log" >&2
		die 'the containers did not come up: why stands above'
	}
	stack_await_healthy
	say up "all healthy $(elapsed "$since") after the first container was made, databases and broker included"
}

stack_containers() { # [SERVICE]: ids of running containers
	docker ps -q --filter label=com.docker.compose.project=comanda-try ${1:+--filter "label=com.docker.compose.service=$1"}
}

container_name() { # id
	docker inspect --format '{{.Name}}' "$1" | tr -d /
}

stack_await_healthy() {
	local until=$((SECONDS + 180)) sick
	while sick=$(docker ps -a --filter label=com.docker.compose.project=comanda-try --format '{{.Names}} {{.Status}}' |
		grep -v -e '(healthy)' -e 'Exited (0)') && [[ -n $sick ]]; do
		((SECONDS < until)) || die "not healthy in time:
$sick"
		sleep 0.5
	done
}

stack_down() {
	compose --profile observability down -v -t 20 >"$WORK/down.log" 2>&1 || cat "$WORK/down.log" >&2
	say down 'containers, networks and volumes are gone'
}

stack_logs() {
	docker ps -a --filter label=com.docker.compose.project=comanda-try --format '{{.Names}}: {{.Status}}' 2>/dev/null || true
	compose logs --tail 15 >&2 || true
}

stack_say_kept() {
	say try "left up. To end it: DOCKER_HOST=${DOCKER_HOST:-} COMANDA_SECRETS=$WORK/secrets docker-compose -p comanda-try ${FILES[*]} --profile observability down -v
              ${ENGINE_PID:+kill $ENGINE_PID; }rm -rf $WORK"
}
