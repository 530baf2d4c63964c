# Checks from outside, once all containers are healthy. Each prints its result, and fails with an error.
# shellcheck shell=bash

SIZE_MAX_MB=40

# The first admin's token, by the REST API.
look_token() {
	curl -sf --noproxy '*' "localhost:$(stack_port)/v1/auth/token" -H 'Content-Type: application/json' \
		-d '{"grant_type":"password","email":"admin@comanda.local","password":"'"$(cat "$WORK/secrets/first_admin_password")"'"}' |
		jq -r .access_token
}

# The README's commands, with another token and port.
look_at_order() {
	local commands answer
	commands=$(sed -n '/^## A first order/,/^```$/s/^\$ \(PRODUCT=\|curl .*v1\/orders\)/\1/p' "$ROOT/README.md" |
		sed "s/localhost:8080/localhost:$(stack_port)/g")
	[[ $(wc -l <<<"$commands") == 2 ]] || die 'README.md shows no first order that could be tried'
	answer=$(TOKEN=$(look_token) no_proxy='*' bash -c "$commands")
	[[ $(jq -r .status <<<"$answer") == confirmed ]] || die "the README's first order was answered: $answer"
	say order "$(jq -c '{id, status, total_cents, currency}' <<<"$answer")"
}

look_at_containers() {
	local id port
	printf '%-32s %-24s %-10s %-9s %s\n' CONTAINER 'RUNS AS (uid)' READ-ONLY NEW-PRIV PUBLISHED
	for id in $(stack_containers); do
		look_at_container "$id"
	done
	port=$(docker ps --filter label=com.docker.compose.project=comanda-try --format '{{.Ports}}' | grep -oE '[0-9]+->' | sort -u)
	[[ $port == "$(stack_port)->" ]] || die "published is not only port $(stack_port): $port"
	say published "port $(stack_port), and no other; no process of any container is root's"
}

look_at_container() { # id
	local name users options
	name=$(container_name "$1")
	users=$(docker top "$1" -eo uid,pid | awk 'NR > 1 { print $1 }' | sort -un | paste -sd ,)
	options=$(docker inspect --format '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.SecurityOpt}} {{.HostConfig.CapDrop}}' "$1")
	printf '%-32s %-24s %-10s %-9s %s\n' "$name" "$users" "${options%% *}" \
		"$([[ $options == *no-new-privileges* ]] && echo no || echo yes)" "$(docker ps --filter "id=$1" --format '{{.Ports}}')"
	[[ ,$users, != *,0,* ]] || die "$name runs as root"
	[[ $options == 'true [no-new-privileges:true] [ALL]' ]] || die "$name may more than it should: $options"
}

# Another container on the outside network reaches only the edge.
look_at_networks() {
	local host
	for host in postgres-users:5432 postgres-products:5432 postgres-orders:5432 redis:6379 rabbitmq:5672 rabbitmq:15672; do
		! look_from_outside "$host" || die "$host can be reached from the outer network"
	done
	say networks 'from the outer network neither broker nor cache nor a database can be reached'
}

look_from_outside() { # HOST:PORT
	docker run --rm --network comanda-try_outside "$BASE_IMAGE" timeout 3 bash -c "</dev/tcp/${1/://}" 2>/dev/null
}

# An edge with a certificate serves HTTPS: starts one more edge, and asks it at its own address.
look_at_https() {
	local id address until=$((SECONDS + 30)) answer=''
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=edge.test -addext subjectAltName=DNS:edge.test \
		-out "$WORK/certificate.pem" -keyout "$WORK/key.pem" 2>/dev/null
	chmod 644 "$WORK/certificate.pem" "$WORK/key.pem" # a container's user is not a user of this machine
	id=$(compose run -d --no-deps -v "$WORK/certificate.pem:/run/tls/certificate.pem:ro" -v "$WORK/key.pem:/run/tls/key.pem:ro" \
		-e COMANDA_TLS_CERTIFICATE=/run/tls/certificate.pem -e COMANDA_TLS_KEY=/run/tls/key.pem "$1" 2>"$WORK/https.log" | tail -n 1)
	address=$(docker inspect --format '{{(index .NetworkSettings.Networks "comanda-try_outside").IPAddress}}' "$id")
	until [[ $answer == 200* ]]; do
		((SECONDS < until)) || die "an edge with a certificate does not serve HTTPS: $(docker logs --tail 3 "$id" 2>&1)"
		sleep 0.2
		answer=$(curl -s --noproxy '*' --cacert "$WORK/certificate.pem" --resolve "edge.test:8080:$address" -o /dev/null \
			-w '%{http_code} %{ssl_verify_result}' 'https://edge.test:8080/v1/products?limit=1') || true
	done
	docker rm -f "$id" >/dev/null
	say https "an edge that was given a certificate serves HTTPS, verified against it"
}

look_at_sizes() {
	local program base size over
	base=$(docker image inspect --format '{{.Size}}' "$BASE_IMAGE")
	printf '%-32s %10s %14s\n' IMAGE 'SIZE (MB)' "OVER BASE (MB)"
	for program in edge-http svc-users svc-products svc-orders comanda; do
		size=$(docker image inspect --format '{{.Size}}' "${COMANDA_IMAGE:-comanda}/$program:${COMANDA_TAG:-latest}")
		over=$(((size - base + 500000) / 1000000))
		printf '%-32s %10d %14d\n' "$program" $((size / 1000000)) "$over"
		((over <= SIZE_MAX_MB)) || die "the image of $program is more than $SIZE_MAX_MB MB over its base"
	done
}

# Time from a container's start to its first successful health check, with checks every 50 ms; five times each.
look_at_starts() {
	local program round
	printf '%-32s %s\n' PROGRAM 'START TO HEALTHY (ms), five starts'
	for program in svc-users svc-products svc-orders edge-http; do
		printf '%-32s' "$program"
		for round in 1 2 3 4 5; do
			COMANDA_HEALTH_INTERVAL=50ms compose up -d --no-deps --force-recreate "$program" >"$WORK/start.log" 2>&1 ||
				die "$program could not be started anew (round $round): $(tail -n 3 "$WORK/start.log")"
			look_at_start "$(stack_containers "$program")"
		done
		printf '\n'
	done
}

look_at_start() { # id
	local until=$((SECONDS + 30)) healthy=''
	until [[ -n $healthy ]]; do
		((SECONDS < until)) || die "$(container_name "$1") is not healthy 30 s after its start"
		sleep 0.1
		healthy=$(docker inspect "$1" | jq -r '[.[0].State.Health.Log[] | select(.ExitCode == 0) | .End] | first // empty')
	done
	printf ' %6d' $(($(date -d "$healthy" +%s%3N) - $(date -d "$(docker inspect --format '{{.State.StartedAt}}' "$1")" +%s%3N)))
}
